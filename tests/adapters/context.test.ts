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
import { declarations } from '../fakes/declarations.ts';
import { skipUnless } from '../platform.ts';
import { startPostgres } from '../stand-ins/postgres-server.ts';

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

/** A returned text replaces the action; variables are those of the shell that the command would run in. */
type Setting = (place: Place) => string | undefined;

const NOTHING: Setting = () => undefined;

/** A real server, where this machine has one. */
const withoutServer = skipUnless('postgres');
const server = withoutServer === false ? await startPostgres() : undefined;
after(() => server?.stop());
server?.sql('postgres', 'create database app_test_7');
server?.sql('postgres', 'create database dev_empty');
server?.sql('app_test_7', 'create table orders(id int); insert into orders values (1); select 1');

/** What the context of each row says, made. */
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
  T0216: (place) => {
    place.write({ '.env': 'DATABASE_URL=postgres://db.example:5432/bookings_test\n' });
    return undefined;
  },
  T0234: NOTHING,
  T0271: (place) => {
    place.write({ '.env': 'DATABASE_URL=postgres://prod.example/app' });
    return undefined;
  },
  T0272: (place) => {
    place.write({
      '.env': `DATABASE_URL="postgres://owner@localhost:${server?.port}/dev_empty"\n`,
      'prisma/schema.prisma': 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
    });
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
  T0340: NOTHING,
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

/** Rows whose fact is a real server's. */
const ASKS_SERVER: ReadonlySet<string> = new Set(['T0234', 'T0272']);

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

/** The person's own files: what they declared, and the clusters that they use. */
const home = realpathSync(mkdtempSync(path.join(tmpdir(), 'holdpoint-context-')));
after(() => rmSync(home, { recursive: true, force: true }));
mkdirSync(path.join(home, '.kube'));
writeFileSync(
  path.join(home, '.kube/config'),
  `apiVersion: v1
kind: Config
current-context: prod
clusters:
- {name: prod, cluster: {server: 'https://k8s.prod.example:6443'}}
- {name: kind-dev, cluster: {server: 'https://127.0.0.1:41999'}}
contexts:
- {name: prod, context: {cluster: prod, user: prod}}
- {name: kind-dev, context: {cluster: kind-dev, user: kind-dev}}
users:
- {name: prod, user: {token: t}}
- {name: kind-dev, user: {client-key-data: a2V5}}
`,
);
const opened = openJudge(findPaths({ HOME: home }), () => undefined, undefined, {
  home,
  account: 'owner',
  declared: declarations({ 'postgres/database/db.example/bookings_test': 'throwaway' }),
  environment: server === undefined ? {} : { PGHOST: 'localhost', PGPORT: String(server.port), PGUSER: 'owner' },
});
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
  test('every row is made', () => {
    assert.deepEqual(rows.map((one) => one.id).sort(), Object.keys(SETTINGS).sort());
  });
  for (const row of rows) {
    const want = row.destructive ? 'stopped' : 'let through';
    test(`${row.id} ${row.example} is ${want}`, { skip: ASKS_SERVER.has(row.id) && withoutServer }, async () => {
      assert.equal((await says(row)) === 'allow' ? 'let through' : 'stopped', want);
    });
  }
}
