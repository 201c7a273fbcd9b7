import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Json } from '../../core/canonical-json.ts';
import { GRAPHQL_PROTOCOLS, type GraphqlProtocol } from '../../protocols/http/graphql-socket.ts';
import { forwardableResponseHeaders, type RequestHead } from '../../protocols/http/head.ts';
import { type ClientSide, pairs } from './client-side.ts';
import type { EgressLimits, GatewayRequest } from './contract.ts';
import { type OperationJudge, passGraphql } from './graphql-operations.ts';
import { ownRefusal } from './refusal.ts';
import type { Relayed } from './relay.ts';
import { openHttp1 } from './send-http1.ts';
import { type RelayPlan, reasonOf } from './sending.ts';
import type { Reached, Upstream } from './upstream.ts';

/** What a client that asks for a WebSocket offers to speak there. */
export function protocolsOf(head: RequestHead): readonly string[] {
  return (head.headers.get('sec-websocket-protocol') ?? [])
    .flatMap((value) => value.split(','))
    .map((token) => token.trim())
    .filter((token) => token !== '');
}

/** Every protocol that is offered is one in which each operation can be judged before it is sent on. */
export function speaksGraphqlOnly(head: RequestHead): boolean {
  const protocols = protocolsOf(head);
  return protocols.length > 0 && protocols.every((one) => (GRAPHQL_PROTOCOLS as readonly string[]).includes(one));
}

/**
 * The upgrade as it is judged. Where each operation is judged on its own, the upgrade is a GET. Else whatever is said
 * later is not seen: then it is a CONNECT, as RFC 8441 writes it, which is opaque unless something says more.
 */
export function upgradeToJudge(request: GatewayRequest, head: RequestHead): GatewayRequest {
  const headers = new Map(request.headers);
  headers.set('upgrade', ['websocket']);
  const protocols = protocolsOf(head).join(', ');
  // Some servers take a token for a protocol's name.
  const isSecret = protocols.length > 60 || /auth|bearer|token|key/i.test(protocols);
  if (protocols !== '') headers.set(isSecret ? 'websocket-protocol-secret' : 'websocket-protocol', [protocols]);
  return { ...request, headers, method: speaksGraphqlOnly(head) ? request.method : 'CONNECT' };
}

/**
 * One operation as the GraphQL request over HTTP that it would be. What the connection was opened with says who asks;
 * parameters that say more than that may change the meaning, and are bound by a fingerprint.
 */
export function operationToJudge(
  upgrade: GatewayRequest,
  request: Json,
  params: { readonly [key: string]: Json | undefined },
): GatewayRequest {
  const headers = new Map([...upgrade.headers].filter(([name]) => !name.startsWith('sec-websocket-')));
  headers.set('content-type', ['application/json']);
  const { authorization, Authorization = authorization, ...more }: { [key: string]: Json | undefined } = params;
  if (typeof Authorization === 'string' && !headers.has('authorization')) headers.set('authorization', [Authorization]);
  else if (Authorization !== undefined) more['Authorization'] = Authorization;
  if (Object.keys(more).length > 0) headers.set('connection-params-secret', [JSON.stringify(more)]);
  return {
    ...upgrade,
    method: 'POST',
    headers,
    body: new TextEncoder().encode(JSON.stringify(request)),
    bodyTooLarge: false,
  };
}

/** Asks the server for the WebSocket that was let pass, and passes what is said there until either side ends it. */
export async function relayWebSocket(
  plan: RelayPlan,
  reached: Reached,
  upstream: Upstream,
  client: ClientSide,
  limits: EgressLimits,
  judgeOperation: OperationJudge,
): Promise<Relayed> {
  const { host } = plan.authority;
  const route = await upstream.route(plan.scheme, plan.authority, reached, false);
  if (route.kind !== 'http1') throw new TypeError('a WebSocket goes over HTTP/1.1');
  // An extension (compression) would make frames that cannot be read: it is not offered on.
  const forward = pairs(plan.head.forward).filter(([name]) => name.toLowerCase() !== 'sec-websocket-extensions');
  const head = { ...plan.head, forward: [...forward.flat(), 'Connection', 'Upgrade', 'Upgrade', 'websocket'] };
  const outgoing = openHttp1({ ...plan, head }, reached, route.agent);

  const asked = await new Promise<
    | { readonly kind: 'failed'; readonly detail: string; readonly isSent: boolean }
    | { readonly kind: 'gone' }
    | { readonly kind: 'answer'; readonly answer: IncomingMessage }
    | { readonly kind: 'upgraded'; readonly answer: IncomingMessage; readonly socket: Socket; readonly first: Buffer }
  >((resolve) => {
    let isSent = false;
    const fail = (detail: string): void => {
      resolve({ kind: 'failed', detail, isSent });
      outgoing.destroy();
    };
    const timer = setTimeout(() => fail(`\`${host}\` did not answer in time`), limits.connectTimeoutMs);
    const stopListening = client.onClose(() => {
      resolve({ kind: 'gone' });
      outgoing.destroy();
    });
    const settled = (): void => {
      clearTimeout(timer);
      stopListening();
    };
    outgoing.once('finish', () => {
      isSent = true;
    });
    outgoing.once('close', settled);
    outgoing.on('error', (error) => fail(`the connection to \`${host}\` failed: ${reasonOf(error)}`));
    outgoing.once('response', (answer) => {
      settled();
      resolve({ kind: 'answer', answer });
    });
    outgoing.once('upgrade', (answer, socket: Socket, first: Buffer) => {
      settled();
      socket.on('error', () => socket.destroy());
      resolve({ kind: 'upgraded', answer, socket, first });
    });
    outgoing.end();
  });

  switch (asked.kind) {
    case 'gone':
      return { outcome: { outcome: 'unknown', detail: 'the client went away' } };
    case 'failed': {
      const detail = `${asked.detail}; no WebSocket was opened`;
      return {
        outcome: { outcome: asked.isSent ? 'unknown' : 'not-started', detail },
        refusal: { ...ownRefusal(502, 'upstream', detail), code: 'upstream' },
      };
    }
    case 'answer':
      return passRefusal(asked.answer, client);
    case 'upgraded': {
      const why = faultOf(asked.answer, plan.head);
      const ours = client.upgrade?.take();
      if (why !== undefined || ours === undefined) {
        asked.socket.destroy();
        ours?.socket.destroy();
        const detail = `\`${host}\` did not open the WebSocket that was asked for: ${why ?? 'the client went away'}`;
        return { outcome: { outcome: 'failed', status: 101, detail } };
      }
      ours.socket.write(headOf(asked.answer));
      const protocol = asked.answer.headers['sec-websocket-protocol'];
      const ends = { client: ours.socket, server: asked.socket };
      // Nothing said for this long: the other side may be gone without a word.
      for (const end of [ends.client, ends.server] as Socket[])
        end.setTimeout(limits.answerTimeoutMs, () => end.destroy());
      if (speaksGraphqlOnly(plan.head))
        await passGraphql(protocol as GraphqlProtocol, ends, ours.first, asked.first, limits, judgeOperation);
      else await passUnseen(ends, ours.first, asked.first);
      return { outcome: { outcome: 'done', status: 101 } };
    }
    default:
      return asked satisfies never;
  }
}

function passUnseen(ends: { client: Socket; server: Socket }, fromClient: Buffer, fromServer: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const close = (): void => {
      ends.client.destroy();
      ends.server.destroy();
      resolve();
    };
    for (const end of [ends.client, ends.server]) end.once('close', close).once('error', close);
    ends.server.write(fromClient);
    ends.client.write(fromServer);
    ends.client.pipe(ends.server);
    ends.server.pipe(ends.client);
  });
}

/** The server said no: its answer is passed on like any other, and the connection ends. */
async function passRefusal(answer: IncomingMessage, client: ClientSide): Promise<Relayed> {
  const status = answer.statusCode ?? 502;
  const rawHeaders = [...forwardableResponseHeaders(answer.rawHeaders), 'Connection', 'close'];
  client.sendHead({ status, statusMessage: answer.statusMessage ?? '', rawHeaders, endsWithHead: false });
  answer.pipe(client.sink, { end: false });
  await new Promise<void>((resolve) => {
    answer.once('close', resolve);
    client.onClose(resolve);
  });
  if (answer.complete) client.end([]);
  else client.cut();
  return { outcome: { outcome: status < 400 ? 'done' : 'failed', status } };
}

/** The `Sec-WebSocket-Accept` that proves that a server speaks WebSocket. Source: RFC 6455 section 4.2.2. */
export function acceptFor(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** Why an answer does not open the WebSocket that was asked for. Source: RFC 6455 section 4.1. */
function faultOf(answer: IncomingMessage, head: RequestHead): string | undefined {
  const { headers } = answer;
  const key = head.headers.get('sec-websocket-key')?.[0] ?? '';
  if (answer.statusCode !== 101 || headers.upgrade?.toLowerCase() !== 'websocket') return 'another protocol';
  if (headers['sec-websocket-accept'] !== acceptFor(key)) return 'a wrong `Sec-WebSocket-Accept`';
  if (headers['sec-websocket-extensions'] !== undefined) return 'an extension that was not offered';
  const protocol = headers['sec-websocket-protocol'];
  const offered = protocolsOf(head);
  if (protocol !== undefined && !offered.includes(protocol)) return 'a protocol that was not offered';
  if (protocol === undefined && speaksGraphqlOnly(head)) return 'none of the protocols that were offered';
  return undefined;
}

function headOf(answer: IncomingMessage): string {
  const headers = pairs(forwardableResponseHeaders(answer.rawHeaders));
  const lines = [...headers, ['Connection', 'Upgrade'], ['Upgrade', 'websocket']].map(
    ([name, value]) => `${name}: ${value}`,
  );
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`;
}
