/** Words by which tools name their commands. For tools and subcommands that no rule knows. */

const DESTRUCTIVE: ReadonlySet<string> = new Set(
  `delete destroy drop purge reset wipe prune remove erase truncate terminate nuke obliterate deprovision decommission
  uninstall unpublish deregister revoke flush flushall flushdb shred wipeout zap annihilate teardown rollback del rm rmi rmall
  dropdb cleanup deleteall destroyall delete_all drop_all removeall forget evict overwrite rm-rf format kill undeploy
  detach disable undo rewind downgrade scrub expunge trash empty`
    .split(/\s+/)
    .filter(
      (word) =>
        ![
          'format',
          'kill',
          'detach',
          'disable',
          'undo',
          'cleanup',
          'evict',
          'rollback',
          'downgrade',
          'overwrite',
          'trash',
          'empty',
          'rewind',
          'flush',
          'scrub',
        ].includes(word),
    ),
);

/** Parts that make a compound word destructive even where they stand alone as something else. */
const DESTRUCTIVE_PARTS: ReadonlySet<string> = new Set(
  'delete destroy drop purge wipe erase terminate nuke truncate reset remove force-reset deleteall'.split(' '),
);

/** Commands that look; what follows them are names. */
export const HARMLESS_WORDS: ReadonlySet<string> = new Set(
  `list ls show get describe view status info inspect version help search find cat diff plan preview validate check lint
  test fmt explain logs log top whoami doctor stats tree graph docs completion config build compile start serve dev
  watch run-tests typecheck format tail head print read export count query select`.split(/\s+/),
);

/** True for `delete`, `db:drop`, `delete-table`, `force_reset`, `deleteAll`; not for `deleted-orders` or `no-delete`. */
export function soundsDestructive(word: string): boolean {
  const lower = word.toLowerCase();
  if (DESTRUCTIVE.has(lower)) return true;
  // `--accept-data-loss`, `--allow-data-loss`: the tool says it itself.
  if (/^(accept|allow|ignore|force)[-_]data[-_]loss$/.test(lower)) return true;
  if (!/[-_:.]|[a-z][A-Z]/.test(word)) return false;
  if (/^(no|dont|skip|without|list|show|get|describe|dry|check|allow|prevent|disallow)[-_:]/.test(lower)) return false;
  const parts = word
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[-_:.]/);
  if (/[:.]/.test(word)) return parts.some((part) => DESTRUCTIVE.has(part));
  return DESTRUCTIVE_PARTS.has(parts[0] ?? '') || DESTRUCTIVE_PARTS.has(parts.at(-1) ?? '');
}
