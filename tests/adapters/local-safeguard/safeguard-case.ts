import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { CopyFiles } from '../../../src/adapters/local-safeguard/copy-tree.ts';
import { makeLocalSafeguarder } from '../../../src/adapters/local-safeguard/local-safeguarder.ts';
import { restoreSafeguard } from '../../../src/adapters/local-safeguard/restore-safeguard.ts';
import { makeSystemClock } from '../../../src/adapters/system-clock/system-clock.ts';
import { attemptKey } from '../../../src/core/attempt.ts';
import type { Effect } from '../../../src/core/effect.ts';
import { evidenceOf } from '../../../src/core/evidence.ts';
import { type FileRecoveryFact, factAsJson } from '../../../src/core/facts.ts';
import type { SafeguardCase } from '../../contracts/safeguard.ts';

export interface LocalCase extends SafeguardCase {
  readonly root: string;
  readonly dir: string;
  readonly target: string;
}

export interface LocalCaseOptions {
  readonly files?: CopyFiles;
  readonly timeoutMs?: number;
  readonly verb?: Effect['verb'];
  /** Relative to the case's root; `data` where left out. */
  readonly target?: string;
  readonly dir?: string;
  readonly fact?: Partial<FileRecoveryFact>;
}

/** `data/` with files, modes, times, an empty folder and links, and a place for copies beside it. */
export function makeLocalCase(options: LocalCaseOptions = {}): LocalCase {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'safeguard-')));
  after(() => rmSync(root, { recursive: true, force: true }));
  const data = join(root, 'data');
  mkdirSync(join(data, 'deep/empty'), { recursive: true });
  writeFileSync(join(data, 'a.txt'), 'precious');
  writeFileSync(join(data, 'deep/b.bin'), Buffer.from([0, 255, 10, 13]));
  writeFileSync(join(data, 'deep/nothing'), '');
  chmodSync(join(data, 'a.txt'), 0o640);
  chmodSync(join(data, 'deep/b.bin'), 0o755);
  symlinkSync('../elsewhere', join(data, 'deep/dangling'));
  symlinkSync('deep', join(data, 'link'));
  for (const name of ['a.txt', 'deep/b.bin', 'deep/empty', 'deep', ''])
    utimesSync(join(data, name), new Date(1_600_000_000_000), new Date(1_600_000_000_000));
  const dir = options.dir === undefined ? join(root, 'copies') : join(root, options.dir);
  const target = `${root}/${options.target ?? 'data'}`;
  const about = { system: 'file', kind: 'path', path: [target] };
  const fact: FileRecoveryFact = {
    exists: true,
    type: 'directory',
    realPath: target.replace(/\/$/, ''),
    insideWorkspace: true,
    temporary: false,
    trackedAndClean: false,
    regenerable: false,
    madeByTask: false,
    files: 5,
    filesCapped: false,
    bytes: 12,
    irreplaceable: ['a.txt'],
    ...options.fact,
  };
  const effect: Effect = {
    verb: options.verb ?? 'destroy',
    target: { known: about },
    count: { min: 1, max: 5 },
    reversal: 'safeguardable',
    basis: 'parsed',
    source: 'catalog/rm',
    summary: 'deletes data',
  };
  const clock = makeSystemClock();
  const action = { kind: 'shell' as const, bytes: Buffer.from('rm -rf data'), cwd: root };
  const origin = { door: 'hook' as const, person: 'p', agent: 'a', task: 't', workspace: root };
  return {
    root,
    dir,
    target,
    safeguarder: makeLocalSafeguarder({
      dir,
      clock,
      ...(options.files === undefined ? {} : { files: options.files }),
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    }),
    effect,
    unneeded: { ...effect, reversal: 'irreversible' },
    evidence: [
      evidenceOf({
        question: { check: 'recovery', about },
        answer: { known: factAsJson(fact) },
        source: 'file system',
        atMs: 0,
        maxAgeMs: 1,
      }),
    ],
    attempt: { id: 'attempt-1', atMs: 0, action, ...origin, key: attemptKey(action, origin) },
    destroy: async () => rmSync(data, { recursive: true }),
    restore: async (where) => {
      const result = await restoreSafeguard(where);
      if (!result.ok) throw new Error(`${result.why}: ${result.conflicts.join(' ')}`);
    },
    state: async () => stateOf(data),
  };
}

/** Names, kinds, contents, modes and times below a path. */
export function stateOf(path: string): unknown {
  let stat: ReturnType<typeof lstatSync>;
  try {
    stat = lstatSync(path);
  } catch {
    return 'nothing';
  }
  if (stat.isSymbolicLink()) return { link: readlinkSync(path) };
  const common = { mode: stat.mode & 0o7777, mtimeMs: Math.round(stat.mtimeMs) };
  if (stat.isFile()) return { ...common, content: readFileSync(path).toString('base64') };
  return {
    ...common,
    holds: readdirSync(path)
      .sort()
      .map((name) => [name, stateOf(join(path, name))]),
  };
}
