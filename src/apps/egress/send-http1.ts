import { type Agent, type ClientRequest, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { LIMITS } from '../../core/limits.ts';
import { authorityText } from '../../protocols/http/target.ts';
import { framingToSend, type RelayPlan, reasonOf, type Sending, type SendingEvents } from './sending.ts';
import type { Reached } from './upstream.ts';

export function sendHttp1(plan: RelayPlan, reached: Reached, agent: Agent, events: SendingEvents): Sending {
  const { host } = plan.authority;
  const outgoing = openHttp1(plan, reached, agent);
  let answered = false;
  outgoing.once('socket', (socket) => {
    if (outgoing.reusedSocket || isReady(socket)) events.ready();
    else socket.once(plan.scheme === 'https' ? 'secureConnect' : 'connect', events.ready);
  });
  outgoing.on('error', (error) =>
    events.failed('upstream', `the connection to \`${host}\` failed: ${reasonOf(error)}`),
  );
  outgoing.once('close', () => {
    if (!answered) events.failed('upstream', `\`${host}\` closed the connection`);
  });
  outgoing.once('upgrade', (_message, socket: Socket) => {
    socket.destroy();
    events.failed('upstream-upgrade', `\`${host}\` changed the protocol without being asked`);
  });
  outgoing.on('information', (message) => events.information(message.statusCode, message.rawHeaders));
  outgoing.once('response', (incoming) => {
    answered = true;
    incoming.on('error', () => undefined);
    events.answer({
      status: incoming.statusCode ?? 502,
      statusMessage: incoming.statusMessage ?? '',
      rawHeaders: incoming.rawHeaders,
      endsWithHead: false,
      body: incoming,
      isComplete: () => incoming.complete,
      trailers: () => incoming.rawTrailers,
    });
  });
  return {
    sink: outgoing,
    start: () => (plan.rest === undefined ? outgoing.end(plan.body) : outgoing.write(plan.body)),
    destroy: () => outgoing.destroy(),
  };
}

export function openHttp1(plan: RelayPlan, reached: Reached, agent: Agent): ClientRequest {
  const { via } = reached;
  // Plain HTTP goes through an upstream proxy in absolute form: many open tunnels to TLS ports only.
  const isProxied = via !== undefined && plan.scheme === 'http';
  const text = authorityText(plan.authority, plan.scheme);
  const headers = outgoingHeaders(plan);
  if (isProxied && via.authorization !== undefined) headers.push('Proxy-Authorization', via.authorization);
  const options = {
    agent,
    ...(isProxied ? via.authority : { host: reached.host, port: reached.port, lookup: reached.lookup }),
    method: plan.method,
    path: isProxied ? `http://${text}${plan.target}` : plan.target,
    headers,
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
  const framing = framingToSend(plan);
  if ('bytes' in framing) headers.push('Content-Length', String(framing.bytes));
  else if (framing.kind === 'chunked') headers.push('Transfer-Encoding', 'chunked');
  return headers;
}

function isReady(socket: Socket): boolean {
  if (socket.connecting) return false;
  return !(socket instanceof TLSSocket) || socket.getCipher() !== undefined;
}
