import { decodeClaudeCode, encodeClaudeCode } from './claude-code.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import type { DecodeOptions, HookAgent, HookCall, HookDecoded, HookOutput, HookReply } from './hook.ts';

export function decodeHook(agent: HookAgent, payload: Uint8Array, options: DecodeOptions = {}): HookDecoded {
  switch (agent) {
    case 'claude-code':
      return decodeClaudeCode(payload, options);
    case 'cursor':
      return decodeCursor(payload, options);
    default:
      return agent satisfies never;
  }
}

export function encodeHook(reply: HookReply, call: HookCall): HookOutput {
  switch (call.agent) {
    case 'claude-code':
      return encodeClaudeCode(reply, call);
    case 'cursor':
      return encodeCursor(reply, call);
    default:
      return call.agent satisfies never;
  }
}

/** The tool's whole input with its command replaced: hosts take `updatedInput` as the whole, not as a patch. */
export function withCommand(call: HookCall, command: string): HookReply {
  return { kind: 'allow', updatedInput: { ...call.toolInput, command } };
}
