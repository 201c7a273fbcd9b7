import type { Json } from '../../core/canonical-json.ts';
import type { Effect, Reversal, Verb } from '../../core/effect.ts';
import { brief, isJsonObject, opaqueEffect } from '../api-actions.ts';
import { type NameVerb, stricterVerb, verbOfName, wordsOf } from '../verb-words.ts';
import { isRecallable, verbOfKnownApi } from './known-apis.ts';
import type { Body, HttpRequest } from './request.ts';

const SOURCE = 'http/method';

/** What a request without a description of its API does, by method, path and the orders in it. */
export function restEffect(request: HttpRequest, body: Body): Effect {
  return effectOf(verbOfRequest(request, body), request);
}

export type Judged = NameVerb | 'opaque';

export function verbOfRequest(request: HttpRequest, body: Body): Judged {
  let verb: Judged | undefined;
  for (const method of methodsOf(request, body)) verb = stricterOf(verb, verbOfMethod(method, request, body));
  return verb ?? 'opaque';
}

/** The method on the request line, and those that a server may use in its place. */
export function methodsOf(request: HttpRequest, body: Body): readonly string[] {
  return [...new Set([request.method, ...overridesOf(request, body)])];
}

function stricterOf(a: Judged | undefined, b: Judged): Judged {
  if (a === undefined) return b;
  if (a === 'opaque' || b === 'opaque') {
    const other = a === 'opaque' ? b : a;
    return other === 'read' || other === 'create' || other === 'opaque' ? 'opaque' : other;
  }
  return stricterVerb(a, b);
}

/** Methods that a server may use in place of the one on the request line. */
function overridesOf(request: HttpRequest, body: Body): string[] {
  const found: (string | undefined | null)[] = ['x-http-method-override', 'x-http-method', 'x-method-override'].map(
    (name) => request.headers.get(name),
  );
  found.push(request.url.searchParams.get('_method'), ...request.url.searchParams.getAll('_method').slice(1));
  if (body.kind === 'form' || body.kind === 'multipart') found.push(body.fields.get('_method'));
  if (body.kind === 'json' && isJsonObject(body.value)) {
    const method = body.value['_method'];
    if (typeof method === 'string') found.push(method);
  }
  return found.flatMap((method) => (method === undefined || method === null ? [] : [method.trim().toUpperCase()]));
}

function verbOfMethod(method: string, request: HttpRequest, body: Body): Judged {
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'OPTIONS':
    case 'TRACE':
    case 'PROPFIND':
    case 'REPORT':
    case 'SEARCH':
    case 'QUERY':
      return 'read';
    case 'DELETE':
    case 'PURGE':
    case 'BAN':
      return 'destroy';
    case 'PUT':
    case 'PATCH':
    case 'MOVE':
    case 'COPY':
    case 'PROPPATCH':
    case 'LINK':
    case 'UNLINK':
    case 'LOCK':
    case 'UNLOCK':
      return 'change';
    case 'MKCOL':
      return 'create';
    case 'POST':
      return verbOfPost(request, body);
    default:
      return 'opaque';
  }
}

function verbOfPost(request: HttpRequest, body: Body): Judged {
  const operation = operationOf(request, body);
  const known = verbOfKnownApi(request, body);
  const named = known ?? (operation === undefined ? undefined : verbOfName(operation));
  let verb: Judged = named === undefined || named === 'run' ? 'opaque' : named;
  if (verb === 'expose' && isRecallable(request, body)) verb = 'create';
  for (const order of ordersIn(body)) {
    const ordered = verbOfName(order);
    if (ordered === 'destroy' || ordered === 'grant') verb = stricterOf(verb, ordered);
  }
  // What a body that cannot be read adds is not known.
  if ((verb === 'read' || verb === 'create') && body.kind === 'unreadable') return 'opaque';
  return verb;
}

/** The name of the operation: a header or parameter that names it, else the last segment of the path that is no id. */
function operationOf(request: HttpRequest, body: Body): string | undefined {
  const amazon = request.headers.get('x-amz-target');
  if (amazon !== undefined) return amazon.split('.').at(-1);
  const action =
    request.url.searchParams.get('Action') ?? (body.kind === 'form' ? body.fields.get('Action') : undefined);
  if (action !== undefined && action !== null) return action;
  const segments = request.segments.filter((segment) => !isId(segment));
  const last = segments.at(-1);
  if (last === undefined) return undefined;
  // `/projects/x:delete`: the verb stands after the colon.
  const name = last.includes(':')
    ? (last.split(':').at(-1) ?? '')
    : last.replace(/\.(json|xml|php|aspx?|do|cgi)$/i, '');
  const before = segments.at(-2);
  // `/cache/clear`, `/mail/send` have it last, `/delete/user` one before.
  return verbOfName(name) === undefined &&
    before !== undefined &&
    wordsOf(before).length === 1 &&
    verbOfName(before) === 'destroy'
    ? before
    : name;
}

function isId(segment: string): boolean {
  return /^(\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}|v\d+(\.\d+)?)$/i.test(segment);
}

const ORDER_KEYS = ['action', 'operation', 'op', 'command', 'method', 'event', 'type'];

function ordersIn(body: Body): string[] {
  const orders: string[] = [];
  const take = (value: Json | undefined) => {
    if (typeof value === 'string' && value.length <= 60) orders.push(value);
  };
  if (body.kind === 'form' || body.kind === 'multipart') for (const key of ORDER_KEYS) take(body.fields.get(key));
  if (body.kind === 'json') {
    const items: readonly Json[] = Array.isArray(body.value) ? body.value.slice(0, 1000) : [body.value];
    for (const item of items) if (isJsonObject(item)) for (const key of ORDER_KEYS) take(item[key]);
  }
  return orders;
}

const EFFECTS: Record<Exclude<NameVerb, 'run'>, readonly [Verb, Reversal, string]> = {
  destroy: ['destroy', 'unknown', 'deletes something at'],
  grant: ['grant', 'unknown', 'gives access at'],
  expose: ['expose', 'irreversible', 'sends something that cannot be called back through'],
  change: ['change', 'unknown', 'changes something at'],
  create: ['create', 'unknown', 'creates something at'],
  read: ['read', 'regenerable', 'reads from'],
};

function effectOf(verb: Judged, request: HttpRequest): Effect {
  const target = {
    system: 'http',
    kind: 'endpoint',
    path: [
      request.url.port === '' ? request.host : `${request.host}:${request.url.port}`,
      request.method,
      request.path,
    ],
  };
  const where = `\`${brief(`${request.method} ${request.host}${request.path}`, 120)}\``;
  if (verb === 'opaque' || verb === 'run') {
    const effect = opaqueEffect(SOURCE, 'nothing describes this API', `sends ${where}`, target);
    // What a program on this machine is asked to do is its own business, as running it is; the record says so.
    return request.isLoopback
      ? { ...effect, basis: 'parsed', tags: ['unjudged'], summary: `sends ${where} to this machine (unjudged)` }
      : effect;
  }
  const [effectVerb, reversal, does] = EFFECTS[verb];
  return {
    verb: effectVerb,
    target: { known: target },
    count: { min: 0, max: 'unbounded' },
    reversal,
    basis: 'parsed',
    source: SOURCE,
    summary: `${does} ${where}`,
  };
}
