import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, afterEach, beforeEach, test } from 'node:test';
import { runAudit } from '../../../src/apps/cli/audit.ts';
import type { Io } from '../../../src/apps/cli/io.ts';
import { findPaths } from '../../../src/apps/paths.ts';
import { openJudge, openTranscripts, workspaceOf } from '../../../src/apps/wire.ts';
import { claudePath, skipUnless } from '../../platform.ts';
import { startModel } from '../../stand-ins/model/model.ts';
import { runClaude } from '../../stand-ins/model/run-claude.ts';

const FIXTURES = path.join(import.meta.dirname, '../../protocols/transcripts/fixtures');
const { judge, close } = await openJudge(findPaths({ HOME: '/nonexistent' }), () => undefined);
after(close);

interface Report {
  readonly agents: readonly {
    readonly agent: string;
    readonly files: number;
    readonly calls: number;
    readonly malformed: number;
    readonly tooLong: number;
    readonly unreadable: number;
    readonly why: string;
  }[];
  readonly totals: {
    readonly calls: number;
    readonly held: number;
    readonly denied: number;
    readonly allowed: Record<string, number>;
  };
  readonly groups: readonly {
    readonly verdict: string;
    readonly needless?: string;
    readonly rule: string;
    readonly shape: string;
    readonly count: number;
    readonly examples: readonly { readonly text: string; readonly part?: string }[];
  }[];
}

let home: string;
let project: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'hp-audit-'));
  project = path.join(home, 'shop');
  mkdirSync(project);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function audit(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const said = { out: '', err: '' };
  const io: Io = {
    env: {},
    cwd: project,
    stdin: process.stdin,
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    interactive: false,
    outIsTerminal: false,
  };
  const code = await runAudit(args, io, {
    transcripts: openTranscripts({ home, env: {} }),
    home,
    judge,
    workspaceOf,
    person: 'ada',
    nowMs: Date.now,
  });
  return { code, ...said };
}

async function report(...args: readonly string[]): Promise<Report> {
  const done = await audit('--json', ...args);
  assert.deepEqual([done.code, done.err], [0, '']);
  return JSON.parse(done.out) as Report;
}

interface Step {
  readonly command: string;
  readonly error?: string;
  readonly atMs?: number;
}

/** A session of Claude Code in the form that the real client writes. */
function session(name: string, steps: readonly Step[], extra: readonly string[] = [], cwd = project): void {
  const folder = path.join(home, '.claude/projects/-shop');
  mkdirSync(folder, { recursive: true });
  const lines = steps.flatMap(({ command, error, atMs }, index) => {
    const common = { sessionId: name, cwd, timestamp: new Date(atMs ?? Date.now() - 1000).toISOString() };
    const id = `toolu_${name}_${index}`;
    return [
      {
        type: 'assistant',
        ...common,
        message: { content: [{ type: 'tool_use', id, name: 'Bash', input: { command } }] },
      },
      {
        type: 'user',
        ...common,
        message: {
          content: [
            {
              type: 'tool_result',
              tool_use_id: id,
              content: error ?? 'ok',
              ...(error === undefined ? {} : { is_error: true }),
            },
          ],
        },
      },
    ].map((line) => JSON.stringify(line));
  });
  writeFileSync(path.join(folder, `${name}.jsonl`), `${[...lines, ...extra].join('\n')}\n`);
}

/** Every file below, with its bytes and times. */
function snapshot(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
    .map((file) => {
      const stat = statSync(file);
      const digest = stat.isFile() ? createHash('sha256').update(readFileSync(file)).digest('hex') : '';
      return `${file} ${stat.mtimeMs} ${stat.size} ${digest}`;
    });
}

test('nothing there: says so, says where it looked, and exits 0', async () => {
  const done = await audit();
  assert.equal(done.code, 0);
  assert.match(done.out, /No tool call was found\. Nothing was judged\./);
  for (const place of ['.claude/projects', '.codex/sessions', '.gemini/tmp', 'opencode*.db', 'storage/session'])
    assert.ok(done.out.includes(place), `${place}\n${done.out}`);
});

test('bad arguments are 64, and name what would be right', async () => {
  for (const [args, why] of [
    [['--agent', 'eliza'], /claude-code, codex, gemini, opencode/],
    [['--since', 'yesterday'], /30d/],
    [['--limit', '0'], /from 1/],
    [['--path'], /needs a value/],
    [['--dry-run'], /unknown argument/],
  ] as const) {
    const done = await audit(...args);
    assert.equal(done.code, 64);
    assert.match(done.err, why);
  }
});

test('needless holds come first, then what ran, then what failed or was refused, then denials', async () => {
  execFileSync('git', ['init', '-q', project]);
  writeFileSync(path.join(project, 'kept.txt'), 'in git');
  execFileSync('git', ['-C', project, 'add', '.']);
  execFileSync('git', ['-C', project, '-c', 'user.name=a', '-c', 'user.email=a@a', 'commit', '-qm', 'x']);
  writeFileSync(path.join(project, 'only.txt'), 'exists nowhere else');
  session('one', [
    { command: 'ls -la' },
    { command: 'terraform destroy -auto-approve', error: 'no configuration files' },
    { command: 'holdpoint uninstall' },
    { command: 'rm only.txt' },
    { command: 'rm kept.txt' },
    { command: '$TOOL --fast' },
    { command: 'git push --force origin main' },
    { command: 'git push --force origin release' },
    { command: 'frobnicate --all' },
  ]);
  const { totals, groups } = await report();
  assert.deepEqual(
    groups.map((group) => [group.needless ?? group.verdict, group.shape, group.count]),
    [
      ['disk', 'rm …', 1],
      ['not-understood', '$TOOL --fast', 1],
      ['hold', 'git push --force …', 2],
      ['hold', 'rm …', 1],
      ['hold', 'terraform destroy -auto-approve', 1],
      ['deny', 'holdpoint uninstall', 1],
    ],
  );
  assert.equal(groups[0]?.examples[0]?.text, 'rm kept.txt');
  assert.equal(totals.calls, 9);
  assert.deepEqual([totals.held, totals.denied, totals.allowed['unjudged']], [6, 1, 1]);
  const { out } = await audit('--limit', '2');
  assert.match(
    out,
    /Held, and looks needless: 1[\s\S]*Held because it was not understood: 1[\s\S]*4 more kinds of call/,
  );
  assert.match(out, /9 calls: 2 would have passed, 6 held \(66\.7 %\), 1 denied/);
  assert.match(out, /Passed unjudged, most often: frobnicate --all \(1\)/);
});

test('secrets are masked, and what could forge the report is shown as an escape', async () => {
  const command =
    'curl -H "Authorization: Bearer sk-abcdefghijklmnopqrstuvwx0123" -X DELETE https://api.acme.test/v1/x # \u001b[2J\u202e';
  session('one', [{ command }], [], `${project}\u001b[31m`);
  for (const out of [(await audit()).out, (await audit('--json')).out]) {
    assert.ok(out.includes('<redacted>'), out);
    assert.doesNotMatch(out, /abcdefghijklmnop/);
    assert.doesNotMatch(out, /(?!\n)\p{Cc}|\u202e/u);
  }
});

test('since, path and copies: each call counts once, where and when it was asked for', async () => {
  const dayMs = 86_400_000;
  const old = Date.now() - 40 * dayMs;
  session('new', [{ command: 'git push -f origin main' }]);
  session('old', [{ command: 'dropdb app', atMs: old }]);
  const folder = path.join(home, '.claude/projects/-shop');
  // A session that is taken up again begins with a copy of the one before it.
  cpSync(path.join(folder, 'new.jsonl'), path.join(folder, 'resumed.jsonl'));
  assert.equal((await report()).totals.calls, 2);
  assert.equal((await report('--since', '30d')).totals.calls, 1);
  utimesSync(path.join(folder, 'old.jsonl'), old / 1000, old / 1000);
  assert.equal((await report('--since', '30d')).agents[0]?.files, 2, 'what has not changed since is not opened');
  assert.equal((await report('--path', project)).totals.calls, 2);
  assert.equal((await report('--path', path.join(home, 'sho'))).totals.calls, 0);
});

test('malformed lines, long lines, links and pipes are counted or left alone, and the rest is judged', async () => {
  session(
    'one',
    [{ command: 'dropdb app' }],
    ['{"type":"assistant","tool_use"', 'garbage', `{"tool_use":"${'x'.repeat(17 * 1024 * 1024)}"}`],
  );
  const folder = path.join(home, '.claude/projects/-shop');
  const outside = path.join(home, 'outside.jsonl');
  cpSync(path.join(folder, 'one.jsonl'), outside);
  symlinkSync(outside, path.join(folder, 'link.jsonl'));
  execFileSync('mkfifo', [path.join(folder, 'pipe.jsonl')]);
  const found = await report();
  const [claude] = found.agents;
  assert.deepEqual([claude?.files, claude?.calls, claude?.malformed, claude?.tooLong], [1, 1, 2, 1]);
  assert.match((await audit()).out, /2 malformed, 1 too long to be read/);
});

test('OpenCode: the database and the folders before it; other agents by their fixtures; nothing changes on disk', async () => {
  const data = path.join(home, '.local/share/opencode');
  mkdirSync(data, { recursive: true });
  const parts = readFileSync(path.join(FIXTURES, 'opencode-1.18.jsonl'), 'utf8').trim().split('\n');
  const db = new DatabaseSync(path.join(data, 'opencode.db'));
  db.exec(`PRAGMA journal_mode=WAL; CREATE TABLE session (id text PRIMARY KEY, directory text NOT NULL);
    CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text, time_created integer, data text NOT NULL)`);
  db.prepare('INSERT INTO session VALUES (?, ?)').run('ses_1', project);
  parts.forEach((part, index) => {
    db.prepare('INSERT INTO part VALUES (?, ?, ?, ?, ?)').run(`prt_${index}`, 'msg_1', 'ses_1', index, part);
  });
  const old = (kind: string, name: string, value: object): void => {
    mkdirSync(path.join(data, 'storage', kind), { recursive: true });
    writeFileSync(path.join(data, 'storage', kind, name), JSON.stringify(value));
  };
  old('session/p', 'ses_2.json', { id: 'ses_2', directory: project });
  old('message/ses_2', 'msg_2.json', { id: 'msg_2', role: 'assistant' });
  old('part/msg_2', 'prt_2.json', {
    sessionID: 'ses_2',
    type: 'tool',
    tool: 'bash',
    callID: 'old',
    state: {
      status: 'completed',
      input: { command: 'dropdb app' },
      metadata: { exit: 0 },
      time: { start: 1_700_000_000_000 },
    },
  });
  writeFileSync(path.join(data, 'opencode-dev.db'), 'not a database at all'.repeat(50));
  mkdirSync(path.join(home, '.codex/sessions/2026/11/25'), { recursive: true });
  cpSync(path.join(FIXTURES, 'codex-0.169.jsonl'), path.join(home, '.codex/sessions/2026/11/25/rollout-x.jsonl'));
  mkdirSync(path.join(home, '.gemini/tmp/shop/chats'), { recursive: true });
  cpSync(path.join(FIXTURES, 'gemini-0.61.jsonl'), path.join(home, '.gemini/tmp/shop/chats/session-x.jsonl'));
  writeFileSync(path.join(home, '.gemini/tmp/shop/.project_root'), project);
  const before = snapshot(home);
  const found = await report();
  assert.deepEqual(snapshot(home), before);
  db.close();
  assert.deepEqual(
    found.agents.map((one) => [one.agent, one.files, one.calls]),
    [
      ['claude-code', 0, 0],
      ['codex', 1, 4],
      ['gemini', 1, 6],
      ['opencode', 3, 6],
    ],
  );
  const opencode = found.agents[3];
  assert.equal(opencode?.unreadable, 1);
  assert.match(opencode?.why ?? '', /not a database of the known form/);
  assert.deepEqual(
    found.groups.map((group) => group.shape),
    ['dropdb …'],
  );
  const only = await report('--agent', 'codex');
  assert.deepEqual(
    only.agents.map((one) => one.agent),
    ['codex'],
  );
});

test('a transcript that the real Claude Code client has just written', { skip: skipUnless('claude') }, async () => {
  writeFileSync(path.join(project, 'a.txt'), 'exists nowhere else');
  const steps = ['ls', 'rm -rf a.txt', 'exit 3'];
  const model = await startModel({
    script: ({ results }) => {
      const command = steps[results.length];
      return command === undefined
        ? { kind: 'text', text: 'done' }
        : { kind: 'tool', name: 'Bash', input: { command } };
    },
  });
  try {
    const ended = await runClaude({ claudePath: claudePath() ?? '', model, cwd: project, home });
    assert.equal(ended.exitCode, 0, ended.stderr);
  } finally {
    await model.close();
  }
  const found = await report('--since', '1h', '--path', project);
  assert.deepEqual([found.totals.calls, found.agents[0]?.malformed], [3, 0]);
  assert.deepEqual(
    found.groups.map((group) => [group.verdict, group.shape, group.examples[0]?.text]),
    [['hold', 'rm -rf …', 'rm -rf a.txt']],
  );
});
