import { type Socket, connect as tcpConnect } from 'node:net';
import { type SecureContext, connect as tlsConnect } from 'node:tls';
import { type Authority, parseAuthority } from '../../protocols/http/target.ts';

/** The organisation's own proxy, through which servers are reached where there is no other way out. */
export interface UpstreamProxy {
  readonly scheme: 'http' | 'https';
  readonly authority: Authority;
  /** The value of `Proxy-Authorization`. */
  readonly authorization?: string;
  /** Hosts that are reached without it: a name and what is below it, an address, or `*`; each also with `:PORT`. */
  readonly except: readonly string[];
}

export interface UpstreamProxies {
  readonly http?: UpstreamProxy;
  readonly https?: UpstreamProxy;
}

/** An answer to CONNECT has a head of no more than this. */
const HEAD_BYTES = 16 * 1024;

/**
 * `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` as curl reads them: small letters first, and `HTTP_PROXY` in
 * capitals not at all (a CGI server sets it from a request's `Proxy` header). Throws for one that is set and cannot be
 * read: going out another way than the operator wanted would be worse.
 */
export function upstreamProxiesFrom(env: Readonly<Record<string, string | undefined>>): UpstreamProxies {
  const except = (env['no_proxy'] ?? env['NO_PROXY'] ?? '').split(/[\s,]+/).filter((one) => one !== '');
  const all = env['all_proxy'] ?? env['ALL_PROXY'];
  const http = parseUpstreamProxy(env['http_proxy'] ?? all, except);
  const https = parseUpstreamProxy(env['https_proxy'] ?? env['HTTPS_PROXY'] ?? all, except);
  return { ...(http === undefined ? {} : { http }), ...(https === undefined ? {} : { https }) };
}

export function parseUpstreamProxy(
  text: string | undefined,
  except: readonly string[] = [],
): UpstreamProxy | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const written = text.includes('://') ? text : `http://${text}`;
  // The text may hold a password: it is not repeated.
  if (!URL.canParse(written)) throw new TypeError('the address of the upstream proxy cannot be read');
  const url = new URL(written);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TypeError(`an upstream proxy of the kind \`${url.protocol.slice(0, 20)}\` is not supported`);
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const authority = parseAuthority(url.host, scheme === 'https' ? 443 : 80);
  if (!authority.ok) throw new TypeError(`the upstream proxy: ${authority.why}`);
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return {
    scheme,
    authority: authority.value,
    except: except.map((one) => one.toLowerCase().replace(/^\*?\./, '')),
    ...(user === ':' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` }),
  };
}

export function isExcepted(proxy: UpstreamProxy, { host, port }: Authority): boolean {
  return proxy.except.some((one) => {
    const parts = /^\[?(.*?)\]?:(\d+)$/.exec(one.includes('::') && !one.startsWith('[') ? '' : one);
    const name = parts?.[1] ?? one;
    if (parts !== null && Number(parts[2]) !== port) return false;
    return name === '*' || host === name || host.endsWith(`.${name}`);
  });
}

/** Connects to the proxy itself; TLS where its address says so. */
export function connectToProxy(proxy: UpstreamProxy, trust: SecureContext): Socket {
  const { host, port } = proxy.authority;
  return proxy.scheme === 'http'
    ? tcpConnect({ host, port, noDelay: true })
    : tlsConnect({ host, port, servername: host, secureContext: trust, minVersion: 'TLSv1.2' });
}

/** Resolves to a socket that leads to `authority`. Rejects where the proxy does not open a tunnel. */
export function tunnelThrough(
  proxy: UpstreamProxy,
  { host, port }: Authority,
  trust: SecureContext,
  timeoutMs: number,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectToProxy(proxy, trust);
    let head = Buffer.alloc(0);
    const fail = (why: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new Error(why));
    };
    const timer = setTimeout(() => fail('the upstream proxy did not answer in time'), timeoutMs);
    const onData = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) {
        if (head.length > HEAD_BYTES) fail('the upstream proxy answered without an end');
        return;
      }
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(head.toString('latin1'))?.[1] ?? 'nothing';
      // Servers of TLS and HTTP wait for the client: words before it speaks are not theirs.
      if (!/^2\d\d$/.test(status) || head.length > end + 4) {
        fail(`the upstream proxy answered ${status}${head.length > end + 4 ? ' and more than was asked' : ''}`);
        return;
      }
      clearTimeout(timer);
      socket.off('data', onData).off('error', onError).off('close', onClose);
      socket.pause();
      resolve(socket);
    };
    const onError = (error: Error & { readonly code?: string }): void =>
      fail(`the upstream proxy cannot be reached: ${error.code ?? 'unknown'}`);
    const onClose = (): void => fail('the upstream proxy closed the connection');
    socket.on('data', onData).on('error', onError).on('close', onClose);
    const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const authorization = proxy.authorization === undefined ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`;
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization}\r\n`);
  });
}
