import { promises as fsPromises } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname } from 'node:path';
import type { Attempt } from '../../core/attempt.ts';
import type { Json } from '../../core/canonical-json.ts';
import { type Evidence, evidenceOf, type Question } from '../../core/evidence.ts';
import { factAsJson } from '../../core/facts.ts';
import { isKnown, known, type Tri, unknown } from '../../core/tri.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Verifier } from '../../ports/verifier.ts';
import { makeBudget, type ReadingFiles, whyNot } from './bounded-files.ts';
import { contentOf } from './file-content.ts';
import { recoveryOf } from './file-recovery.ts';
import { gitAncestryOf } from './git-ancestry.ts';
import { gitDifferenceOf } from './git-difference.ts';
import { gitStateOf } from './git-state.ts';
import { processOf } from './running-process.ts';

export interface WorkspaceVerifierOptions {
  readonly clock: Clock;
  /** Which files the task made itself. */
  readonly tasks: { wasCreated(task: string, path: string): boolean };
  readonly limits?: {
    /** For one answer, 5 seconds where left out; past it the answer is unknown. */
    readonly timeoutMs?: number;
    /** How long an answer counts, 30 seconds where left out. It is asked again right before the effect. */
    readonly maxAgeMs?: number;
  };
  readonly files?: ReadingFiles;
  readonly temporaryDirectories?: readonly string[];
}

/**
 * Answers from the local disk: `recovery` and `content` about `file/path`, `environment` about `git/repository`,
 * `recovery` about `git/ancestry`, `content` about `git/difference`, `dependents` about `host/process`.
 * SECURITY: it reads. It starts no program, git included, and believes no setting of the workspace that names one.
 */
export function makeWorkspaceVerifier(options: WorkspaceVerifierOptions): Verifier {
  const files = options.files ?? fsPromises;
  const timeoutMs = options.limits?.timeoutMs ?? 5_000;
  const maxAgeMs = options.limits?.maxAgeMs ?? 30_000;
  const temporary = options.temporaryDirectories ?? [tmpdir(), '/tmp', '/var/tmp', '/dev/shm'];

  const learn = async (question: Question, attempt: Attempt, signal: AbortSignal): Promise<Tri<object>> => {
    const budget = makeBudget(options.clock, timeoutMs, signal);
    const path = question.about.path[0] ?? '';
    if (question.about.kind === 'process') return processOf(path);
    if (question.about.kind === 'difference') return gitDifferenceOf(files, question.about.path, budget);
    if (question.check === 'content') return contentOf(files, path);
    if (question.check === 'environment') return gitStateOf(files, path, budget);
    if (question.about.kind === 'ancestry') return gitAncestryOf(files, question.about.path, budget);
    const workspace = await realOrNone(files, attempt.workspace);
    return recoveryOf(path, {
      files,
      workspace,
      temporaryDirectories: (await Promise.all(temporary.map((one) => realOrNone(files, one)))).filter(
        (one) => one !== NOWHERE,
      ),
      ceiling: await ceilingOf(files, workspace),
      // SECURITY: at the command line the task is the caller's own word, and another task's files are not its own.
      wasCreated: (file) => attempt.door !== 'cli' && options.tasks.wasCreated(attempt.task, file),
      budget,
    });
  };

  return {
    name: 'workspace',
    canAnswer: (question) => sourceOf(question) !== undefined,
    answer: async (question, attempt, signal): Promise<Evidence> => {
      const answer = await inTime(() => learn(question, attempt, signal), timeoutMs + 250, signal);
      return evidenceOf({
        question,
        answer: isKnown(answer) ? known<Json>(factAsJson(answer.known)) : answer,
        source: sourceOf(question) ?? 'workspace',
        atMs: options.clock.nowMs(),
        maxAgeMs,
      });
    },
  };
}

function sourceOf({ check, about }: Question): string | undefined {
  if (about.system === 'file' && about.kind === 'path' && about.path.length === 1)
    return check === 'recovery' || check === 'content' ? 'file system' : undefined;
  if (about.system === 'git' && about.kind === 'repository' && about.path.length > 0)
    return check === 'environment' ? 'git' : undefined;
  if (about.system === 'git' && about.kind === 'difference' && about.path.length > 3)
    return check === 'content' ? 'git' : undefined;
  if (about.system === 'git' && about.kind === 'ancestry' && about.path.length === 3)
    return check === 'recovery' ? 'git' : undefined;
  if (about.system === 'host' && about.kind === 'process' && about.path.length === 1)
    return check === 'dependents' ? 'processes' : undefined;
  return undefined;
}

/** No real path is this, so nothing lies inside of it. */
const NOWHERE = '\0';

async function realOrNone(files: ReadingFiles, path: string): Promise<string> {
  if (!path.startsWith('/')) return NOWHERE;
  try {
    return await files.realpath(path);
  } catch {
    return NOWHERE;
  }
}

/**
 * How far up a repository is looked for. A workspace is often a folder of a larger repository; that one counts where
 * it has the same owner and is no one's home, whose `.gitignore` may well say `*`.
 */
async function ceilingOf(files: ReadingFiles, workspace: string): Promise<string> {
  if (workspace === NOWHERE) return workspace;
  const home = await realOrNone(files, homedir());
  const owner = (await files.lstat(workspace)).uid;
  let ceiling = workspace;
  for (let at = dirname(workspace); at !== dirname(at) && at !== home; at = dirname(at)) {
    const stat = await files.lstat(at);
    if (stat.uid !== owner || (stat.mode & 0o002) !== 0) break;
    ceiling = at;
  }
  return ceiling;
}

/** A file system that hangs (a dead network mount) keeps one thread of the pool; it does not keep the answer. */
async function inTime<T>(act: () => Promise<Tri<T>>, timeoutMs: number, signal: AbortSignal): Promise<Tri<T>> {
  if (signal.aborted) return unknown('the question was withdrawn');
  const { promise, resolve } = Promise.withResolvers<Tri<T>>();
  const timer = setTimeout(() => resolve(unknown(`not learnt within ${timeoutMs} ms`)), timeoutMs);
  const onAbort = (): void => resolve(unknown('the question was withdrawn'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, act().catch((error: unknown) => unknown(whyNot(error)))]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
