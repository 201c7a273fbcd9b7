import { isGraphqlPath } from '../../protocols/http/graphql-request.ts';
import { checkRequestHead, type RequestHead } from '../../protocols/http/head.ts';
import {
  type Authority,
  authorityText,
  canonicalTarget,
  defaultPort,
  parseAbsoluteTarget,
  parseAuthority,
  type Scheme,
  sameAuthority,
} from '../../protocols/http/target.ts';
import { decodeBody, type ReadBody, readBody } from './body.ts';
import type { ClientSide } from './client-side.ts';
import type { GatewayIdentity, GatewayOutcome, GatewayRefusal, GatewayRequest } from './contract.ts';
import { isGitPush } from './git-push.ts';
import type { OperationJudge } from './graphql-operations.ts';
import { type Gateway, judgeInTime, Refused, record } from './judge-in-time.ts';
import { proxyCredentials } from './proxy-credentials.ts';
import type { Refusal } from './refusal.ts';
import { relay } from './relay.ts';
import type { Upstream } from './upstream.ts';
import { operationToJudge, relayWebSocket, upgradeToJudge } from './websocket.ts';

/** One client connection: a tunnel, or plain proxying. */
export interface Connection {
  readonly id: string;
  readonly tunnel?: { readonly authority: Authority; readonly scheme: Scheme; readonly identity: GatewayIdentity };
  readonly upstream: Upstream;
  /** Requests are answered one after the other, in their order. */
  turn: Promise<void>;
  waiting: number;
  /** A refusal ends the connection; what was pipelined behind it is dropped. */
  finished: boolean;
  /** A request of this connection is being passed on: an answer may be half written. */
  passed: boolean;
}

interface Asked {
  readonly identity: GatewayIdentity;
  readonly scheme: Scheme;
  readonly authority: Authority;
  readonly target: string;
  readonly url: string;
  readonly head: RequestHead;
}

/** One request from its head to the end of its answer. Never rejects; nothing is sent on without a `pass`. */
export async function exchange(gateway: Gateway, connection: Connection, client: ClientSide): Promise<void> {
  const { expectsContinue } = client;
  const asked = identifyRequest(gateway, connection, client);
  const seen = asked instanceof Refused ? undefined : asked;
  let passed: ((outcome: GatewayOutcome) => void) | undefined;
  let bodyAwaited = !expectsContinue;
  let sending = false;
  const refuse = async (
    refused: { readonly code: string; readonly refusal: Refusal },
    silent = false,
  ): Promise<void> => {
    // What followed on the connection was refused meanwhile (bad syntax): that answer is on its way.
    if (connection.finished) return;
    connection.finished = true;
    if (!silent) report(gateway, connection, client, refused, seen);
    await client.refuse(refused.refusal, seen !== undefined && speaksGraphql(seen), bodyAwaited);
  };
  if (asked instanceof Refused) return refuse(asked);
  if (gateway.closing) return refuse(new Refused(503, 'closing', 'the gateway is shutting down'));
  if (gateway.inFlight >= gateway.limits.inFlight)
    return refuse(new Refused(503, 'busy', `more than ${gateway.limits.inFlight} requests at one time`, 1));

  gateway.inFlight += 1;
  const gone = new AbortController();
  const onClose = (): void => {
    if (!client.finished()) gone.abort();
  };
  const stopListening = client.onClose(onClose);
  // A stream may be reset in the same breath in which it is opened.
  if (client.destroyed()) onClose();
  const lost = (): boolean => gone.signal.aborted || connection.finished;
  try {
    let body: ReadBody;
    const { framing } = asked.head;
    if (framing.kind === 'none') body = { kind: 'whole', bytes: Buffer.alloc(0) };
    else if (
      framing.kind === 'length' &&
      framing.bytes > gateway.limits.judgedBodyBytes &&
      !beginsWithItsMeaning(asked)
    )
      body = { kind: 'too-large', start: Buffer.alloc(0) };
    else {
      if (expectsContinue) client.sendContinue();
      bodyAwaited = true;
      body = await readBody(
        client.body,
        client.bodyComplete,
        gateway.limits.judgedBodyBytes,
        gateway.limits.bodyTimeoutMs,
      );
    }
    if (body.kind === 'timeout')
      return await refuse(
        new Refused(408, 'body-timeout', `the body did not come in ${gateway.limits.bodyTimeoutMs} ms`),
      );
    if (body.kind === 'broken') return await refuse(new Refused(400, 'body-broken', 'the body broke off'));
    if (client.hasTrailers())
      return await refuse(new Refused(400, 'trailers', 'request trailers come after what is judged'));

    const judgedRequest = await judged(gateway, connection, client, asked, body);
    if (judgedRequest instanceof Refused) return await refuse(judgedRequest);
    const toJudge = client.upgrade === undefined ? judgedRequest : upgradeToJudge(judgedRequest, asked.head);
    const stopPosting = keepPosted(client, gateway.limits.progressMs);
    const decision = await judgeInTime(gateway, toJudge, gone.signal).finally(stopPosting);
    if (decision instanceof Refused) return await refuse(decision);
    if (decision.kind === 'refuse') return await refuse({ code: 'judged', refusal: decision }, true);

    passed = once((outcome) => record(gateway, decision, outcome));
    const reach = lost() ? undefined : await connection.upstream.resolve(asked.scheme, asked.authority);
    if (reach?.ok === false) {
      passed({ outcome: 'not-started', detail: reach.refusal.problem.detail });
      return await refuse(reach);
    }
    if (reach === undefined || lost()) {
      connection.finished = true;
      passed({ outcome: 'not-started', detail: 'the client went away' });
      client.cut();
      return;
    }
    if (body.kind === 'too-large' && expectsContinue && !bodyAwaited) client.sendContinue();
    bodyAwaited = true;
    connection.passed = true;
    sending = true;
    const plan = {
      scheme: asked.scheme,
      authority: asked.authority,
      method: client.method,
      target: asked.target,
      head: asked.head,
      body: body.kind === 'whole' ? body.bytes : body.start,
      ...(body.kind === 'whole' ? {} : { rest: client }),
    };
    const relayed =
      client.upgrade === undefined
        ? await relay(plan, reach.reached, connection.upstream, client, gateway.limits)
        : await relayWebSocket(plan, reach.reached, connection.upstream, client, gateway.limits, (...operation) =>
            judgeOperation(gateway, judgedRequest, ...operation),
          );
    passed(relayed.outcome);
    if (relayed.refusal !== undefined) await refuse({ code: relayed.refusal.code, refusal: relayed.refusal });
    else if (client.destroyed()) connection.finished = true;
  } catch (error) {
    // A bug here must not open the way: the client is refused, and what was let pass is of unknown outcome.
    passed?.({ outcome: sending ? 'unknown' : 'not-started', detail: 'internal error' });
    await refuse(
      new Refused(
        503,
        'internal',
        `internal error: ${error instanceof Error ? error.message.slice(0, 200) : 'unknown'}`,
      ),
    ).catch(() => client.cut());
  } finally {
    gateway.inFlight -= 1;
    connection.passed = false;
    stopListening();
  }
}

/** One operation on a WebSocket, judged as the same GraphQL request over HTTP would be, by whoever opened the WebSocket. */
async function judgeOperation(
  gateway: Gateway,
  upgrade: GatewayRequest,
  ...[request, params, signal]: Parameters<OperationJudge>
): ReturnType<OperationJudge> {
  const decision = await judgeInTime(gateway, operationToJudge(upgrade, request, params), signal);
  if (decision instanceof Refused) return { kind: 'refuse', refusal: decision.refusal };
  if (decision.kind === 'refuse') return { kind: 'refuse', refusal: decision };
  return { kind: 'pass', done: once((outcome) => record(gateway, decision, outcome)) };
}

/** Who asks for what: target, Host, SNI and CONNECT authority must all say the same. */
function identifyRequest(gateway: Gateway, connection: Connection, client: ClientSide): Asked | Refused {
  const checked = checkRequestHead({
    method: client.method,
    httpVersion: client.httpVersion,
    rawHeaders: client.rawHeaders,
    endsWithHead: client.endsWithHead,
    mayUpgrade: client.upgrade !== undefined,
  });
  if (!checked.ok) return new Refused(checked.fault.status, checked.fault.code, checked.fault.detail);
  const { head } = checked;
  const { tunnel } = connection;
  let authority: Authority;
  let target: string;
  let identity: GatewayIdentity;
  const scheme = tunnel?.scheme ?? 'http';
  if (tunnel !== undefined) {
    authority = tunnel.authority;
    identity = tunnel.identity;
    if (client.serverName !== undefined && client.serverName !== authority.host)
      return new Refused(421, 'sni', 'the TLS server name is not the host of the tunnel');
    const path = canonicalTarget(client.target);
    if (!path.ok) return new Refused(400, 'target', path.why);
    target = path.value;
  } else {
    const absolute = parseAbsoluteTarget(client.target);
    if (!absolute.ok) return new Refused(400, 'target', absolute.why);
    ({ authority, target } = absolute.value);
    const credentials = proxyCredentials(valueIn(client.rawHeaders, 'proxy-authorization'));
    const known =
      credentials === undefined ? undefined : gateway.options.identify(credentials.user, credentials.password);
    if (known === undefined) return new Refused(407, 'identity', 'the proxy credentials name no task');
    identity = known;
  }
  if (client.pseudo !== undefined && client.pseudo.scheme !== scheme)
    return new Refused(400, 'scheme', 'the scheme of the request is not that of its connection');
  for (const text of [head.host, client.pseudo?.authority]) {
    if (text === undefined) continue;
    const host = parseAuthority(text, defaultPort(scheme));
    if (!host.ok) return new Refused(400, 'host', host.why);
    if (!sameAuthority(host.value, authority))
      return new Refused(421, 'host', 'the Host header is not the host of the request');
  }
  return { identity, scheme, authority, target, head, url: `${scheme}://${authorityText(authority, scheme)}${target}` };
}

/** Builds what is judged, its body decoded. */
async function judged(
  gateway: Gateway,
  connection: Connection,
  client: ClientSide,
  asked: Asked,
  body: ReadBody & { kind: 'whole' | 'too-large' },
): Promise<GatewayRequest | Refused> {
  const base = {
    connectionId: connection.id,
    identity: asked.identity,
    method: client.method,
    url: asked.url,
    headers: asked.head.headers,
  };
  if (body.kind === 'too-large') {
    const isReadable = body.start.length > 0 && asked.head.contentEncoding === undefined;
    return {
      ...base,
      bodyTooLarge: true,
      ...(isReadable && beginsWithItsMeaning(asked) ? { bodyStart: body.start } : {}),
    };
  }
  if (body.bytes.length === 0 && asked.head.contentEncoding === undefined) return { ...base, bodyTooLarge: false };
  const decoded = await decodeBody(body.bytes, asked.head.contentEncoding, gateway.limits.judgedBodyBytes);
  if (!decoded.ok) return new Refused(decoded.status, decoded.code, decoded.detail);
  return { ...base, body: decoded.bytes, bodyTooLarge: false };
}

/**
 * Clients that read 102 as what it is. Others take any 1xx but 100 for the answer (Python's http.client), so they get none.
 */
const STANDS_102 = /^(curl\/|node$|undici|node-fetch|axios\/|got )/i;
/** Go's client gives up at the sixth answer before the answer; nobody needs more. */
const MOST_PROGRESS = 4;

/** Says now and then, ever more rarely, that the request is still being judged. Gives a way to stop. */
function keepPosted(client: ClientSide, progressMs: number): () => void {
  if (!STANDS_102.test(valueIn(client.rawHeaders, 'user-agent') ?? '')) return () => undefined;
  let said = 0;
  const say = (): void => {
    client.sendInformation(102, []);
    said += 1;
    if (said < MOST_PROGRESS) timer = setTimeout(say, progressMs * 3 ** said);
  };
  let timer = setTimeout(say, progressMs);
  return () => clearTimeout(timer);
}

function report(
  gateway: Gateway,
  connection: Connection,
  client: ClientSide,
  refused: { readonly code: string; readonly refusal: Refusal },
  asked: Asked | undefined,
): void {
  const identity = asked?.identity ?? connection.tunnel?.identity;
  const refusal: GatewayRefusal = {
    connectionId: connection.id,
    status: refused.refusal.status,
    code: refused.code,
    detail: refused.refusal.problem.detail,
    ...(identity === undefined ? {} : { identity }),
    method: client.method,
    ...(asked === undefined ? {} : { url: asked.url }),
  };
  try {
    gateway.options.onRefusal?.(refusal);
  } catch (error) {
    gateway.options.onRecordFailure?.(error);
  }
}

/** True where the client looks for GraphQL errors rather than for an HTTP status. */
function speaksGraphql(asked: Asked): boolean {
  const said = [...(asked.head.headers.get('content-type') ?? []), ...(asked.head.headers.get('accept') ?? [])].join(
    ',',
  );
  return isGraphqlPath(asked.target) && /json|graphql/i.test(said);
}

function beginsWithItsMeaning(asked: Asked): boolean {
  return isGitPush('POST', asked.url, asked.head.headers.get('content-type'));
}

/** Of a header that the head check lets come only once. */
function valueIn(rawHeaders: readonly string[], name: string): string | undefined {
  const at = rawHeaders.findIndex((one, index) => index % 2 === 0 && one.toLowerCase() === name);
  return at === -1 ? undefined : rawHeaders[at + 1];
}

function once<T>(run: (value: T) => void): (value: T) => void {
  let ran = false;
  return (value) => {
    if (ran) return;
    ran = true;
    run(value);
  };
}
