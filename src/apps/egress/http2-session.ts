import { randomUUID } from 'node:crypto';
import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { serverNameOf } from './client-side.ts';
import type { GatewayRefusal } from './contract.ts';
import { type Connection, exchange } from './exchange.ts';
import { http2Client } from './http2-client.ts';
import { HTTP2_LIMITS, HTTP2_SERVER_OPTIONS } from './http2-limits.ts';
import type { Gateway } from './judge-in-time.ts';

const CALM = constants.NGHTTP2_ENHANCE_YOUR_CALM;

/** Serves an HTTP/2 client inside its tunnel: every stream is an exchange that is judged by itself. */
export function serveHttp2(
  gateway: Gateway,
  secure: TLSSocket,
  connection: Pick<Connection, 'upstream'> & { readonly tunnel: NonNullable<Connection['tunnel']> },
): void {
  const connectionId = randomUUID();
  const serverName = serverNameOf(secure);
  let session: ServerHttp2Session | undefined;
  let seenStreams = 0;
  let ended = false;

  let openStreams = 0;

  const record = (code: string, detail: string): void =>
    report(gateway, { connectionId, identity: connection.tunnel.identity, status: 0, code, detail });
  const refuse = (code: string, detail: string, errorCode: number): void => {
    if (ended) return;
    ended = true;
    record(code, detail);
    // GOAWAY says the code; then the connection is cut, and what was being judged on it ends as not started.
    if (session !== undefined && !session.destroyed) session.goaway(errorCode);
    session?.destroy(undefined, errorCode);
  };

  /**
   * Streams that nghttp2 refused by itself (a malformed head), and those whose head does not come to an end, never get
   * here; but it counts them. Where it is known again is up to the sweep.
   */
  let recorded = 0;
  let sinceMs = 0;
  const sweep = (): void => {
    const last = session === undefined || session.destroyed ? undefined : session.state.lastProcStreamID;
    const headless = last === undefined ? 0 : Math.ceil(last / 2) - seenStreams;
    if (headless > recorded) {
      recorded = headless;
      sinceMs = performance.now();
      if (headless > HTTP2_LIMITS.headlessStreams)
        refuse('h2-malformed', `more than ${HTTP2_LIMITS.headlessStreams} streams without a valid head`, CALM);
      else record('h2-malformed', `${headless} stream(s) without a valid head`);
    }
    const isOver = performance.now() - sinceMs > gateway.limits.headerTimeoutMs;
    if (headless > 0 && openStreams === 0 && isOver) session?.destroy();
  };
  const sweeping = setInterval(sweep, HTTP2_LIMITS.sweepMs);
  sweeping.unref();
  // Before the session's own listener, which forgets the count.
  secure.once('close', () => {
    clearInterval(sweeping);
    sweep();
  });

  // Sockets of an HTTP server stay half open; who stopped talking HTTP/2 is gone.
  secure.once('end', () => secure.destroy());
  // Only a `tls.Server` says so of its sockets; without it the session would wait for a handshake that is over.
  Object.assign(secure, { secureConnecting: false });
  const opened = performServerHandshake(secure, HTTP2_SERVER_OPTIONS);
  session = opened;
  opened.setLocalWindowSize(HTTP2_LIMITS.connectionWindowBytes);
  const tooMany = (what: string, limit: number): (() => void) =>
    flood(limit, () => refuse('h2-flood', `more than ${limit} ${what} in ${HTTP2_LIMITS.floodWindowMs} ms`, CALM));
  const onReset = tooMany('resets', HTTP2_LIMITS.resets);
  const onPing = tooMany('pings', HTTP2_LIMITS.pings);
  const onSettings = tooMany('settings', HTTP2_LIMITS.settings);
  opened.on('ping', onPing);
  opened.on('remoteSettings', onSettings);
  opened.on('error', (error: Error & { readonly code?: string }) => {
    // A client that breaks off is no attempt at anything.
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return;
    refuse('h2', `the connection is not valid HTTP/2 (${error.code ?? error.message.slice(0, 80)})`, 1);
  });
  opened.setTimeout(gateway.limits.idleTimeoutMs, () => {
    if (openStreams === 0) opened.close();
  });
  opened.on('stream', (stream: ServerHttp2Stream, _headers: unknown, flags: number, raw: readonly string[]) => {
    seenStreams += 1;
    openStreams += 1;
    stream.once('close', () => {
      openStreams -= 1;
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR && stream.aborted) onReset();
    });
    const endsWithHead = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const lane: Connection = {
      id: connectionId,
      tunnel: connection.tunnel,
      upstream: connection.upstream,
      turn: Promise.resolve(),
      waiting: 0,
      finished: false,
      passed: false,
    };
    exchange(gateway, lane, http2Client(stream, { raw, endsWithHead, serverName })).catch(() =>
      stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    );
  });
}

/** Runs `onFlood` when it is called more than `limit` times in a window. */
function flood(limit: number, onFlood: () => void): () => void {
  let count = 0;
  let sinceMs = performance.now();
  return () => {
    const nowMs = performance.now();
    if (nowMs - sinceMs > HTTP2_LIMITS.floodWindowMs) {
      sinceMs = nowMs;
      count = 0;
    }
    count += 1;
    if (count > limit) onFlood();
  };
}

function report(gateway: Gateway, refusal: GatewayRefusal): void {
  try {
    gateway.options.onRefusal?.(refusal);
  } catch (error) {
    gateway.options.onRecordFailure?.(error);
  }
}
