import { lookup as systemLookup } from 'node:dns/promises';
import { Agent as HttpAgent } from 'node:http';
import { type ClientHttp2Session, connect as http2Connect } from 'node:http2';
import { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction, Socket } from 'node:net';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { type SecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { type AllowedAddress, addressClass, mayConnect } from '../../protocols/http/address.ts';
import { type Authority, authorityText, type Scheme } from '../../protocols/http/target.ts';
import type { EgressOptions, ResolvedAddress } from './contract.ts';
import { HTTP2_CLIENT_OPTIONS } from './http2-limits.ts';
import { ownRefusal, type Refusal } from './refusal.ts';
import type { TlsSessions } from './tls-sessions.ts';
import { connectToProxy, isExcepted, tunnelThrough, type UpstreamProxy } from './upstream-proxy.ts';

/** What all connections of one gateway share for reaching servers. */
export interface Reach {
  readonly options: EgressOptions;
  readonly allowed: readonly AllowedAddress[];
  /** The system's authorities and the extra ones, parsed once; with our certificate for servers that want one. */
  trust(authority?: Authority): SecureContext;
  /** `undefined` where the destination is shown a certificate of ours. */
  sessionsOf(authority: Authority): TlsSessions | undefined;
  readonly connectTimeoutMs: number;
  /** The gateway's own port: a request to it would go round in a circle. */
  ownPort: number;
}

/** A destination whose addresses were checked; `lookup` gives these and asks nobody. */
export interface Reached {
  readonly host: string;
  readonly port: number;
  readonly lookup: LookupFunction;
  readonly via?: UpstreamProxy;
}

export type ReachResult =
  | { readonly ok: true; readonly reached: Reached }
  | { readonly ok: false; readonly refusal: Refusal; readonly code: string };

/** How a server is spoken to. */
export type Route =
  | { readonly kind: 'http1'; readonly agent: HttpAgent }
  | { readonly kind: 'http2'; readonly session: ClientHttp2Session };

/** Checked addresses are used again for this long, so that a busy tunnel does not ask the resolver for each request. */
const ADDRESS_LIFETIME_MS = 30_000;
/** Servers close idle connections; ours go first, so that a request is not lost to that race. */
const IDLE_UPSTREAM_MS = 4_000;
const REMEMBERED = 64;
const AGENT_OPTIONS = { keepAlive: true, maxSockets: 4, maxFreeSockets: 2, timeout: IDLE_UPSTREAM_MS } as const;

/**
 * The way out of one client connection. SECURITY: upstream connections are never shared between client connections, so
 * that neither an answer nor an authenticated connection can reach another task.
 */
export class Upstream {
  readonly #reach: Reach;
  readonly #task: string;
  readonly #known = new Map<string, { readonly reached: Reached; readonly atMs: number }>();
  readonly #dialling = new Set<TLSSocket>();
  #http: HttpAgent | undefined;
  #proxied: HttpAgent | undefined;
  #https: HttpsAgent | undefined;
  #session: ClientHttp2Session | undefined;
  #newer: Promise<Route> | undefined;
  /** The server was asked and chose HTTP/1.1; the connection on which it said so is used first. */
  #speaksHttp1 = false;
  #spare: TLSSocket | undefined;
  #destroyed = false;

  constructor(reach: Reach, task: string) {
    this.#reach = reach;
    this.#task = task;
  }

  /**
   * HTTP/2 is offered where the client speaks it: a request is translated only where its server knows nothing newer.
   * Rejects where no connection can be made.
   */
  route(scheme: Scheme, authority: Authority, reached: Reached, offersHttp2: boolean): Route | Promise<Route> {
    if (scheme === 'http') return { kind: 'http1', agent: this.#httpAgent(reached.via) };
    const agent = this.#httpsAgent(authority, reached);
    if (!offersHttp2 || this.#speaksHttp1) return { kind: 'http1', agent };
    this.#newer ??= this.#negotiate(authority, reached, agent);
    return this.#newer;
  }

  #httpAgent(via: UpstreamProxy | undefined): HttpAgent {
    if (via === undefined) {
      this.#http ??= new HttpAgent(AGENT_OPTIONS);
      return this.#http;
    }
    if (this.#proxied === undefined) {
      this.#proxied = new HttpAgent(AGENT_OPTIONS);
      this.#proxied.createConnection = () => connectToProxy(via, this.#reach.trust());
    }
    return this.#proxied;
  }

  /** A tunnel has one destination, so its agent knows the certificate to show there. */
  #httpsAgent(authority: Authority, reached: Reached): HttpsAgent {
    if (this.#https !== undefined) return this.#https;
    const agent = new HttpsAgent({ ...AGENT_OPTIONS, secureContext: this.#reach.trust(authority) });
    const direct = agent.createConnection.bind(agent);
    agent.createConnection = (options, done) => {
      const spare = this.#spare;
      this.#spare = undefined;
      if (spare !== undefined && !spare.destroyed) return spare;
      if (reached.via === undefined) {
        const socket = direct({ ...options, ...this.#earlier(authority) }, done);
        this.#remember(authority, socket);
        return socket;
      }
      this.#dial(authority, reached, ['http/1.1']).then(
        (socket) => done?.(null, socket),
        (error: Error) => done?.(error, undefined as unknown as Duplex),
      );
      return undefined;
    };
    this.#https = agent;
    return agent;
  }

  async #negotiate(authority: Authority, reached: Reached, agent: HttpsAgent): Promise<Route> {
    try {
      const socket = await this.#dial(authority, reached, ['h2', 'http/1.1']);
      if (this.#destroyed) {
        socket.destroy();
        throw new Error('the client went away');
      }
      if (socket.alpnProtocol !== 'h2') {
        this.#speaksHttp1 = true;
        this.#spare = socket;
        socket.once('error', () => socket.destroy());
        return { kind: 'http1', agent };
      }
      const session = http2Connect(`https://${authorityText(authority, 'https')}`, {
        ...HTTP2_CLIENT_OPTIONS,
        createConnection: () => socket,
      });
      this.#session = session;
      const forget = (): void => {
        if (this.#session !== session) return;
        this.#session = undefined;
        this.#newer = undefined;
      };
      session.once('close', forget);
      // No stream may be opened any more; those that are may end.
      session.once('goaway', forget);
      session.on('error', forget);
      session.on('stream', (pushed) => pushed.close());
      session.setTimeout(IDLE_UPSTREAM_MS, () => {
        forget();
        // Streams that are open go on to their end.
        session.close();
      });
      return { kind: 'http2', session };
    } catch (error) {
      this.#newer = undefined;
      throw error;
    }
  }

  async #dial(authority: Authority, reached: Reached, protocols: string[]): Promise<TLSSocket> {
    const timeoutMs = this.#reach.connectTimeoutMs;
    const through: { socket: Socket } | { host: string; port: number; lookup: LookupFunction } =
      reached.via === undefined
        ? { host: reached.host, port: reached.port, lookup: reached.lookup }
        : {
            socket: await tunnelThrough(
              reached.via,
              { host: reached.host, port: reached.port },
              this.#reach.trust(),
              timeoutMs,
            ),
          };
    return new Promise((resolve, reject) => {
      const socket = tlsConnect({
        ...through,
        servername: isIP(authority.host) === 0 ? authority.host : '',
        // With a host name of its own, an address is checked against the certificate as well.
        ...('socket' in through ? { host: authority.host } : {}),
        secureContext: this.#reach.trust(authority),
        ALPNProtocols: protocols,
        minVersion: 'TLSv1.2',
        rejectUnauthorized: true,
        ...this.#earlier(authority),
      });
      this.#remember(authority, socket);
      this.#dialling.add(socket);
      const timer = setTimeout(() => socket.destroy(new Error('no connection in time')), timeoutMs);
      const settle = (): void => {
        clearTimeout(timer);
        this.#dialling.delete(socket);
        socket.off('error', onError).off('close', onClose);
      };
      const onError = (error: Error): void => {
        settle();
        reject(error);
      };
      const onClose = (): void => onError(new Error('the connection was closed'));
      socket.once('error', onError).once('close', onClose);
      socket.once('secureConnect', () => {
        settle();
        socket.setNoDelay(true);
        resolve(socket);
      });
    });
  }

  #earlier(authority: Authority): { readonly session?: Buffer } {
    const session = this.#reach.sessionsOf(authority)?.take(this.#task, authority);
    return session === undefined ? {} : { session };
  }

  #remember(authority: Authority, socket: Duplex | null | undefined): void {
    const sessions = this.#reach.sessionsOf(authority);
    socket?.on('session', (session: Buffer) => sessions?.keep(this.#task, authority, session));
  }

  /** Finds and checks the addresses of a destination. Only to be called for a request that may pass. */
  async resolve(scheme: Scheme, authority: Authority): Promise<ReachResult> {
    const key = `${authority.host} ${authority.port}`;
    const nowMs = this.#reach.options.clock.monotonicMs();
    const known = this.#known.get(key);
    if (known !== undefined && nowMs - known.atMs < ADDRESS_LIFETIME_MS) return { ok: true, reached: known.reached };
    const result = await reachAuthority(this.#reach, scheme, authority);
    if (result.ok) {
      if (this.#known.size >= REMEMBERED) this.#known.clear();
      this.#known.set(key, { reached: result.reached, atMs: nowMs });
    }
    return result;
  }

  destroy(): void {
    this.#destroyed = true;
    this.#http?.destroy();
    this.#proxied?.destroy();
    this.#https?.destroy();
    this.#session?.destroy();
    this.#spare?.destroy();
    for (const socket of this.#dialling) socket.destroy();
  }
}

async function reachAuthority(reach: Reach, scheme: Scheme, authority: Authority): Promise<ReachResult> {
  const { options } = reach;
  const proxy = options.upstreamProxies?.[scheme];
  const via = proxy === undefined || isExcepted(proxy, authority) ? undefined : proxy;
  const declared = options.resolve?.get(`${authority.host}:${authority.port}`) ?? options.resolve?.get(authority.host);
  const port = declared?.port ?? authority.port;
  let addresses: readonly ResolvedAddress[];
  if (declared !== undefined) addresses = [literal(declared.address)];
  else if (isIP(authority.host) !== 0) addresses = [literal(authority.host)];
  else {
    const asking = options.lookup === undefined ? defaultLookup(authority.host) : options.lookup(authority.host);
    const found = await withTimeout(asking, reach.connectTimeoutMs);
    if ((found === undefined || found.length === 0) && via !== undefined) {
      // Behind a proxy there is often no resolver for outside names: the proxy finds the address, and guards it.
      return { ok: true, reached: { host: authority.host, port, lookup: noAddress, via } };
    }
    if (found === undefined || found.length === 0) {
      return denied(502, 'lookup', `the address of \`${authority.host}\` could not be found`);
    }
    addresses = found;
  }
  for (const { address } of addresses) {
    // SECURITY: one forbidden address among good ones refuses them all; a client may not choose among them by luck.
    if (!mayConnect(address, port, reach.allowed)) {
      return denied(
        403,
        'address',
        `\`${authority.host}\` leads to \`${address}\`, which is ${addressClass(address)} and was not declared`,
      );
    }
    if (port === reach.ownPort && addressClass(address) === 'loopback')
      return denied(508, 'loop', 'the gateway does not connect to itself');
  }
  const lookup: LookupFunction = (_host, asked, done) => {
    const fit =
      asked.family === 4 || asked.family === 6 ? addresses.filter((one) => one.family === asked.family) : addresses;
    const first = fit[0];
    if (first === undefined)
      done(Object.assign(new Error('no checked address of that family'), { code: 'ENOTFOUND' }), '', 4);
    else if (asked.all === true) done(null, [...fit]);
    else done(null, first.address, first.family);
  };
  const host = declared !== undefined && isIP(authority.host) !== 0 ? declared.address : authority.host;
  // A declared address says where the server is: nobody else is asked for the way.
  return { ok: true, reached: { host, port, lookup, ...(via === undefined || declared !== undefined ? {} : { via }) } };
}

const noAddress: LookupFunction = (_host, _asked, done) =>
  done(Object.assign(new Error('no checked address'), { code: 'ENOTFOUND' }), '', 4);

async function defaultLookup(host: string): Promise<readonly ResolvedAddress[]> {
  const found = await systemLookup(host, { all: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
}

function literal(address: string): ResolvedAddress {
  return { address, family: isIP(address) === 6 ? 6 : 4 };
}

/** `undefined` for a failure as for a time-out: either way there is no address. */
async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  const timeout = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => timeout.resolve(undefined), timeoutMs);
  try {
    return await Promise.race([work.catch(() => undefined), timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function denied(status: number, code: string, detail: string): ReachResult {
  return { ok: false, code, refusal: ownRefusal(status, code, detail) };
}
