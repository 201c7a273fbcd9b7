import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { findPaths } from '../../src/apps/paths.ts';
import { openJudge } from '../../src/apps/wire.ts';
import type { Action, ActionKind } from '../../src/core/attempt.ts';
import type { Json } from '../../src/core/canonical-json.ts';
import { isRefused } from '../../src/pipeline/products.ts';

/** Actions whose verdict hangs on a fact: the fact is made on disk, and the real judge looks at it. */
const FILE = new URL('../../../shared/scenarios/context-dependent.jsonl', import.meta.url);

interface Row {
  readonly id: string;
  readonly action_kind: ActionKind;
  readonly example: string;
  readonly destructive: boolean;
  readonly dialect?: string;
}

/** One situation on disk; `outside` is a folder beside the workspace. */
interface Place {
  readonly workspace: string;
  readonly outside: string;
  write(files: { readonly [name: string]: string }): void;
  git(...args: string[]): void;
  commit(files: { readonly [name: string]: string }): void;
}

type Setting = (place: Place) => string | undefined;

const NOTHING: Setting = () => undefined;

/** What the context of each row says, made. A returned text replaces the action: paths beside the workspace differ. */
const SETTINGS: { readonly [id: string]: Setting } = {
  T0002: (place) => {
    place.commit({ '.gitignore': 'tmp/\nbuild/\nout/\n', 'tests/a.ts': '', 'patches/a.patch': '', 'plan/a.md': '' });
    place.write({ 'tests/tmp/x': '1', 'patches/build/x': '1', 'plan/out/x': '1' });
    return undefined;
  },
  T0035: (place) => link(place),
  T0036: (place) => link(place),
  T0041: (place) => {
    place.commit({ '.gitignore': 'data/\n' });
    place.write({ 'data/backup.sql': 'insert', 'data/old.log': 'x' });
    return undefined;
  },
  T0073: (place) => {
    place.write({ 'backups/latest.sql': 'insert', 'backups/latest.sql.gz': 'insert' });
    return undefined;
  },
  T0101: (place) => dirty(place),
  T0105: (place) => {
    place.commit({ 'a.ts': '1' });
    place.write({ 'work.ts': '2' });
    return undefined;
  },
  T0107: (place) => {
    place.commit({ 'a.ts': '1', '.gitignore': '.env\n*.db\n' });
    place.write({ '.env': 'A=b', 'dev.db': 'x' });
    return undefined;
  },
  T0119: (place) => {
    place.commit({ 'a.ts': '1' });
    place.git('worktree', 'add', '-q', '../wt-feature');
    writeFileSync(path.join(place.outside, 'wt-feature/a.ts'), '2');
    return undefined;
  },
  T0129: (place) => dirty(place),
  T0149: (place) => {
    const other = path.join(place.outside, 'other-repo');
    mkdirSync(other);
    git(other, 'init', '-q');
    writeFileSync(path.join(other, 'a.ts'), '1');
    git(other, 'add', '.');
    git(other, 'commit', '-qm', 'a');
    writeFileSync(path.join(other, 'a.ts'), '2');
    place.commit({ 'b.ts': '1' });
    return undefined;
  },
  T0271: (place) => {
    place.write({ '.env': 'DATABASE_URL=postgres://prod.example/app' });
    return undefined;
  },
  T0285: (place) => {
    place.write({ '.env': 'DB_CONNECTION=pgsql\nDB_HOST=live.example\n', artisan: '<?php' });
    return undefined;
  },
  T0286: (place) => {
    place.write({
      '.env': 'DB_CONNECTION=pgsql\nDB_HOST=live.example\n',
      '.env.testing': 'DB_CONNECTION=sqlite\nDB_DATABASE=":memory:"\n',
      artisan: '<?php',
    });
    return undefined;
  },
  T0339: NOTHING,
  T0383: NOTHING,
  T0437: NOTHING,
  T0441: NOTHING,
  T0519: NOTHING,
  T0649: (place) => {
    place.write({ 'x.sh': 'systemctl stop app\n' });
    return undefined;
  },
  T0708: (place) => {
    place.write({ 'data/rows.csv': '1' });
    return undefined;
  },
  T0709: (place) => {
    place.write({ 'package.json': '{"scripts":{"build":"tsc -p ."}}' });
    return undefined;
  },
};

/** Rows that want a fact which nobody here can learn yet: the verdict errs on the side of holding. */
const LATER: { readonly [id: string]: string } = {
  T0216: 'whether the database is one for tests: wants the Postgres verifier',
  T0234: 'whether the server is this machine and the database one for tests: wants the Postgres verifier',
  T0272: 'whether the local database is empty: wants the Postgres verifier',
  T0340: 'whether the context is a cluster on this machine: wants a verifier that reads the kubeconfig',
};

function link(place: Place): undefined {
  mkdirSync(path.join(place.outside, 'data'));
  writeFileSync(path.join(place.outside, 'data/rows'), '1');
  symlinkSync(path.join(place.outside, 'data'), path.join(place.workspace, 'link'));
  return undefined;
}

function dirty(place: Place): undefined {
  place.commit({ 'a.ts': '1' });
  place.commit({ 'a.ts': '2' });
  place.write({ 'a.ts': '3' });
  return undefined;
}

function git(directory: string, ...args: string[]): void {
  const settings = ['user.name=n', 'user.email=e@example.invalid', 'init.defaultBranch=main'];
  execFileSync('git', ['-C', directory, ...settings.flatMap((one) => ['-c', one]), ...args], { stdio: 'pipe' });
}

function makePlace(): Place {
  // Not below a system's temporary directory in name: its parent would lend its fate to the outside.
  const outside = realpathSync(mkdtempSync(path.join(homeOr(tmpdir()), '.context-')));
  after(() => rmSync(outside, { recursive: true, force: true }));
  const workspace = path.join(outside, 'workspace');
  mkdirSync(workspace);
  git(workspace, 'init', '-q');
  const write = (files: { readonly [name: string]: string }): void => {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(workspace, name)), { recursive: true });
      writeFileSync(path.join(workspace, name), content);
    }
  };
  return {
    workspace,
    outside,
    write,
    git: (...args) => git(workspace, ...args),
    commit: (files) => {
      write(files);
      git(workspace, 'add', '-A');
      git(workspace, 'commit', '-qm', 'state');
    },
  };
}

function homeOr(other: string): string {
  const home = process.env['HOME'];
  return home !== undefined && existsSync(home) ? home : other;
}

function actionOf(row: Row, text: string, cwd: string): Action {
  const json = (value: Json): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  if (row.action_kind === 'graphql') {
    const [, endpoint = '', body = ''] = /^POST (\S+)\s+([\s\S]*)$/.exec(text) ?? [];
    const parsed: { readonly [name: string]: Json } = body.startsWith('{"') ? JSON.parse(body) : { query: body };
    return { kind: 'graphql', bytes: json({ endpoint, query: '', ...parsed }), cwd };
  }
  if (row.action_kind === 'mcp') {
    const [, server = '', tool = '', args = '{}'] = /^([\w-]+)\.([\w-]+) (\{.*?\})/.exec(text) ?? [];
    return {
      kind: 'mcp',
      bytes: json({ server, tool, arguments: JSON.parse(args), annotations: { readOnlyHint: true } }),
      cwd,
    };
  }
  const dialect = row.dialect === undefined || row.dialect === 'bash' ? {} : { dialect: row.dialect };
  return { kind: row.action_kind, bytes: new TextEncoder().encode(text), cwd, ...dialect };
}

/** No settings and no state: the pack alone. */
const opened = openJudge(findPaths({ HOME: '/nonexistent' }), () => undefined);
after(async () => (await opened).close());

async function says(row: Row): Promise<string> {
  const place = makePlace();
  const text = SETTINGS[row.id]?.(place) ?? row.example;
  const judged = await (await opened).judge(
    {
      id: row.id,
      action: actionOf(row, text, place.workspace),
      origin: { door: 'cli', person: 'p', agent: 'a', task: 't', workspace: place.workspace },
    },
    undefined,
  );
  return isRefused(judged) ? judged.says : judged.verdict.says;
}

if (!existsSync(FILE))
  test('actions that depend on their context', { skip: `not at ${FILE.pathname}` }, () => undefined);
else {
  const rows = readFileSync(FILE, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
  test('every row is either made or says what it waits for', () => {
    for (const { id } of rows) assert.notEqual(SETTINGS[id] === undefined, LATER[id] === undefined, id);
  });
  for (const row of rows) {
    const why = LATER[row.id];
    const note = why === undefined ? '' : ` (${why})`;
    const stopped = row.destructive || why !== undefined;
    const want = stopped ? 'stopped' : 'let through';
    test(`${row.id} ${row.example} is ${want}${note}`, async () => {
      assert.equal((await says(row)) === 'allow' ? 'let through' : 'stopped', want);
    });
  }
}
