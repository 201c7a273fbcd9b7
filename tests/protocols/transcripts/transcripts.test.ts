import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../src/core/limits.ts';
import { transcriptParser } from '../../../src/protocols/transcripts/agents.ts';
import { patchActions } from '../../../src/protocols/transcripts/patch.ts';
import {
  type RecordedCall,
  TRANSCRIPT_AGENTS,
  type TranscriptAgent,
} from '../../../src/protocols/transcripts/transcript.ts';

const FOLDER = '/home/dev/shop';

/** What the real clients wrote, driven by a scripted model; nothing left but the lines that a parser looks at. */
function recorded(file: string): readonly string[] {
  return readFileSync(path.join(import.meta.dirname, 'fixtures', file), 'utf8').split('\n');
}

function read(
  agent: TranscriptAgent,
  lines: readonly string[],
  cwd = FOLDER,
): { readonly calls: readonly RecordedCall[]; readonly malformed: number } {
  const parser = transcriptParser(agent, '/home/dev');
  const calls = lines.flatMap((text) => parser.read({ text, session: 's', cwd }));
  return { calls: [...calls, ...parser.end()], malformed: parser.malformed() };
}

function shown(call: RecordedCall): string {
  const { action, outcome } = call;
  const text = 'bytes' in action ? new TextDecoder().decode(action.bytes) : action.tool;
  return `${outcome} ${action.kind} ${text}`;
}

const SHELL = ['ran shell mkdir -p build && echo x > build/a', 'ran shell rm -rf build', 'failed shell exit 3'];
const WANT: Readonly<Record<TranscriptAgent, { readonly file: string; readonly calls: readonly string[] }>> = {
  'claude-code': {
    file: 'claude-code-2.1.330.jsonl',
    calls: [
      ...SHELL,
      `ran file {"content":"y","op":"write","path":"${FOLDER}/b.txt","tool":"Write"}`,
      `ran file {"op":"read","path":"${FOLDER}/b.txt","tool":"Read"}`,
      'refused http {"method":"GET","url":"http://127.0.0.1:1/x"}',
    ],
  },
  codex: {
    file: 'codex-0.169.jsonl',
    calls: [
      SHELL[0] ?? '',
      // Its own rule against `rm -f` stood in the way.
      'refused shell rm -rf build',
      SHELL[2] ?? '',
      `failed file {"content":"hello","op":"write","path":"${FOLDER}/b.txt","tool":"apply_patch"}`,
    ],
  },
  gemini: {
    file: 'gemini-0.61.jsonl',
    calls: [
      ...SHELL,
      `ran file {"content":"y","op":"write","path":"${FOLDER}/b.txt","tool":"write_file"}`,
      `ran file {"op":"read","path":"${FOLDER}/b.txt","tool":"read_file"}`,
      `ran file {"content":"z","op":"write","path":"${FOLDER}/b.txt","tool":"replace"}`,
    ],
  },
  opencode: {
    file: 'opencode-1.18.jsonl',
    calls: [
      ...SHELL,
      `ran file {"content":"y","op":"write","path":"${FOLDER}/b.txt","tool":"write"}`,
      `ran file {"content":"z","op":"write","path":"${FOLDER}/b.txt","tool":"edit"}`,
    ],
  },
};

for (const agent of TRANSCRIPT_AGENTS) {
  const { file, calls: want } = WANT[agent];

  test(`${agent}: what the real client wrote (${file})`, () => {
    const { calls, malformed } = read(agent, recorded(file));
    assert.deepEqual(calls.map(shown), want);
    assert.equal(malformed, 0);
    assert.ok(
      calls.every((call) => call.cwd === FOLDER && call.atMs > Date.parse('2026-01-01') && call.session !== ''),
    );
    assert.equal(new Set(calls.map((call) => call.identity)).size, calls.length);
  });

  test(`${agent}: whatever is cut out of a transcript or put into it, nothing throws and faults are counted`, () => {
    const lines = recorded(file).filter((line) => line !== '');
    fc.assert(
      fc.property(
        fc.nat(lines.length - 1),
        fc.nat(4_000),
        fc.nat(40),
        fc.constantFrom('', '{', '}', '"', '[1', '\\', '\u0000', '\ud800', '\\ud800', '1e999', 'null', '{"a":'),
        (index, at, cut, put) => {
          const line = lines[index] ?? '';
          const from = at % (line.length + 1);
          const broken = line.slice(0, from) + put + line.slice(from + cut);
          const { calls } = read(agent, lines.with(index, broken));
          assert.ok(calls.length <= want.length + 1);
        },
      ),
      { numRuns: 400 },
    );
    assert.equal(read(agent, ['not json', ...lines]).malformed, 1);
    const deep = `{"type":"assistant","x":"tool_use toolCalls _call","y":${'['.repeat(LIMITS.jsonDepth + 1)}${']'.repeat(LIMITS.jsonDepth + 1)},"type":"tool"}`;
    assert.equal(read(agent, [deep]).malformed, 1, 'too deep');
  });
}

test('forms of earlier versions', () => {
  const item = (payload: object): string => JSON.stringify({ type: 'response_item', timestamp: 1, payload });
  const codex = read('codex', [
    item({
      type: 'function_call',
      name: 'shell',
      call_id: 'a',
      arguments: JSON.stringify({ command: ['bash', '-lc', 'ls | wc'], workdir: '/w' }),
    }),
    item({ type: 'function_call_output', call_id: 'a', output: '{"output":"","metadata":{"exit_code":0}}' }),
    item({
      type: 'local_shell_call',
      call_id: 'b',
      action: { type: 'exec', command: ['rm', '-rf', 'a b'], working_directory: '/w' },
    }),
    item({
      type: 'function_call',
      name: 'shell',
      call_id: 'c',
      arguments: JSON.stringify({
        command: ['bash', '-lc', "apply_patch <<'EOF'\n*** Begin Patch\n*** Delete File: x.ts\n*** End Patch\nEOF"],
      }),
    }),
    item({ type: 'function_call', name: 'github__delete_repo', call_id: 'd', arguments: '{"repo":"x"}' }),
    item({ type: 'function_call', name: 'shell', call_id: 'e', arguments: 'not json' }),
  ]);
  assert.deepEqual(codex.calls.map(shown), [
    'ran shell ls | wc',
    "unknown shell rm -rf 'a b'",
    'unknown file {"op":"delete","path":"/home/dev/shop/x.ts","tool":"apply_patch"}',
    'unknown mcp {"arguments":{"repo":"x"},"server":"github","tool":"delete_repo"}',
  ]);
  assert.equal(codex.malformed, 1);
  const gemini = read('gemini', [
    JSON.stringify({
      sessionId: 's1',
      messages: [
        {
          type: 'gemini',
          timestamp: '2025-12-01T00:00:00Z',
          toolCalls: [
            { id: '1', name: 'run_shell_command', args: { command: 'ls', directory: 'src' }, status: 'success' },
            { id: '2', name: 'run_shell_command', args: { command: 'rm x' }, status: 'cancelled' },
            {
              id: '3',
              name: 'web_fetch',
              args: { prompt: 'read https://a.test/x and http://b.test' },
              status: 'error',
            },
          ],
        },
      ],
    }),
  ]);
  assert.deepEqual(gemini.calls.map(shown), [
    'ran shell ls',
    'refused shell rm x',
    'failed http {"method":"GET","url":"https://a.test/x"}',
    'failed http {"method":"GET","url":"http://b.test"}',
  ]);
  assert.equal(gemini.calls[0]?.cwd, '/home/dev/shop/src');
});

test('half a character and a number beyond a double stop nothing', () => {
  const args = '{"\\ud83d":"\\udca9 \\\\ud83d \\ud83d\\ude00","n":1e999}';
  const line = JSON.stringify({
    type: 'response_item',
    payload: { type: 'function_call', name: 'a__b', call_id: 'c' },
  });
  const { calls, malformed } = read('codex', [
    line.replace('"call_id"', `"arguments":${JSON.stringify(args)},"call_id"`),
  ]);
  assert.equal(malformed, 0);
  assert.equal(
    shown(calls[0] as RecordedCall),
    'unknown mcp {"arguments":{"n":null,"\ufffd":"\ufffd \\\\ud83d 😀"},"server":"a","tool":"b"}',
  );
});

test('a patch is the file actions in it', () => {
  const patch = [
    '*** Begin Patch',
    '*** Add File: a/new.ts',
    '+one',
    '+two',
    '*** Update File: b.ts',
    '*** Move to: c.ts',
    '@@',
    '-old',
    '+fresh',
    '*** Delete File: /etc/hosts',
    '*** End Patch',
  ].join('\n');
  assert.deepEqual(
    patchActions(patch, '/w').map((action) => new TextDecoder().decode(action.bytes)),
    [
      '{"content":"one\\ntwo","op":"write","path":"/w/a/new.ts","tool":"apply_patch"}',
      '{"op":"delete","path":"/w/b.ts","tool":"apply_patch"}',
      '{"content":"fresh","op":"write","path":"/w/c.ts","tool":"apply_patch"}',
      '{"op":"delete","path":"/etc/hosts","tool":"apply_patch"}',
    ],
  );
});

test('a transcript that never answers keeps no more than a thousand calls waiting', () => {
  const parser = transcriptParser('claude-code', '/home/dev');
  let given = 0;
  for (let i = 0; i < 5_000; i += 1) {
    const line = {
      type: 'assistant',
      cwd: '/w',
      sessionId: 's',
      message: { content: [{ type: 'tool_use', id: `t${i}`, name: 'Bash', input: { command: 'ls' } }] },
    };
    given += parser.read({ text: JSON.stringify(line), session: 's', cwd: '' }).length;
  }
  assert.equal(given, 4_000);
  assert.equal(parser.end().length, 1_000);
});
