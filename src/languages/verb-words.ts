/**
 * What the name of an operation says that it does, for APIs that nobody has described to us: MCP tools, GraphQL
 * mutations, path segments. Names can lie, so a name never makes something harmless that is known to be otherwise; a
 * name without a word from here is opaque.
 */
export type NameVerb = 'destroy' | 'grant' | 'expose' | 'change' | 'run' | 'create' | 'read';

const STRICTNESS: Record<NameVerb, number> = { destroy: 6, grant: 5, expose: 4, change: 3, run: 2, create: 1, read: 0 };

const WORDS: Record<NameVerb, string> = {
  destroy:
    'delete del remove rm rmdir destroy drop purge wipe erase truncate clear flush reset terminate kill uninstall prune expunge ' +
    'trash unlink discard empty nuke cleanup clean deprovision teardown decommission shred evict obliterate annihilate ' +
    'zap forget unregister deregister reap sweep vacuum format',
  grant: 'grant invite authorize authorise permit impersonate assume elevate escalate sudo whitelist allowlist',
  expose:
    'post send publish share email mail notify broadcast tweet reply forward submit announce dispatch sms call dial ' +
    'charge pay refund purchase buy payout withdraw transfer',
  change:
    'update set put patch write edit modify change rename move mv merge replace upsert save migrate import sync apply commit ' +
    'push deploy redeploy release promote scale resize restart reboot start stop shutdown halt pause resume suspend cancel close ' +
    'reopen assign unassign rotate regenerate approve accept reject lock unlock enable disable configure revert rollback restore ' +
    'overwrite swap attach detach connect disconnect link archive unarchive unpublish deactivate activate revoke ban block ' +
    'unprotect untag tag label install upgrade downgrade rebase cherrypick failover rewrite override adjust toggle ' +
    'increment decrement store upload mark snooze leave join claim',
  run: 'run exec execute click type fill press drag select eval evaluate invoke shell bash command script sh powershell cmd do perform process trigger',
  create:
    'create add insert new make mkdir touch generate register draft duplicate copy clone fork init initialize initialise ' +
    'append track record schedule snapshot backup reserve',
  read:
    'get list read search find fetch query describe show view lookup count status info check ping echo health version help ' +
    'inspect browse preview diff explain validate verify watch tail stat stats head exists is has ls cat grep glob scan ' +
    'summarize summarise analyze analyse resolve download export screenshot load retrieve whoami about peek measure estimate ' +
    'compare calculate compute convert think wait plan lint suggest recommend navigate open tree dir thinking aggregate',
};

const VERB_OF: ReadonlyMap<string, NameVerb> = new Map(
  // The strictest class is set last, so that a word in two classes belongs to it.
  (Object.keys(WORDS) as NameVerb[])
    .sort((a, b) => STRICTNESS[a] - STRICTNESS[b])
    .flatMap((verb) => WORDS[verb].split(' ').map((word) => [word, verb] as const)),
);

/** Words that are a deletion wherever in a name they stand last. */
const UNMISTAKABLE = new Set(['delete', 'remove', 'destroy', 'drop', 'purge', 'wipe', 'erase', 'truncate', 'unlink']);
/** Words that read where they order something, and are as often the thing that is acted on (`status_update`). */
const NOUNS = new Set([
  'status',
  'info',
  'version',
  'health',
  'stat',
  'stats',
  'count',
  'preview',
  'plan',
  'query',
  'view',
  'check',
  'watch',
]);
const LONGEST_NAME = 200;
const JOINTS = new Set(['and', 'or', 'then', 'after', 'with']);

/** `volumeDelete`, `batch_delete`, `HTTPServer-list` → lower-case words. */
export function wordsOf(name: string): string[] {
  return name
    .slice(0, LONGEST_NAME)
    .normalize('NFKC')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}

export function stricterVerb(a: NameVerb, b: NameVerb): NameVerb {
  return STRICTNESS[a] >= STRICTNESS[b] ? a : b;
}

export function verbOfWord(word: string): NameVerb | undefined {
  return VERB_OF.get(word);
}

/**
 * The verb of a name, or `undefined` where it has none. The first verb counts (`volume_delete`, `create_draft`), the last
 * word, and what follows a joint (`get_or_create`); the strictest wins. A name that begins by reading or creating is not
 * made worse by a last word that is as often a noun (`get_latest_release`), but is by an unmistakable one.
 */
export function verbOfName(name: string): NameVerb | undefined {
  // No name is this long; one that is would cost time, and hide words.
  if (name.length > LONGEST_NAME) return undefined;
  const words = wordsOf(name);
  const firstAt = words.findIndex((word) => VERB_OF.has(word));
  if (firstAt === -1) return glued(words);
  let verb = VERB_OF.get(words[firstAt] ?? '') ?? 'run';
  const mild = (verb === 'read' || verb === 'create') && !NOUNS.has(words[firstAt] ?? '');
  words.forEach((word, index) => {
    if (index <= firstAt) return;
    const other = VERB_OF.get(word);
    if (other === undefined) return;
    const joined = words.slice(0, index).some((before) => JOINTS.has(before));
    const last = index === words.length - 1;
    if (joined || !mild || (last && UNMISTAKABLE.has(word)) || (last && firstAt > 0 && verb === 'create')) {
      verb = stricterVerb(verb, other);
    }
  });
  return verb;
}

/** `deleteall`, `dropdb`: an unmistakable word glued to another. */
function glued(words: readonly string[]): NameVerb | undefined {
  for (const word of words) {
    for (const verb of UNMISTAKABLE) {
      const rest = word.startsWith(verb)
        ? word.slice(verb.length)
        : word.endsWith(verb)
          ? word.slice(0, -verb.length)
          : undefined;
      // `deleted`, `removes`, `dropdown`, `backdrop` speak of a deletion or of something else; they do not order one.
      if (rest !== undefined && !/^(d|s|r|rs|ed|ing|ion|able|down|box|let|let s|ped|per|back|back s)$/.test(rest))
        return 'destroy';
    }
  }
  return undefined;
}
