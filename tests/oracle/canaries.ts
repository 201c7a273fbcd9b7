/** A home with a project in it whose every file is a canary, and what became of them in a rehearsal. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { TOOLS } from '../../src/catalog/tools.ts';
import type { FileChange } from '../../src/ports/rehearsal.ts';
import { onPath } from '../platform.ts';

/** `kept`: git, a build or nobody misses it. The others are gone for good. */
export type CanaryKind = 'kept' | 'changed' | 'untracked' | 'backup' | 'secret' | 'outside' | 'history';

export interface Canaries {
  readonly home: string;
  readonly project: string;
  /** Programs that are not installed stand here, and do nothing: that they were started is what counts. */
  readonly stubs: string;
  remove(): void;
}

const FILES: readonly (readonly [name: string, text: string])[] = [
  ['src/app.ts', 'export const app = 1;\n'],
  ['src/lib/util.ts', 'export const util = 2;\n'],
  ['src/changed.ts', 'export const before = 1;\n'],
  ['lib/main.py', 'print("main")\n'],
  ['tests/app.test.ts', 'test();\n'],
  ['docs/guide.md', '# Guide\n'],
  ['config/app.yml', 'name: app\n'],
  ['README.md', '# Project\n'],
  ['main.py', 'print("hello")\n'],
  ['index.html', '<p>\n'],
  ['Makefile', 'build:\n\t@true\ntest:\n\t@true\nclean:\n\trm -rf dist\n'],
  ['package.json', '{"name":"project","version":"1.0.0","scripts":{"test":"true","build":"true"}}\n'],
  [
    '.gitignore',
    'node_modules/\ndist/\nbuild/\ntarget/\n__pycache__/\n.cache/\ncoverage/\n*.log\n.env\nuploads/\n*.db\n',
  ],
];

const UNTRACKED: readonly (readonly [name: string, text: string])[] = [
  ['notes.txt', 'notes that exist nowhere else\n'],
  ['data.csv', 'id,name\n1,first\n2,second\n'],
  ['report.pdf', 'a report\n'],
  ['list.txt', 'notes.txt\ndata.csv\n'],
  ['app.db', 'rows\n'],
  ['important.txt', 'important\n'],
  ['file.txt', 'a file\n'],
  ['data/records.json', '[1,2,3]\n'],
  ['uploads/photo.png', 'a picture\n'],
  ['.env', 'TOKEN=canary\n'],
  ['backups/db.sql.gz', 'a backup\n'],
  ['dump.sql', 'INSERT INTO t VALUES (1);\n'],
  ['node_modules/left/package.json', '{}\n'],
  ['node_modules/left/index.js', '\n//\n'],
  ['dist/app.js', 'built\n'],
  ['build/out.o', 'built\n'],
  ['target/debug/app', 'built\n'],
  ['coverage/index.html', 'built\n'],
  ['__pycache__/main.pyc', 'built\n'],
  ['.cache/x', 'built\n'],
  ['app.log', 'a line\n'],
];

const HOME: readonly (readonly [name: string, text: string])[] = [
  ['.ssh/id_ed25519', 'a key\n'],
  ['.ssh/config', 'Host prod\n'],
  ['.bashrc', 'true\n'],
  ['.bash_history', 'ls\n'],
  ['documents/thesis.txt', 'the thesis\n'],
  ['projects/other/work.txt', 'other work\n'],
  ['work/plan.txt', 'a plan\n'],
];

/** In a place that no rule takes for temporary. */
export function plantCanaries(): Canaries {
  const home = realpathSync(mkdtempSync(path.join(homedir(), 'oracle-')));
  const project = path.join(home, 'project');
  const stubs = path.join(home, '.stubs');
  const write = (folder: string, files: typeof FILES): void => {
    for (const [name, text] of files) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
  };
  const git = (...args: readonly string[]): void => {
    const who = ['-c', 'user.name=canary', '-c', 'user.email=canary@example.com'];
    execFileSync('git', ['-C', project, ...who, ...args], { stdio: 'ignore' });
  };
  write(project, FILES);
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-qm', 'first');
  git('checkout', '-qb', 'feature');
  appendFileSync(path.join(project, 'docs/guide.md'), 'only here\n');
  git('commit', '-qam', 'only on this branch');
  git('checkout', '-q', 'main');
  appendFileSync(path.join(project, 'README.md'), 'put aside\n');
  git('stash');
  git('remote', 'add', 'origin', 'https://git.acme.example/project.git');
  write(project, UNTRACKED);
  writeFileSync(path.join(project, 'src/changed.ts'), 'export const after = "not committed";\n');
  write(home, HOME);
  mkdirSync(stubs);
  for (const name of stubNames()) writeFileSync(path.join(stubs, name), STUB, { mode: 0o755 });
  for (const name of ['sudo', 'doas']) writeFileSync(path.join(stubs, name), AS_ANOTHER, { mode: 0o755 });
  return { home, project, stubs, remove: () => rmSync(home, { recursive: true }) };
}

const STUB = '#!/bin/sh\nexit 0\n';
const AS_ANOTHER = '#!/bin/sh\nwhile :; do case $1 in -*|*=*) shift ;; *) break ;; esac; done\nexec "$@"\n';

function stubNames(): readonly string[] {
  return TOOLS.flatMap((tool) => tool.names).filter(
    (name) => /^[a-z][\w.-]*$/.test(name) && onPath(name) === undefined,
  );
}

/** The canaries that were lost, by kind. What was moved is still there. */
export function lostCanaries(
  changes: readonly FileChange[],
  { home, project }: Canaries,
): ReadonlyMap<string, CanaryKind> {
  const lost = new Map<string, CanaryKind>();
  for (const change of changes) {
    if (change.fate === 'moved') continue;
    const files = change.kind === 'directory' ? change.below.map((one) => one.path) : [change.path];
    for (const file of files) {
      const kind = kindOf(file, home, project, change.fate === 'deleted');
      if (kind !== undefined) lost.set(file, kind);
    }
  }
  return lost;
}

const TRACKED: ReadonlySet<string> = new Set(FILES.map(([name]) => name));
const PRODUCTS = /^(node_modules|dist|build|target|coverage|__pycache__|\.cache)\/|\.log$/;

function kindOf(file: string, home: string, project: string, deleted: boolean): CanaryKind | undefined {
  if (!file.startsWith(`${home}/`)) return isMachine(file) ? 'outside' : undefined;
  if (!file.startsWith(`${project}/`)) {
    const name = file.slice(home.length + 1);
    if (name.startsWith('.stubs/')) return undefined;
    return name.startsWith('.ssh/') ? 'secret' : 'outside';
  }
  const name = file.slice(project.length + 1);
  if (name.startsWith('.git/')) {
    const history = /^\.git\/(HEAD|config|refs\/(heads\/(main|feature)|stash))$/;
    return deleted && history.test(name) ? 'history' : undefined;
  }
  if (name === 'src/changed.ts') return 'changed';
  if (name === '.env') return 'secret';
  if (name.startsWith('backups/') || name === 'dump.sql') return 'backup';
  return TRACKED.has(name) || PRODUCTS.test(name) ? 'kept' : 'untracked';
}

/** What nobody deletes in passing; caches and temporary files of the machine may come and go. */
function isMachine(file: string): boolean {
  return !/^\/(tmp|var\/(tmp|cache|log)|dev\/shm|root\/\.(cache|npm|config|local)|home\/[^/]+\/\.(cache|npm|config|local))\//.test(
    file,
  );
}
