import { basename, dirname, join } from 'node:path';
import type { Effect } from '../../core/effect.ts';
import type { Evidence } from '../../core/evidence.ts';
import type { FileRecoveryFact } from '../../core/facts.ts';
import { LIMITS } from '../../core/limits.ts';
import { resourceKey } from '../../core/resource.ts';
import type { SafeguardPlan, SafeguardTaken } from '../../core/safeguard.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Safeguarder } from '../../ports/safeguard.ts';
import { type CopyManifest, manifestBytes, manifestDigest } from './copy-manifest.ts';
import { type CopyFiles, cannotCopy, copyTree, flushDirectory, realCopyFiles, writeAll } from './copy-tree.ts';
import { isWithin, readSafeguard, reason } from './kept-copy.ts';

export interface LocalSafeguardOptions {
  /** Absolute path where copies are kept: `dir/ATTEMPT/EFFECT/`. Made, with mode 0700, if it is not there. */
  readonly dir: string;
  readonly clock: Clock;
  readonly files?: CopyFiles;
  /** For one copy with its check, 60 seconds where left out. */
  readonly timeoutMs?: number;
}

export type TakeResult =
  | { readonly ok: true; readonly taken: SafeguardTaken }
  | { readonly ok: false; readonly why: string };

const KIND = 'local-files';

/** Copies local files before they are destroyed or changed. */
export function makeLocalSafeguarder(options: LocalSafeguardOptions): Safeguarder {
  const files = options.files ?? realCopyFiles;
  const timeoutMs = options.timeoutMs ?? 60_000;
  return {
    kind: KIND,
    // INVARIANT: nothing in a plan comes from the attempt's id or the time: the repeat of the attempt has another of both.
    plan: (effect, index, evidence) => planFor(options.dir, effect, index, evidence),
    take: async (plan, effect, attempt) => {
      const endMs = options.clock.monotonicMs() + timeoutMs;
      const stop = (): string | undefined =>
        options.clock.monotonicMs() > endMs ? `no copy within ${timeoutMs} ms` : undefined;
      if (plan.kind !== KIND) return { ok: false, why: `the plan is of kind \`${plan.kind}\`` };
      if (!/^[A-Za-z0-9_-]{1,128}$/.test(attempt.id)) return { ok: false, why: 'the id of the attempt is not a name' };
      const place = join(options.dir, attempt.id, String(plan.effect));
      const { promise, resolve } = Promise.withResolvers<TakeResult>();
      // A disk that hangs must not hang the attempt: it is refused, and nothing runs.
      const timer = setTimeout(() => resolve({ ok: false, why: `no copy within ${timeoutMs} ms` }), timeoutMs + 250);
      try {
        return await Promise.race([promise, takeCopy(files, options.dir, place, plan, effect, stop)]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function planFor(dir: string, effect: Effect, index: number, evidence: readonly Evidence[]): SafeguardPlan | undefined {
  if (effect.verb !== 'destroy' && effect.verb !== 'change') return undefined;
  if (effect.reversal !== 'safeguardable' || !('known' in effect.target)) return undefined;
  const target = effect.target.known;
  const path = target.path[0];
  if (target.system !== 'file' || target.kind !== 'path' || target.path.length !== 1 || path === undefined)
    return undefined;
  const none = (why: string): SafeguardPlan => ({
    effect: index,
    how: `no copy of \`${path}\`: ${why}`,
    kind: 'none',
    outsideBlastRadius: false,
  });
  const fact = recoveryFact(target, evidence);
  if (fact === undefined) return none('how much it holds is not known');
  if (!fact.exists) return undefined;
  if (fact.filesCapped || fact.files > LIMITS.safeguardFiles) return none(`more than ${LIMITS.safeguardFiles} files`);
  if (fact.bytes > LIMITS.safeguardBytes) return none(`more than ${LIMITS.safeguardBytes} bytes`);
  if (/[*?[]/.test(basename(path)) && basename(fact.realPath) !== basename(path))
    return none('it is a pattern, not a path');
  if (isWithin(dir, fact.realPath) || isWithin(fact.realPath, dir))
    return none(`copies are kept in \`${dir}\`, which would go with it`);
  return {
    effect: index,
    how: `copies \`${path}\` (${fact.files} file${fact.files === 1 ? '' : 's'}, ${fact.bytes} bytes) to \`${dir}\` and compares the copy`,
    kind: KIND,
    outsideBlastRadius: true,
  };
}

function recoveryFact(
  target: Parameters<typeof resourceKey>[0],
  evidence: readonly Evidence[],
): FileRecoveryFact | undefined {
  const key = resourceKey(target);
  const answer = evidence.find(
    ({ question }) => question.check === 'recovery' && resourceKey(question.about) === key,
  )?.answer;
  return answer !== undefined && 'known' in answer ? (answer.known as FileRecoveryFact) : undefined;
}

async function takeCopy(
  files: CopyFiles,
  dir: string,
  place: string,
  plan: SafeguardPlan,
  effect: Effect,
  stop: () => string | undefined,
): Promise<TakeResult> {
  const path = 'known' in effect.target ? effect.target.known.path[0] : undefined;
  if (path?.startsWith('/') !== true) return { ok: false, why: 'the target is not an absolute path' };
  const partial = `${place}.partial`;
  let leftover: string | undefined;
  try {
    await files.mkdir(dirname(place), { recursive: true, mode: 0o700 });
    const realDir = await files.realpath(dir);
    const roots = await rootsOf(files, path, effect.verb);
    // SECURITY: judged again on real paths; a symlink may have moved either since the plan was made.
    for (const root of roots) {
      if (isWithin(realDir, root) || isWithin(root, realDir))
        return { ok: false, why: `copies are kept in \`${dir}\`, which would go with \`${root}\`` };
    }
    await files.mkdir(partial, { mode: 0o700 });
    leftover = partial;
    const manifest: CopyManifest = { type: 'holdpoint/safeguard/v1', roots: [] };
    let leftFiles: number = LIMITS.safeguardFiles * 2;
    let leftBytes = await freeBytes(files, realDir);
    await files.mkdir(join(partial, 'data'), { mode: 0o700 });
    for (const [index, original] of roots.entries()) {
      const limits = { maxFiles: leftFiles, maxBytes: leftBytes, stop };
      const entries = await copyTree(files, original, join(partial, 'data', String(index)), limits);
      manifest.roots.push({ original, entries });
      leftFiles -= entries.length;
      leftBytes -= manifestBytes(manifest);
    }
    await writeManifest(files, partial, manifest);
    for (const directory of [join(partial, 'data'), partial]) await flushDirectory(files, directory);
    await files.rename(partial, place);
    leftover = place;
    for (const directory of [dirname(place), realDir]) await flushDirectory(files, directory);
    const wanted = manifestDigest(manifest);
    const digest = manifestDigest((await readSafeguard(files, place, stop)).found);
    if (digest !== wanted) throw cannotCopy('the copy read back differs from the original');
    leftover = undefined;
    return { ok: true, taken: { plan, where: place, bytes: manifestBytes(manifest), digest } };
  } catch (error) {
    if (leftover !== undefined) await files.rm(leftover, { recursive: true, force: true }).catch(() => undefined);
    return { ok: false, why: `\`${path}\` could not be copied: ${reason(error)}` };
  }
}

/** What is lost: the thing itself as `rm` sees it and, where it is a symlink, what a write through it would reach. */
async function rootsOf(files: CopyFiles, path: string, verb: Effect['verb']): Promise<string[]> {
  if (/(^|\/)\.{0,2}$/.test(path)) return [await files.realpath(path)];
  const here = join(await files.realpath(dirname(path)), basename(path));
  if (!(await files.lstat(here)).isSymbolicLink()) return [here];
  let behind: string;
  try {
    behind = await files.realpath(here);
  } catch {
    return [here];
  }
  // Deleting a symlink spares a directory behind it; whether it spares a file depends on how it is "deleted".
  if (verb === 'destroy' && (await files.lstat(behind)).isDirectory()) return [here];
  return [here, behind];
}

async function writeManifest(files: CopyFiles, partial: string, manifest: CopyManifest): Promise<void> {
  const handle = await files.open(join(partial, 'manifest.json'), 'wx', 0o600);
  try {
    await writeAll(handle, Buffer.from(JSON.stringify(manifest)));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Bytes that a copy may take. Some stay free, so that it is not the copy that fills the disk. */
async function freeBytes(files: CopyFiles, dir: string): Promise<number> {
  const { bavail, blocks, bsize } = await files.statfs(dir);
  const spare = Math.min(blocks * bsize * 0.1, 64 * 1024 * 1024);
  const free = Math.min(bavail * bsize - spare, LIMITS.safeguardBytes);
  if (free <= 0) throw cannotCopy('no space left for copies');
  return free;
}
