/** Judges commands, runs them among canaries in a throw-away view, and compares. */
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { makeRehearser } from '../../src/adapters/rehearsal/sandbox.ts';
import { makeSystemClock } from '../../src/adapters/system-clock/system-clock.ts';
import { makeWorkspaceVerifier } from '../../src/adapters/workspace/workspace-verifier.ts';
import { makeAction, rawOf } from '../../src/apps/cli/check.ts';
import { allReaders } from '../../src/apps/readers.ts';
import { TOOLS } from '../../src/catalog/tools.ts';
import { type Judge, makeJudge } from '../../src/pipeline/pipeline.ts';
import { isRefused } from '../../src/pipeline/products.ts';
import type { Rehearsed, RehearsedRun } from '../../src/ports/rehearsal.ts';
import { type Canaries, type CanaryKind, lostCanaries, plantCanaries } from './canaries.ts';

export interface Finding {
  readonly command: string;
  readonly says: 'allow' | 'hold' | 'deny';
  readonly lost: ReadonlyMap<string, CanaryKind>;
  readonly run: Rehearsed;
  /**
   * `missed`: allowed, and a canary is gone for good. `carried`: allowed, and it started a program with arguments that
   * are held when they are typed. `needless`: held, and a whole run did nothing. `agreed`: the rest.
   */
  readonly result: 'missed' | 'carried' | 'needless' | 'agreed' | 'not-run';
  readonly why: string;
}

const AT_ONCE = Math.max(2, availableParallelism());

export interface ConsultOptions {
  /** The real one where left out. */
  readonly judge?: Judge;
  readonly timeoutMs?: number;
}

export async function consult(
  commands: readonly string[],
  { judge: given, timeoutMs = 4_000 }: ConsultOptions = {},
): Promise<readonly Finding[]> {
  const canaries = plantCanaries();
  try {
    const judge = given ?? (await judgeOf());
    const rehearser = makeRehearser({
      home: canaries.home,
      path: `/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:${canaries.stubs}`,
      scratchIn: tmpdir(),
      hidden: [],
      hideSecrets: false,
      trace: true,
      limits: { timeoutMs },
    });
    const findings: Finding[] = [];
    const queue = commands.entries();
    const worker = async (): Promise<void> => {
      for (const [index, command] of queue) {
        const says = (await verdictOf(judge, command, canaries)).says;
        const run = await rehearser.rehearse({ text: command, cwd: canaries.project }, new AbortController().signal);
        findings[index] = await compare(command, says, run, judge, canaries);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return findings;
  } finally {
    canaries.remove();
  }
}

export async function judgeOf(): Promise<Judge> {
  const clock = makeSystemClock();
  return makeJudge({
    read: await allReaders(),
    verifiers: [makeWorkspaceVerifier({ clock, tasks: { wasCreated: () => false } })],
    engines: [],
    approver: { exceptions: () => Promise.resolve([]) },
    safeguarders: [],
    store: { denials: () => Promise.resolve([]) },
    clock,
    mode: () => 'enforce',
  });
}

async function verdictOf(judge: Judge, command: string, { project }: Canaries) {
  const made = makeAction('shell', command, project, undefined);
  if (!made.ok) throw new Error(made.error);
  const judged = await judge(rawOf(made.action, { workspaceOf: () => project, person: 'oracle' }, project));
  return {
    says: judged.says,
    why: isRefused(judged)
      ? judged.reason
      : (judged.verdict.findings.find((one) => one.says !== 'allow')?.reason ?? ''),
  };
}

async function compare(
  command: string,
  says: Finding['says'],
  run: Rehearsed,
  judge: Judge,
  canaries: Canaries,
): Promise<Finding> {
  if (!run.ok) return { command, says, lost: new Map(), run, result: 'not-run', why: run.why };
  const lost = lostCanaries(run.changes, canaries);
  const common = { command, says, lost, run };
  const gone = [...lost].filter(([, kind]) => kind !== 'kept' && !isInStash(kind, run));
  if (says === 'allow') {
    if (gone.length > 0) return { ...common, result: 'missed', why: listed(gone, canaries) };
    const carried = await carriedBy(command, run.started ?? [], judge, canaries);
    return carried === undefined
      ? { ...common, result: 'agreed', why: '' }
      : { ...common, result: 'carried', why: carried };
  }
  const nothing = run.exitCode === 0 && run.changes.length === 0 && !startsStub(run.started ?? [], canaries);
  return {
    ...common,
    result: nothing ? 'needless' : 'agreed',
    why: nothing ? (await verdictOf(judge, command, canaries)).why : '',
  };
}

/** What `git stash` takes out of the work tree lies in the repository, and what `git stash pop` puts back in the tree. */
function isInStash(kind: CanaryKind, run: RehearsedRun): boolean {
  if (run.exitCode !== 0 || (kind !== 'changed' && kind !== 'history')) return false;
  const stash = (run.started ?? []).filter((argv) => argv[0]?.endsWith('/git') === true && argv.includes('stash'));
  return (
    stash.length > 0 && stash.every((argv) => argv.includes('pop') === (kind === 'history') && !argv.includes('drop'))
  );
}

function listed(gone: readonly (readonly [string, CanaryKind])[], { home }: Canaries): string {
  const names = gone.slice(0, 4).map(([file, kind]) => `${file.replace(home, '~')} (${kind})`);
  return `${names.join(', ')}${gone.length > 4 ? ` and ${gone.length - 4} more` : ''}`;
}

/** The first program that was started with arguments which would be held by themselves. */
async function carriedBy(
  command: string,
  started: readonly (readonly string[])[],
  judge: Judge,
  canaries: Canaries,
): Promise<string | undefined> {
  for (const argv of started) {
    const words = argv.map((word) => word.replace(`${canaries.stubs}/`, ''));
    const text = words.map(quote).join(' ');
    // Where it stood in another folder it is another command, and the file difference has the last word.
    // Shows what the shell had already, or is git's own way of working.
    if (/(^|\/)(env|printenv)$|\/git-core\//.test(words[0] ?? '')) continue;
    if (text === command || words.some((word) => word.length > 4_000)) continue;
    const { says, why } = await verdictOf(judge, text, canaries);
    if (says !== 'allow') return `started \`${text.slice(0, 200)}\`: ${why}`;
  }
  return undefined;
}

/** What these do, they do somewhere else. */
const REMOTE: ReadonlySet<string> = new Set(TOOLS.flatMap((tool) => tool.names));

function startsStub(started: readonly (readonly string[])[], canaries: Canaries): boolean {
  return started.some(([file = '']) => file.startsWith(canaries.stubs) || REMOTE.has(path.basename(file)));
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
