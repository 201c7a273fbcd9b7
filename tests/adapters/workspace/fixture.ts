import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { makeSystemClock } from '../../../src/adapters/system-clock/system-clock.ts';
import { makeTaskMemory } from '../../../src/adapters/task-memory/task-memory.ts';
import type { ReadingFiles } from '../../../src/adapters/workspace/bounded-files.ts';
import {
  makeWorkspaceVerifier,
  type WorkspaceVerifierOptions,
} from '../../../src/adapters/workspace/workspace-verifier.ts';
import { type Attempt, attemptKey } from '../../../src/core/attempt.ts';
import type { Check } from '../../../src/core/evidence.ts';
import type { FileContentFact, FileRecoveryFact, GitFact } from '../../../src/core/facts.ts';
import type { Tri } from '../../../src/core/tri.ts';

export const gitIsThere = ((): boolean => {
  try {
    execFileSync('git', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** A busy machine must not change an answer; tests about time set their own. */
const PATIENT = { timeoutMs: 120_000 };

/** Given to tests that need git to build what they read. */
export const needsGit = gitIsThere ? {} : { skip: 'git is not installed: nothing to compare with' };

export class Fixture {
  /** A fresh folder below the home or temporary directory, real path. */
  readonly root: string;
  readonly tasks = makeTaskMemory();

  constructor(base: string = process.env['TMPDIR'] ?? '/tmp') {
    this.root = realpathSync(mkdtempSync(join(base, 'workspace-')));
    after(() => rmSync(this.root, { recursive: true, force: true }));
  }

  path(name: string): string {
    return join(this.root, name);
  }

  write(files: { readonly [name: string]: string | Uint8Array }): this {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(this.path(name)), { recursive: true });
      writeFileSync(this.path(name), content);
    }
    return this;
  }

  git(...args: string[]): string {
    return this.gitIn('.', ...args);
  }

  gitIn(directory: string, ...args: string[]): string {
    const settings = ['user.name=n', 'user.email=e@example.invalid', 'init.defaultBranch=main', 'gc.auto=0'];
    return execFileSync('git', [...settings.flatMap((one) => ['-c', one]), ...args], {
      cwd: join(this.root, directory),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: this.root, GIT_CONFIG_NOSYSTEM: '1' },
    });
  }

  commit(message = 'c'): this {
    this.git('add', '-A');
    this.git('commit', '-q', '-m', message);
    return this;
  }

  attempt(workspace = this.root): Attempt {
    const action = { kind: 'shell' as const, bytes: Buffer.from('true'), cwd: workspace };
    const origin = { door: 'hook' as const, person: 'p', agent: 'a', task: 'task-1', workspace };
    return { id: 'a1', atMs: 0, action, ...origin, key: attemptKey(action, origin) };
  }

  async ask(
    check: Check,
    system: string,
    path: string,
    options: Partial<WorkspaceVerifierOptions> & { readonly workspace?: string; readonly signal?: AbortSignal } = {},
  ): Promise<Tri<unknown>> {
    const { workspace, signal, ...rest } = options;
    const verifier = makeWorkspaceVerifier({ clock: makeSystemClock(), tasks: this.tasks, limits: PATIENT, ...rest });
    const about = { system, kind: system === 'git' ? 'repository' : 'path', path: [path] };
    const evidence = await verifier.answer(
      { check, about },
      this.attempt(workspace),
      signal ?? new AbortController().signal,
    );
    return evidence.answer;
  }

  async recovery(
    name: string,
    options: Partial<WorkspaceVerifierOptions> & { readonly workspace?: string } = {},
  ): Promise<FileRecoveryFact> {
    const answer = await this.ask('recovery', 'file', name.startsWith('/') ? name : `${this.root}/${name}`, options);
    if (!('known' in answer)) throw new Error(`unknown: ${answer.unknown}`);
    return answer.known as FileRecoveryFact;
  }

  content(name: string, files?: ReadingFiles): Promise<Tri<FileContentFact>> {
    return this.ask('content', 'file', `${this.root}/${name}`, files === undefined ? {} : { files }) as Promise<
      Tri<FileContentFact>
    >;
  }

  state(name = ''): Promise<Tri<GitFact>> {
    return this.ask('environment', 'git', `${this.root}/${name}`) as Promise<Tri<GitFact>>;
  }
}
