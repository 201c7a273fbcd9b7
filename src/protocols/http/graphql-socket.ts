import type { Json } from '../../core/canonical-json.ts';
import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';

/**
 * The two protocols of GraphQL over WebSocket: `graphql-transport-ws` (enisdenjo/graphql-ws, PROTOCOL.md) and the older
 * `graphql-ws` (apollographql/subscriptions-transport-ws, PROTOCOL.md).
 */
export const GRAPHQL_PROTOCOLS = ['graphql-transport-ws', 'graphql-ws'] as const;
export type GraphqlProtocol = (typeof GRAPHQL_PROTOCOLS)[number];

export type ClientMessage =
  /** Asks for nothing; passed on as `text`. */
  | { readonly kind: 'control'; readonly text: string }
  | { readonly kind: 'init'; readonly params: { readonly [key: string]: Json | undefined }; readonly text: string }
  /** `request` is what a GraphQL request over HTTP would have as its body. */
  | { readonly kind: 'operation'; readonly id: string; readonly request: Json; readonly text: string }
  | { readonly kind: 'stop'; readonly id: string; readonly text: string }
  | { readonly kind: 'invalid'; readonly why: string };

const WORDS: Readonly<Record<GraphqlProtocol, Readonly<Record<string, Exclude<ClientMessage['kind'], 'invalid'>>>>> = {
  'graphql-transport-ws': {
    connection_init: 'init',
    ping: 'control',
    pong: 'control',
    subscribe: 'operation',
    complete: 'stop',
  },
  'graphql-ws': { connection_init: 'init', connection_terminate: 'control', start: 'operation', stop: 'stop' },
};
const ID_CHARS = 256;

/** Pure. `text` of a message is written anew from what was read, so that a server reads the same. */
export function readClientMessage(protocol: GraphqlProtocol, written: string): ClientMessage {
  const parsed = parseStrictJson(written, LIMITS.jsonDepth);
  if (!parsed.ok || !isObject(parsed.value)) return invalid('a message that is not a JSON object');
  const { type, id, payload, ...rest } = parsed.value;
  if (typeof type !== 'string' || Object.keys(rest).length > 0) return invalid('a message with members of its own');
  const kind = Object.hasOwn(WORDS[protocol], type) ? WORDS[protocol][type] : undefined;
  if (kind === undefined) return invalid(`a message of the type \`${type.slice(0, 40)}\``);
  const text = JSON.stringify(parsed.value);
  if (kind === 'init') {
    if (payload !== undefined && payload !== null && !isObject(payload))
      return invalid('parameters that are no object');
    return { kind, params: isObject(payload) ? payload : {}, text };
  }
  if (kind === 'control') return { kind, text };
  if (typeof id !== 'string' || id === '' || id.length > ID_CHARS) return invalid('an operation without a usable id');
  if (kind === 'stop') return { kind, id, text };
  return isObject(payload) ? { kind, id, request: payload, text } : invalid('an operation without a request');
}

export interface ServerMessage {
  readonly kind: 'result' | 'failed' | 'over' | 'other';
  readonly id: string | undefined;
}

/** What a server's message says of an operation. One that cannot be read says nothing. */
export function readServerMessage(written: string): ServerMessage {
  const parsed = parseStrictJson(written, LIMITS.jsonDepth);
  if (!parsed.ok || !isObject(parsed.value)) return { kind: 'other', id: undefined };
  const { type, id } = parsed.value;
  const kind =
    type === 'next' || type === 'data'
      ? 'result'
      : type === 'error'
        ? 'failed'
        : type === 'complete'
          ? 'over'
          : 'other';
  return { kind, id: typeof id === 'string' ? id : undefined };
}

/** The refusal of one operation, as the protocol has it. */
export function refusalMessage(
  protocol: GraphqlProtocol,
  id: string,
  message: string,
  extensions: { readonly [key: string]: Json | undefined },
): string {
  const error = { message, extensions: { ...extensions } };
  return JSON.stringify({ id, type: 'error', payload: protocol === 'graphql-transport-ws' ? [error] : error });
}

function invalid(why: string): ClientMessage {
  return { kind: 'invalid', why };
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
