import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeHook, encodeHook, withCommand } from '../../../src/protocols/hooks/agents.ts';
import type { HookCall } from '../../../src/protocols/hooks/hook.ts';

const BASE = { conversation_id: 'c1', generation_id: 'g1', cursor_version: '3.9.0', workspace_roots: ['/w'] };

function decode(fields: object): ReturnType<typeof decodeHook> {
  return decodeHook('cursor', new TextEncoder().encode(JSON.stringify({ ...BASE, ...fields })));
}

function call(fields: object): HookCall {
  const decoded = decode(fields);
  assert.ok(decoded.ok, decoded.ok ? '' : decoded.error);
  return decoded.call;
}

const SHELL = { hook_event_name: 'beforeShellExecution', command: 'rm -rf x', cwd: '/w/sub', sandbox: false };

const table: readonly {
  readonly note: string;
  readonly fields: object;
  readonly want: string;
  readonly preview?: boolean;
}[] = [
  { note: 'shell', fields: SHELL, want: 'shell rm -rf x' },
  {
    note: 'read',
    fields: { hook_event_name: 'beforeReadFile', file_path: '/w/a', content: 'x' },
    want: 'file {"op":"read","path":"/w/a","tool":"Read"}',
  },
  {
    note: 'MCP, input as text',
    fields: {
      hook_event_name: 'beforeMCPExecution',
      tool_name: 'q',
      tool_input: '{"sql":"drop table t"}',
      url: 'http://h/mcp',
    },
    want: 'mcp {"arguments":{"sql":"drop table t"},"server":"http://h/mcp","tool":"q"}',
  },
  {
    note: 'MCP, no input',
    fields: { hook_event_name: 'beforeMCPExecution', tool_name: 'q', tool_input: '', command: 'npx srv' },
    want: 'mcp {"arguments":{},"server":"npx srv","tool":"q"}',
  },
  {
    note: 'tool: shell',
    fields: { hook_event_name: 'preToolUse', tool_name: 'Shell', tool_input: { command: 'ls' } },
    want: 'shell ls',
    preview: true,
  },
  {
    note: 'tool: read',
    fields: { hook_event_name: 'preToolUse', tool_name: 'Read', tool_input: { file_path: 'a' } },
    want: 'file {"op":"read","path":"/w/a","tool":"Read"}',
    preview: true,
  },
  {
    note: 'tool: MCP',
    fields: { hook_event_name: 'preToolUse', tool_name: 'MCP:q', tool_input: {} },
    want: 'mcp {"arguments":{},"server":"cursor","tool":"q"}',
    preview: true,
  },
  {
    note: 'tool: delete',
    fields: { hook_event_name: 'preToolUse', tool_name: 'Delete', tool_input: { path: '/w/a' } },
    want: 'file {"op":"delete","path":"/w/a","tool":"Delete"}',
  },
  {
    note: 'tool: to-do',
    fields: { hook_event_name: 'preToolUse', tool_name: 'TodoWrite', tool_input: {} },
    want: 'harmless TodoWrite',
  },
  {
    note: 'tool: new',
    fields: { hook_event_name: 'preToolUse', tool_name: 'Novel', tool_input: {} },
    want: 'mcp {"arguments":{},"server":"cursor","tool":"Novel"}',
  },
];

for (const { note, fields, want, preview } of table) {
  test(note, () => {
    const { action, preview: previewed } = call(fields);
    assert.equal(
      action.kind === 'harmless-tool'
        ? `harmless ${action.tool}`
        : `${action.kind} ${new TextDecoder().decode(action.bytes)}`,
      want,
    );
    assert.equal(previewed, preview ?? false);
  });
}

test('the working directory is the one said, else the workspace', () => {
  assert.equal(call(SHELL).cwd, '/w/sub');
  assert.equal(call({ ...SHELL, cwd: '' }).cwd, '/w');
  const nowhere = call({ ...SHELL, cwd: '', workspace_roots: [] });
  assert.equal(nowhere.cwd, '');
  assert.ok(nowhere.action.kind === 'shell' && nowhere.action.cwd === undefined);
});

test('refuses what is missing or ill-typed', () => {
  for (const fields of [
    { ...SHELL, conversation_id: '' },
    { ...SHELL, command: 7 },
    { hook_event_name: 'beforeMCPExecution', tool_name: 'q', tool_input: '{"a":1,"a":2}' },
    { hook_event_name: 'beforeMCPExecution', tool_name: 'q', tool_input: '[1]' },
    { hook_event_name: 'beforeReadFile' },
    { hook_event_name: 'beforeSubmitPrompt', prompt: 'x' },
  ]) {
    assert.equal(decode(fields).ok, false, JSON.stringify(fields));
  }
});

test('an allow is explicit, a refusal says it in both messages', () => {
  const before = call(SHELL);
  assert.deepEqual(encodeHook({ kind: 'allow' }, before), { exitCode: 0, stdout: '{"permission":"allow"}' });
  assert.deepEqual(encodeHook({ kind: 'nothing' }, before), { exitCode: 0, stdout: '{"permission":"allow"}' });
  const denied = encodeHook({ kind: 'deny', reason: 'r' }, before);
  assert.deepEqual(denied.exitCode === 0 && JSON.parse(denied.stdout), {
    permission: 'deny',
    user_message: 'r',
    agent_message: 'r',
  });
});

test('where a command cannot be replaced, a rewrite is a refusal that names the command', () => {
  const before = call(SHELL);
  const output = encodeHook(withCommand(before, 'holdpoint exec h-x'), before);
  assert.ok(output.exitCode === 0);
  assert.match(output.stdout, /"permission":"deny"/);
  assert.match(output.stdout, /run `holdpoint exec h-x` instead/);
  const tool = call({ hook_event_name: 'preToolUse', tool_name: 'Shell', tool_input: { command: 'ls', timeout: 3 } });
  const replaced = encodeHook(withCommand(tool, 'holdpoint exec h-x'), tool);
  assert.deepEqual(replaced.exitCode === 0 && JSON.parse(replaced.stdout), {
    permission: 'allow',
    updated_input: { command: 'holdpoint exec h-x', timeout: 3 },
  });
});

test('outcomes', () => {
  assert.equal(
    call({ hook_event_name: 'afterShellExecution', command: 'ls', output: 'a', duration: 1 }).outcome?.outcome,
    'done',
  );
  const failed = {
    hook_event_name: 'postToolUseFailure',
    tool_name: 'Shell',
    tool_input: { command: 'ls' },
    error_message: 'e',
  };
  assert.equal(call({ ...failed, failure_type: 'error' }).outcome?.outcome, 'failed');
  assert.equal(call({ ...failed, failure_type: 'timeout' }).outcome?.outcome, 'unknown');
  assert.equal(call({ ...failed, failure_type: 'permission_denied' }).outcome?.outcome, 'not-started');
});
