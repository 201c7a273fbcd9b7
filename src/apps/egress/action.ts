import { createHmac } from 'node:crypto';
import type { Action } from '../../core/attempt.ts';
import { canonicalBytes } from '../../core/canonical-json.ts';
import { digestOfBytes } from '../../core/digest.ts';
import { LIMITS } from '../../core/limits.ts';
import type { Credential } from '../../ports/credentials.ts';
import { readGraphqlRequest } from '../../protocols/http/graphql-request.ts';
import type { GatewayRequest } from './contract.ts';
import { commandsOfPush, isGitPush } from './git-push.ts';

export interface ToActionOptions {
  /** Key of the fingerprints: kept with the installation, so that the honest repeat has the same bytes after a restart. */
  readonly fingerprintKey: Uint8Array;
  readonly cwd?: string;
}

export interface GatewayAction {
  readonly action: Action;
  /** Undefined where the request has none, or more than one: which of them counts is then not known. */
  readonly credential?: Credential;
  /** Of every header that holds a secret: the same for the same secret, and no way back to it. */
  readonly fingerprint?: string;
}

/** Headers that differ from one honest repeat to the next, or say nothing about what is asked for. */
const VOLATILE: ReadonlySet<string> = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'baggage',
  'cache-control',
  'content-encoding',
  'content-length',
  'date',
  'dnt',
  'from',
  'idempotency-key',
  'if-modified-since',
  'if-none-match',
  'origin',
  'pragma',
  'priority',
  'referer',
  'sentry-trace',
  'traceparent',
  'tracestate',
  'user-agent',
  'via',
  'x-amz-date',
  'x-amzn-trace-id',
  'x-client-request-id',
  'x-cloud-trace-context',
  'x-correlation-id',
  'x-idempotency-key',
  'x-request-id',
  'x-request-start',
  'x-requested-with',
]);
/** A reader takes no more than this of one action. */
const MOST_ACTION_BYTES = LIMITS.judgedBodyBytes;
const VOLATILE_PREFIXES = ['sec-', 'x-b3-', 'x-datadog-', 'x-stainless-', 'amz-sdk-'] as const;
const SECRET =
  /authorization|cookie|credential|passw|secret|session|signature|token|(^|-)(api|access|auth|private)-?key$|-key$/;

/**
 * What a request asks for, as an action: `graphql` where it is one plain GraphQL request, else `http`. Secrets are not
 * in the bytes: credentials come beside the action, and their fingerprint stands in for them.
 */
export function toAction(request: GatewayRequest, options: ToActionOptions): GatewayAction {
  const cwd = options.cwd === undefined ? {} : { cwd: options.cwd };
  const { kept, fingerprint } = meaningfulHeaders(request, options.fingerprintKey);
  const beside = { ...credentialOf(request), ...(fingerprint === undefined ? {} : { fingerprint }) };
  const start = request.body ?? request.bodyStart;
  const push =
    start !== undefined && isGitPush(request.method, request.url, request.headers.get('content-type'))
      ? commandsOfPush(start)
      : undefined;
  if (push !== undefined) {
    const { method, url } = request;
    return {
      action: { kind: 'http', bytes: canonicalBytes({ method, url, headers: kept, body: push }), ...cwd },
      ...beside,
    };
  }
  const body = request.body === undefined || request.body.length === 0 ? undefined : readText(request.body);
  const graphql =
    body?.exact === true
      ? readGraphqlRequest({ method: request.method, url: request.url, headers: request.headers, bodyText: body.text })
      : undefined;
  // A header that nobody knows may change the meaning: then the request is not one plain GraphQL request.
  if (graphql !== undefined && Object.keys(kept).every((name) => name === 'content-type' || SECRET.test(name))) {
    return {
      action: { kind: 'graphql', bytes: canonicalBytes({ endpoint: request.url, ...graphql }), ...cwd },
      ...beside,
    };
  }
  if (body?.exact === false && request.body !== undefined) kept['holdpoint-body-sha256'] = digestOfBytes(request.body);
  if (request.bodyTooLarge) kept['holdpoint-body'] = 'too-large';
  const bytesWith = (text: string | undefined): Uint8Array =>
    canonicalBytes({
      method: request.method,
      url: request.url,
      ...(Object.keys(kept).length > 0 ? { headers: kept } : {}),
      ...(text === undefined ? {} : { body: text }),
    });
  let bytes = bytesWith(body?.text);
  if (bytes.length > MOST_ACTION_BYTES && request.body !== undefined) {
    // Escapes can double a text of quotes: past what a reader takes, the body is bound by its digest and judged as unseen.
    kept['holdpoint-body'] = 'too-large';
    kept['holdpoint-body-sha256'] = digestOfBytes(request.body);
    bytes = bytesWith(undefined);
  }
  return { action: { kind: 'http', bytes, ...cwd }, ...beside };
}

function meaningfulHeaders(
  request: GatewayRequest,
  key: Uint8Array,
): { readonly kept: Record<string, string>; readonly fingerprint: string | undefined } {
  const kept: [string, string][] = [];
  const secrets: string[] = [];
  const safe = request.method === 'GET' || request.method === 'HEAD';
  for (const name of [...request.headers.keys()].sort()) {
    const value = (request.headers.get(name) ?? []).join(', ');
    // On a write these say "only if": without them the same request overwrites.
    const condition = !safe && (name === 'if-none-match' || name === 'if-modified-since');
    if (!condition && (VOLATILE.has(name) || VOLATILE_PREFIXES.some((prefix) => name.startsWith(prefix)))) continue;
    if (SECRET.test(name)) {
      const printed = createHmac('sha256', key)
        .update(`${name}\0${stablePart(value)}`, 'latin1')
        .digest('hex')
        .slice(0, 32);
      secrets.push(`${name}=${printed}`);
      kept.push([name, `fingerprint:${printed}`]);
    } else kept.push([name, value]);
  }
  const fingerprint =
    secrets.length === 0 ? undefined : createHmac('sha256', key).update(secrets.join('\n')).digest('hex').slice(0, 32);
  // Own properties, whatever the names are: `__proto__` is a valid header name.
  return { kept: Object.fromEntries(kept), fingerprint };
}

/** Request signatures change each time; who signs does not. Source: AWS Signature Version 4, `Credential=ID/DATE/...`. */
function stablePart(value: string): string {
  const signer = /^AWS4-[A-Z0-9-]+ +Credential=([^/,\s]+)\//.exec(value)?.[1];
  return signer === undefined ? value : `aws4 ${signer}`;
}

function credentialOf(request: GatewayRequest): { readonly credential?: Credential } {
  const authorization = request.headers.get('authorization');
  const project = request.headers.get('project-access-token');
  if (authorization?.length === 1 && project === undefined)
    return { credential: { header: 'authorization', value: authorization[0] ?? '' } };
  if (project?.length === 1 && authorization === undefined)
    return { credential: { header: 'project-access-token', value: project[0] ?? '' } };
  return {};
}

/** Text that is not UTF-8 is shown as well as it goes; `exact` says that nothing was replaced. */
function readText(bytes: Uint8Array): { readonly text: string; readonly exact: boolean } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), exact: true };
  } catch {
    return { text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), exact: false };
  }
}
