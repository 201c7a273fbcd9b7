import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import type { ClientCertificate, EgressOptions } from './contract.ts';
import { parseUpstreamProxy, type UpstreamProxies, upstreamProxiesFrom } from './upstream-proxy.ts';

const file = z.string().max(4096).startsWith('/');
const settingsSchema = z.strictObject({
  holdWaitMs: z
    .int()
    .min(0)
    .max(30 * 60 * 1000)
    .optional(),
  /** `http://[USER:PASSWORD@]HOST:PORT`, also `https:`; an empty text for none, whatever the environment says. */
  upstreamProxy: z.string().max(2048).optional(),
  upstreamProxyExcept: z.array(z.string().min(1).max(256)).max(256).optional(),
  /** By `HOST` or `HOST:PORT`, in small letters. */
  clientCertificates: z.record(z.string().max(300), z.strictObject({ certFile: file, keyFile: file })).optional(),
});

export interface GatewaySettings extends Pick<EgressOptions, 'upstreamProxies' | 'clientCertificates'> {
  readonly holdWaitMs?: number;
}

/**
 * `gateway.json` in the configuration folder, and the daemon's own proxy variables where the file names no proxy. Throws
 * for a file that is there and cannot be used: another way out than the one that was meant would be worse than none.
 * SECURITY: nothing in it loosens what is judged, or which addresses may be reached.
 */
export function readGatewaySettings(path: string, env: Readonly<Record<string, string | undefined>>): GatewaySettings {
  const text = readIfThere(path);
  // A daemon that was started behind a gateway of ours has that in its variables: not a way out.
  const fromEnv = env['HOLDPOINT_GATEWAY'] === undefined ? upstreamProxiesFrom(env) : {};
  if (text === undefined) return { upstreamProxies: fromEnv };
  const parsed = settingsSchema.safeParse(jsonOf(text));
  if (!parsed.success) throw new TypeError(`\`${path}\` is not readable as settings: ${z.prettifyError(parsed.error)}`);
  const { holdWaitMs, upstreamProxy, upstreamProxyExcept, clientCertificates } = parsed.data;
  return {
    ...(holdWaitMs === undefined ? {} : { holdWaitMs }),
    upstreamProxies: upstreamProxy === undefined ? fromEnv : proxiesOf(upstreamProxy, upstreamProxyExcept),
    clientCertificates: new Map(
      Object.entries(clientCertificates ?? {}).map(([host, files]) => [host, certificateOf(files)]),
    ),
  };
}

function proxiesOf(text: string, except: readonly string[] = []): UpstreamProxies {
  const proxy = parseUpstreamProxy(text, except);
  return proxy === undefined ? {} : { http: proxy, https: proxy };
}

function certificateOf({ certFile, keyFile }: { certFile: string; keyFile: string }): ClientCertificate {
  if ((statSync(keyFile).mode & 0o007) !== 0) throw new TypeError(`\`${keyFile}\` is open to everybody`);
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
