import { type ClientRequest, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { LIMITS } from '../../core/limits.ts';
import { forwardableResponseHeaders, type RequestHead } from '../../protocols/http/head.ts';
import { type Authority, authorityText, type Scheme } from '../../protocols/http/target.ts';
import type { EgressLimits, GatewayOutcome } from './contract.ts';
import { ownRefusal, type Refusal } from './refusal.ts';
import type { Reached, Upstream } from './upstream.ts';

export interface RelayPlan {
  readonly scheme: Scheme;
  readonly authority: Authority;
  readonly method: string;
  /** Canonical path and query, as judged. */
  readonly target: string;
  readonly head: RequestHead;
  /** The bytes as they came; with `rest`, what follows is streamed from there. */
  readonly body: Buffer;
  readonly rest?: IncomingMessage;
}

/** `refusal`: nothing has been answered to the client yet, and this is what it should be told. */
export interface Relayed {
  readonly outcome: GatewayOutcome;
  readonly refusal?: Refusal & { readonly code: string };
}

/** Sends one judged request, once, and streams the answer. Never retries; resolves when the exchange is over. */
export function relay(
  plan: RelayPlan,
  reached: Reached,
  upstream: Upstream,
  response: ServerResponse,
  limits: EgressLimits,
): Promise<Relayed> {
  return new Promise((resolve) => {
    const outgoing = open(plan, reached, upstream);
    let sent = false;
    let answer: IncomingMessage | undefined;
    let settled = false;

    const settle = (outcome: GatewayOutcome, refusal?: Relayed['refusal']): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      clearTimeout(bodyTimer);
      response.off('close', onClientGone);
      resolve(refusal === undefined ? { outcome } : { outcome, refusal });
    };
    const fail = (status: number, code: string, detail: string): void => {
      if (settled) return;
      if (answer !== undefined) {
        // The client has part of the answer: cutting its connection is the only way to say that it is not all.
        settle({ outcome: 'unknown', status: answer.statusCode ?? 0, detail });
        response.destroy();
      } else if (sent)
        settle(
          { outcome: 'unknown', detail },
          refusalOf(status, code, `${detail}; whether the request took effect is not known`),
        );
      else settle({ outcome: 'not-started', detail }, refusalOf(status, code, `${detail}; nothing was sent`));
      outgoing.destroy();
    };
    const onClientGone = (): void => {
      if (settled || response.writableFinished) return;
      const detail = 'the client went away';
      if (answer !== undefined) settle(answered(plan.method, answer, detail));
      else settle({ outcome: sent ? 'unknown' : 'not-started', detail });
      outgoing.destroy();
    };

    let timer = setTimeout(
      () =>
        fail(504, 'connect-timeout', `no connection to \`${plan.authority.host}\` in ${limits.connectTimeoutMs} ms`),
      limits.connectTimeoutMs,
    );
    const onReady = (): void => {
      sent = true;
      clearTimeout(timer);
      if (!settled && answer === undefined) {
        timer = setTimeout(
          () =>
            fail(504, 'answer-timeout', `\`${plan.authority.host}\` did not answer in ${limits.answerTimeoutMs} ms`),
          limits.answerTimeoutMs,
        );
      }
    };
    outgoing.once('socket', (socket) => {
      if (outgoing.reusedSocket || isReady(socket)) onReady();
      else socket.once(plan.scheme === 'https' ? 'secureConnect' : 'connect', onReady);
    });
    outgoing.on('error', (error) =>
      fail(502, 'upstream', `the connection to \`${plan.authority.host}\` failed: ${reasonOf(error)}`),
    );
    outgoing.once('close', () => {
      if (answer === undefined) fail(502, 'upstream', `\`${plan.authority.host}\` closed the connection`);
    });
    outgoing.once('upgrade', (_message, socket: Socket) => {
      socket.destroy();
      fail(502, 'upstream-upgrade', `\`${plan.authority.host}\` changed the protocol without being asked`);
    });
    outgoing.once('response', (incoming) => {
      if (settled) {
        incoming.destroy();
        return;
      }
      clearTimeout(timer);
      try {
        response.sendDate = false;
        response.writeHead(
          incoming.statusCode ?? 502,
          incoming.statusMessage ?? '',
          forwardableResponseHeaders(incoming.rawHeaders),
        );
      } catch {
        fail(502, 'upstream-answer', `the answer of \`${plan.authority.host}\` is not valid HTTP`);
        return;
      }
      answer = incoming;
      incoming.on('error', () => undefined);
      incoming.once('close', () => {
        if (!incoming.complete) fail(502, 'upstream', `\`${plan.authority.host}\` broke off its answer`);
      });
      incoming.once('end', () => {
        if (!incoming.complete) return;
        const trailers = pairs(incoming.rawTrailers);
        if (trailers.length > 0) response.addTrailers(trailers);
        response.end();
        settle(answered(plan.method, incoming));
      });
      incoming.pipe(response, { end: false });
      // The head of an idle answer (an event stream) is passed at once; else it leaves in one piece with the first bytes.
      setImmediate(() => {
        if (!response.writableEnded && !response.destroyed) response.flushHeaders();
      });
    });
    response.on('close', onClientGone);

    const bodyTimer = setTimeout(() => fail(408, 'body-timeout', 'the body stopped coming'), limits.bodyTimeoutMs);
    if (plan.rest === undefined) {
      clearTimeout(bodyTimer);
      outgoing.end(plan.body);
    } else {
      const rest = plan.rest;
      outgoing.write(plan.body);
      rest.on('data', () => bodyTimer.refresh());
      rest.once('end', () => clearTimeout(bodyTimer));
      rest.once('close', () => {
        if (!rest.complete) fail(400, 'body-broken', 'the body broke off');
      });
      rest.pipe(outgoing);
    }
    if (response.destroyed) onClientGone();
  });
}

function open(plan: RelayPlan, reached: Reached, upstream: Upstream): ClientRequest {
  const options = {
    agent: upstream.agentFor(plan.scheme),
    host: reached.host,
    port: reached.port,
    lookup: reached.lookup,
    method: plan.method,
    path: plan.target,
    headers: outgoingHeaders(plan),
    setHost: false,
    maxHeaderSize: LIMITS.headerBytes,
    insecureHTTPParser: false,
  };
  if (plan.scheme === 'http') return httpRequest(options);
  return httpsRequest({
    ...options,
    servername: isIP(plan.authority.host) === 0 ? plan.authority.host : '',
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  });
}

/** INVARIANT: Host and framing are ours, from what was judged; everything else is as the client wrote it. */
function outgoingHeaders(plan: RelayPlan): string[] {
  const headers = ['Host', authorityText(plan.authority, plan.scheme), ...plan.head.forward];
  const { framing } = plan.head;
  if (plan.rest !== undefined && framing.kind === 'chunked') headers.push('Transfer-Encoding', 'chunked');
  else if (plan.rest !== undefined && framing.kind === 'length') headers.push('Content-Length', String(framing.bytes));
  else if (framing.kind !== 'none' || !['GET', 'HEAD', 'OPTIONS', 'DELETE'].includes(plan.method))
    headers.push('Content-Length', String(plan.body.length));
  return headers;
}

function answered(method: string, answer: IncomingMessage, detail?: string): GatewayOutcome {
  const status = answer.statusCode ?? 0;
  const safe = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  // A server that failed may have done part of it.
  const outcome = status < 400 ? 'done' : status < 500 || safe ? 'failed' : 'unknown';
  return detail === undefined ? { outcome, status } : { outcome, status, detail };
}

function isReady(socket: Socket): boolean {
  if (socket.connecting) return false;
  return !(socket instanceof TLSSocket) || socket.getCipher() !== undefined;
}

function reasonOf(error: Error & { readonly code?: string }): string {
  return error.code ?? error.message.slice(0, 120);
}

function refusalOf(status: number, code: string, detail: string): Refusal & { readonly code: string } {
  return { ...ownRefusal(status, code, detail), code };
}

function pairs(flat: readonly string[]): [string, string][] {
  const made: [string, string][] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) made.push([flat[index] ?? '', flat[index + 1] ?? '']);
  return made;
}
