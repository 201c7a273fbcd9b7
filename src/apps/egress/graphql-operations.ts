import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Json } from '../../core/canonical-json.ts';
import {
  type GraphqlProtocol,
  readClientMessage,
  readServerMessage,
  refusalMessage,
} from '../../protocols/http/graphql-socket.ts';
import { encodeFrame, makeMessageReader, OPCODE, type WebSocketMessage } from '../../protocols/http/websocket.ts';
import type { EgressLimits, GatewayOutcome } from './contract.ts';
import type { Refusal } from './refusal.ts';

/** Judges one operation of a connection. `done` is called exactly once for one that was let pass. */
export type OperationJudge = (
  request: Json,
  params: { readonly [key: string]: Json | undefined },
  signal: AbortSignal,
) => Promise<
  | { readonly kind: 'pass'; done(outcome: GatewayOutcome): void }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
>;

/** Operations of one connection that are judged or go on. */
const MOST_OPERATIONS = 64;
/** Close codes of graphql-transport-ws. */
const CLOSE = { invalid: 4400, tooMany: 4429, sameId: 4409, unreadable: 1003 } as const;

interface Operation {
  readonly stop: AbortController;
  done: ((outcome: GatewayOutcome) => void) | undefined;
  hasResult: boolean;
}

/**
 * Passes the messages of GraphQL over WebSocket: each operation is judged before it is sent on, and a refused one is
 * answered in the protocol's own words. Resolves when the connection is over.
 */
export function passGraphql(
  protocol: GraphqlProtocol,
  ends: { readonly client: Socket; readonly server: Socket },
  fromClient: Buffer,
  fromServer: Buffer,
  limits: EgressLimits,
  judge: OperationJudge,
): Promise<void> {
  const operations = new Map<string, Operation>();
  const reader = makeMessageReader({ masked: true, messageBytes: limits.judgedBodyBytes });
  const onlooker = makeMessageReader({ masked: false, messageBytes: limits.judgedBodyBytes, skipsLarge: true });
  let params: { readonly [key: string]: Json | undefined } | undefined;
  let isOver = false;

  const toServer = (opcode: number, payload: Uint8Array): void => {
    // SECURITY: written anew with a mask of ours, from what was read: the server reads what was judged.
    if (!ends.server.write(encodeFrame(opcode, payload, randomBytes(4)))) ends.client.pause();
  };
  const toClient = (text: string): void => {
    ends.client.write(encodeFrame(OPCODE.text, Buffer.from(text)));
  };
  const settle = (id: string, outcome: GatewayOutcome): void => {
    const operation = operations.get(id);
    operations.delete(id);
    operation?.stop.abort();
    operation?.done?.(outcome);
  };
  const close = (status: number, why: string): void => {
    if (isOver) return;
    const payload = Buffer.concat([Buffer.from([status >> 8, status & 0xff]), Buffer.from(why.slice(0, 100))]);
    ends.client.end(encodeFrame(OPCODE.close, payload));
    ends.server.end(encodeFrame(OPCODE.close, payload.subarray(0, 2), randomBytes(4)));
    finish();
  };
  const over = Promise.withResolvers<void>();
  const finish = (): void => {
    if (isOver) return;
    isOver = true;
    for (const [id, { hasResult }] of operations)
      settle(id, hasResult ? { outcome: 'done' } : { outcome: 'unknown', detail: 'the connection ended' });
    setImmediate(() => {
      for (const end of [ends.client, ends.server]) end.destroySoon();
      over.resolve();
    });
  };

  const start = async (id: string, request: Json, text: string): Promise<void> => {
    const operation: Operation = { stop: new AbortController(), done: undefined, hasResult: false };
    operations.set(id, operation);
    const decision = await judge(request, params ?? {}, operation.stop.signal);
    const isStill = operations.get(id) === operation && !isOver;
    if (decision.kind === 'pass') {
      if (!isStill) return decision.done({ outcome: 'not-started', detail: 'the client stopped the operation' });
      operation.done = decision.done;
      toServer(OPCODE.text, Buffer.from(text));
      return;
    }
    if (!isStill) return;
    operations.delete(id);
    const { title, detail, ...extensions } = decision.refusal.problem;
    toClient(refusalMessage(protocol, id, `${title}: ${detail}`, { ...extensions, status: decision.refusal.status }));
  };

  const onClientText = (written: string) => {
    const message = readClientMessage(protocol, written);
    switch (message.kind) {
      case 'invalid':
        return close(CLOSE.invalid, message.why);
      case 'init':
        // A second one would change who asks, after the first was judged by.
        if (params !== undefined) return close(4429, 'too many initialisation requests');
        params = message.params;
        break;
      case 'control':
        break;
      case 'stop':
        if (operations.get(message.id)?.done === undefined) return settle(message.id, { outcome: 'not-started' });
        settle(message.id, { outcome: 'done', detail: 'stopped by the client' });
        break;
      case 'operation':
        if (operations.has(message.id)) return close(CLOSE.sameId, `the operation ${message.id} is going on already`);
        if (operations.size >= MOST_OPERATIONS) return close(CLOSE.tooMany, `more than ${MOST_OPERATIONS} operations`);
        void start(message.id, message.request, message.text).catch(finish);
        return;
      default:
        return message satisfies never;
    }
    toServer(OPCODE.text, Buffer.from(message.text));
  };
  const onClientMessage = ({ opcode, payload }: WebSocketMessage) => {
    switch (opcode) {
      case OPCODE.text: {
        const text = textOf(payload);
        return text === undefined ? close(1007, 'a text that is not UTF-8') : onClientText(text);
      }
      case OPCODE.binary:
        return close(CLOSE.unreadable, 'only text is understood here');
      case OPCODE.close:
        toServer(opcode, payload);
        return;
      default:
        toServer(opcode, payload);
    }
  };
  const onServerMessage = ({ opcode, payload }: WebSocketMessage): void => {
    const text = opcode === OPCODE.text ? textOf(payload) : undefined;
    if (text === undefined) return;
    const { kind, id } = readServerMessage(text);
    const operation = id === undefined ? undefined : operations.get(id);
    if (id === undefined || operation?.done === undefined) return;
    if (kind === 'result') operation.hasResult = true;
    else if (kind === 'failed') settle(id, { outcome: 'failed', detail: 'the server answered with an error' });
    else if (kind === 'over') settle(id, { outcome: 'done' });
  };

  const onClientData = (chunk: Uint8Array) => {
    const read = reader.push(chunk);
    if (!read.ok) return close(read.status, read.why);
    for (const message of read.messages) if (!isOver) onClientMessage(message);
  };
  const onServerData = (chunk: Uint8Array) => {
    const read = onlooker.push(chunk);
    if (!read.ok) return close(1002, 'the server sent what is no WebSocket');
    for (const message of read.messages) onServerMessage(message);
    if (!isOver && !ends.client.write(chunk)) ends.server.pause();
  };
  ends.server.on('drain', () => ends.client.resume());
  ends.client.on('drain', () => ends.server.resume());
  for (const end of [ends.client, ends.server]) end.once('end', finish).once('close', finish).once('error', finish);
  if (fromServer.length > 0) onServerData(fromServer);
  if (fromClient.length > 0) onClientData(fromClient);
  ends.server.on('data', onServerData);
  ends.client.on('data', onClientData);
  return over.promise;
}

function textOf(payload: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    return undefined;
  }
}
