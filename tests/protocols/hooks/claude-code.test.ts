import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeHook, encodeHook, withCommand } from '../../../src/protocols/hooks/agents.ts';
import type { HookCall } from '../../../src/protocols/hooks/hook.ts';

const BASE = {
  session_id: 's1',
  transcript_path: '/t',
  cwd: '/w',
  permission_mode: 'default',
  hook_event_name: 'PreToolUse',
  tool_use_id: 'tu1',
};

function decode(fields: object): ReturnType<typeof decodeHook> {
  return decodeHook('claude-code', new TextEncoder().encode(JSON.stringify({ ...BASE, ...fields })), {
    home: '/home/u',
  });
}

function call(fields: object): HookCall {
  const decoded = decode(fields);
  assert.ok(decoded.ok, decoded.ok ? '' : decoded.error);
  return decoded.call;
}

function actionText(fields: object): string {
  const { action } = call(fields);
  return action.kind === 'harmless-tool'
    ? `harmless ${action.tool}`
    : `${action.kind} ${new TextDecoder().decode(action.bytes)}`;
}

const tools: readonly { readonly tool: string; readonly input: object; readonly want: string }[] = [
  { tool: 'Bash', input: { command: 'ls -la' }, want: 'shell ls -la' },
  { tool: 'Bash', input: { command: '' }, want: 'shell ' },
  { tool: 'Monitor', input: { command: 'rm -rf x', description: 'd', timeout_ms: 1 }, want: 'shell rm -rf x' },
  { tool: 'Read', input: { file_path: '/w/a', limit: 3 }, want: 'file {"op":"read","path":"/w/a","tool":"Read"}' },
  { tool: 'Read', input: { file_path: 'b/../../c' }, want: 'file {"op":"read","path":"/c","tool":"Read"}' },
  {
    tool: 'Write',
    input: { file_path: '~/.bashrc', content: 'x' },
    want: 'file {"content":"x","op":"write","path":"/home/u/.bashrc","tool":"Write"}',
  },
  { tool: 'Grep', input: { pattern: 'x' }, want: 'file {"op":"read","path":"/w","tool":"Grep"}' },
  { tool: 'Glob', input: { pattern: '/etc/**/*.conf' }, want: 'file {"op":"read","path":"/etc","tool":"Glob"}' },
  { tool: 'Glob', input: { pattern: '../*/x' }, want: 'file {"op":"read","path":"/","tool":"Glob"}' },
  {
    tool: 'Glob',
    input: { pattern: 'src/*.ts', path: '/v' },
    want: 'file {"op":"read","path":"/v/src","tool":"Glob"}',
  },
  {
    tool: 'Edit',
    input: { file_path: '/w/a', old_string: 'o', new_string: 'n' },
    want: 'file {"content":"{\\"edits\\":[{\\"all\\":false,\\"new\\":\\"n\\",\\"old\\":\\"o\\"}]}","op":"write","path":"/w/a","tool":"Edit"}',
  },
  {
    tool: 'WebFetch',
    input: { url: 'https://e.org/', prompt: 'p' },
    want: 'http {"method":"GET","url":"https://e.org/"}',
  },
  { tool: 'TodoWrite', input: { todos: [] }, want: 'harmless TodoWrite' },
  { tool: 'Task', input: { prompt: 'p' }, want: 'harmless Task' },
  {
    tool: 'mcp__db__drop_table',
    input: { name: 't' },
    want: 'mcp {"arguments":{"name":"t"},"server":"db","tool":"drop_table"}',
  },
  { tool: 'mcp__a__b__c', input: {}, want: 'mcp {"arguments":{},"server":"a","tool":"b__c"}' },
  {
    tool: 'Skill',
    input: { skill: 'x' },
    want: 'mcp {"arguments":{"skill":"x"},"server":"claude-code","tool":"Skill"}',
  },
  {
    tool: 'BrandNewTool',
    input: { a: 1 },
    want: 'mcp {"arguments":{"a":1},"server":"claude-code","tool":"BrandNewTool"}',
  },
  {
    tool: 'ExitWorktree',
    input: { action: 'remove', discard_changes: true },
    want: 'mcp {"arguments":{"action":"remove","discard_changes":true},"server":"claude-code","tool":"ExitWorktree"}',
  },
  { tool: 'ExitWorktree', input: { action: 'keep' }, want: 'harmless ExitWorktree' },
];

for (const { tool, input, want } of tools) {
  test(`${tool} ${JSON.stringify(input)}`, () =>
    assert.equal(actionText({ tool_name: tool, tool_input: input }), want));
}

const refused: readonly { readonly note: string; readonly fields: object; readonly want: RegExp }[] = [
  {
    note: 'no session',
    fields: { session_id: undefined, tool_name: 'Bash', tool_input: { command: 'x' } },
    want: /`session_id` is missing/,
  },
  {
    note: 'relative cwd',
    fields: { cwd: 'w', tool_name: 'Bash', tool_input: { command: 'x' } },
    want: /`cwd` is not an absolute path/,
  },
  { note: 'no input', fields: { tool_name: 'Bash' }, want: /`tool_input` is not an object/ },
  {
    note: 'command is a list',
    fields: { tool_name: 'Bash', tool_input: { command: ['rm'] } },
    want: /`command` is not a string/,
  },
  {
    note: 'command only on the prototype',
    fields: { tool_name: 'Bash', tool_input: { ['__proto__x']: 1 } },
    want: /`command` is missing/,
  },
  {
    note: 'path with white space around it',
    fields: { tool_name: 'Write', tool_input: { file_path: ' /etc/passwd', content: '' } },
    want: /white space/,
  },
  {
    note: 'unknown event',
    fields: { hook_event_name: 'Stop', tool_name: 'Bash', tool_input: { command: 'x' } },
    want: /not expected/,
  },
  { note: 'half an MCP name', fields: { tool_name: 'mcp__db', tool_input: {} }, want: /names no server and tool/ },
];

for (const { note, fields, want } of refused) {
  test(`refuses: ${note}`, () => {
    const decoded = decode(fields);
    assert.ok(!decoded.ok);
    assert.match(decoded.error, want);
  });
}

test('refuses bytes that two readers could take differently', () => {
  for (const [text, want] of [
    ['{"session_id":"a","session_id":"b"}', /duplicate key/],
    ['{', /not valid JSON/],
    ['[]', /not an object/],
    [`${'{"a":'.repeat(80)}1${'}'.repeat(80)}`, /nested deeper/],
  ] as const) {
    const decoded = decodeHook('claude-code', new TextEncoder().encode(text));
    assert.ok(!decoded.ok);
    assert.match(decoded.error, want);
  }
  assert.deepEqual(decodeHook('claude-code', new Uint8Array([0x7b, 0xff])), { ok: false, error: 'not valid UTF-8' });
});

test('fields that a later version adds do not matter', () => {
  const decoded = call({
    tool_name: 'Bash',
    tool_input: { command: 'ls', description: 'list', novel: 1 },
    agent_id: 'x',
    novel: {},
  });
  assert.equal(decoded.statedPurpose, 'list');
  assert.equal(decoded.toolUseId, 'tu1');
  assert.equal(decoded.rewritable, true);
});

test('notes say what runs unseen', () => {
  assert.deepEqual(call({ tool_name: 'Bash', tool_input: { command: 'x', run_in_background: true } }).notes, [
    'runs in the background',
  ]);
});

test('outcomes', () => {
  const input = { tool_name: 'Bash', tool_input: { command: 'x' } };
  assert.deepEqual(
    call({ ...input, hook_event_name: 'PostToolUse', tool_response: { stdout: 'y', interrupted: false } }).outcome
      ?.outcome,
    'done',
  );
  assert.deepEqual(
    call({ ...input, hook_event_name: 'PostToolUse', tool_response: { interrupted: true } }).outcome?.outcome,
    'unknown',
  );
  assert.deepEqual(call({ ...input, hook_event_name: 'PostToolUseFailure', error: 'exit 1' }).outcome, {
    outcome: 'failed',
    detail: 'exit 1',
  });
});

test('a plain allow says nothing, so that the own rules of the user still ask', () => {
  const before = call({ tool_name: 'Bash', tool_input: { command: 'ls' } });
  assert.deepEqual(encodeHook({ kind: 'allow' }, before), { exitCode: 0, stdout: '' });
  assert.deepEqual(encodeHook({ kind: 'nothing' }, before), { exitCode: 0, stdout: '' });
});

test('a refusal and a rewrite', () => {
  const before = call({ tool_name: 'Bash', tool_input: { command: 'ls', description: 'd' } });
  const denied = encodeHook({ kind: 'deny', reason: 'because\nof "this"' }, before);
  assert.deepEqual(denied.exitCode === 0 && JSON.parse(denied.stdout), {
    hookSpecificOutput: {
      hookEventName: 'PreToolUse',
      permissionDecision: 'deny',
      permissionDecisionReason: 'because\nof "this"',
    },
  });
  const rewritten = encodeHook(withCommand(before, 'holdpoint exec h-x'), before);
  assert.deepEqual(rewritten.exitCode === 0 && JSON.parse(rewritten.stdout), {
    hookSpecificOutput: {
      hookEventName: 'PreToolUse',
      permissionDecision: 'allow',
      updatedInput: { command: 'holdpoint exec h-x', description: 'd' },
    },
  });
});
