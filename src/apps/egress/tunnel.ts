import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { Certificates, Leaf } from '../../ports/certificates.ts';
import { type Authority, parseAuthority, sameAuthority } from '../../protocols/http/target.ts';
import type { GatewayIdentity } from './contract.ts';
import type { Connection } from './exchange.ts';
import { serveHttp2 } from './http2-session.ts';
import type { Gateway } from './judge-in-time.ts';
import { proxyCredentials } from './proxy-credentials.ts';
import { ownRefusal, type Refusal } from './refusal.ts';

/** Leaf certificates ready for handshakes, kept as long as the leaf itself is. */
export function secureContexts(certificates: Certificates): (host: string) => Promise<SecureContext> {
  const made = new WeakMap<Leaf, SecureContext>();
  return async (host) => {
    const leaf = await certificates.leafFor(host);
    const known = made.get(leaf);
    if (known !== undefined) return known;
    const context = createSecureContext({ key: leaf.key, cert: leaf.cert, minVersion: 'TLSv1.2' });
    made.set(leaf, context);
    return context;
  };
}

const TLS_HANDSHAKE = 0x16;

/**
 * Answers CONNECT and hands what comes inside, TLS or plain HTTP, back to the same server as a connection of its own.
 * Nothing is opened towards the destination here: that waits for a judged request.
 */
export function openTunnel(
  gateway: Gateway,
  contextFor: (host: string) => Promise<SecureContext>,
  server: Server,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  refuse: (code: string, refusal: Refusal) => void,
  adopt: (inner: Duplex, tunnel: NonNullable<Connection['tunnel']>) => Connection,
): void {
  socket.on('error', () => socket.destroy());
  const checked = checkConnect(gateway, request);
  if ('refusal' in checked) {
    refuse(checked.code, checked.refusal);
    return;
  }
  const { authority, identity } = checked;

  const timer = setTimeout(
    () => refuseQuietly('handshake-timeout', 'nothing usable came through the tunnel in time'),
    gateway.limits.handshakeTimeoutMs,
  );
  socket.once('close', () => clearTimeout(timer));
  /** After the 200, words would be taken for the destination's: the connection is just cut. */
  const refuseQuietly = (code: string, detail: string): void => {
    clearTimeout(timer);
    refuse(code, { ...ownRefusal(400, code, detail), status: 0 });
  };

  const onEnd = (): void => {
    socket.destroy();
  };
  // Sockets of an HTTP server stay half open: one that ends before it says anything would be kept until the time-out.
  socket.once('end', onEnd);
  const begin = (first: Buffer): void => {
    socket.off('end', onEnd);
    socket.pause();
    socket.unshift(first);
    if (first[0] !== TLS_HANDSHAKE) {
      // Clients that tunnel plain HTTP as well; whatever is not HTTP meets the parser's refusal.
      clearTimeout(timer);
      adopt(socket, { authority, scheme: 'http', identity });
      server.emit('connection', socket);
      socket.resume();
      return;
    }
    contextFor(authority.host).then(
      (secureContext) => {
        if (socket.destroyed) return;
        const secure = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ['h2', 'http/1.1'] });
        let established = false;
        secure.on('error', (error: Error & { readonly code?: string }) => {
          if (!established) refuseQuietly('tls', `the TLS handshake failed (${error.code ?? 'unknown'})`);
          secure.destroy();
        });
        secure.once('secure', () => {
          established = true;
          clearTimeout(timer);
          const tunnel = { authority, scheme: 'https', identity } as const;
          const { upstream } = adopt(secure, tunnel);
          if (secure.alpnProtocol === 'h2') serveHttp2(gateway, secure, { tunnel, upstream });
          else server.emit('connection', secure);
        });
      },
      () => refuseQuietly('certificate', 'no certificate could be made for the host'),
    );
  };
  socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
  if (head.length > 0) begin(head);
  else socket.once('data', begin);
}

/** The tunnel that CONNECT asks for, or why there is none. Source: RFC 9110 section 9.3.6. */
function checkConnect(
  gateway: Gateway,
  request: IncomingMessage,
):
  | { readonly authority: Authority; readonly identity: GatewayIdentity }
  | { readonly code: string; readonly refusal: Refusal } {
  const no = (status: number, code: string, detail: string) => ({ code, refusal: ownRefusal(status, code, detail) });
  const authority = parseAuthority(request.url ?? '', undefined);
  if (!authority.ok) return no(400, 'target', authority.why);
  const names = request.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  if (
    names.filter((name) => name === 'host').length > 1 ||
    names.filter((name) => name === 'proxy-authorization').length > 1
  ) {
    return no(400, 'duplicate-header', 'a header that counts comes twice');
  }
  const host =
    request.headers.host === undefined ? authority : parseAuthority(request.headers.host, authority.value.port);
  if (!host.ok || !sameAuthority(host.value, authority.value)) {
    return no(400, 'host', 'the Host header is not the host of the tunnel');
  }
  if (request.headers['transfer-encoding'] !== undefined || (request.headers['content-length'] ?? '0') !== '0') {
    return no(400, 'framing', 'CONNECT has no body');
  }
  const credentials = proxyCredentials(request.headers['proxy-authorization']);
  const identity =
    credentials === undefined ? undefined : gateway.options.identify(credentials.user, credentials.password);
  if (identity === undefined) return no(407, 'identity', 'the proxy credentials name no task');
  return { authority: authority.value, identity };
}
