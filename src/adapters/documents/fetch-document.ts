import { DOCUMENT_LIMITS } from './configuration.ts';

export type Fetched = { readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly why: string };

/** Everything that a schema has, with deprecated fields and arguments: those can be called as well. */
export const INTROSPECTION = `query {
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types {
      kind name
      fields(includeDeprecated: true) { name description type { ...T } args { name type { ...T } } }
      inputFields { name type { ...T } }
    }
  }
}
fragment T on __Type { name ofType { name ofType { name ofType { name ofType { name ofType { name } } } } } }`;

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** Why an address is not asked; `undefined` where it is. */
export function faultOfUrl(url: string): string | undefined {
  if (!URL.canParse(url)) return 'the source is no file and no URL';
  const { protocol, hostname, username, password } = new URL(url);
  if (username !== '' || password !== '') return 'the source carries a credential';
  const isPlainLoopback = protocol === 'http:' && LOOPBACK.test(hostname);
  return protocol === 'https:' || isPlainLoopback ? undefined : 'the source is not an https URL';
}

/** SECURITY: no credential goes along and no redirect is followed; the bytes count for nothing before a person confirms them. */
export async function fetchDocument(
  url: string,
  ask: 'document' | 'introspection',
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<Fetched> {
  const timeout = AbortSignal.timeout(DOCUMENT_LIMITS.requestTimeoutMs);
  try {
    const response = await fetch(url, {
      redirect: 'error',
      signal: AbortSignal.any([signal, timeout]),
      ...(ask === 'introspection'
        ? {
            method: 'POST',
            headers: { 'content-type': 'application/json', accept: 'application/json' },
            body: JSON.stringify({ query: INTROSPECTION }),
          }
        : { headers: { accept: 'application/json' } }),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      return { ok: false, why: `the server answered with status ${response.status}` };
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > DOCUMENT_LIMITS.documentBytes)
        return { ok: false, why: `larger than ${DOCUMENT_LIMITS.documentBytes} bytes` };
      chunks.push(chunk);
    }
    return { ok: true, bytes: Buffer.concat(chunks) };
  } catch (error) {
    if (timeout.aborted) return { ok: false, why: `no answer within ${DOCUMENT_LIMITS.requestTimeoutMs} ms` };
    return { ok: false, why: `cannot be reached (${error instanceof Error ? error.name : 'unknown error'})` };
  }
}
