import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buildSchema, type DocumentNode, execute, type GraphQLSchema, Kind, parse, validate } from 'graphql';
import { carRental } from './car-rental.ts';
import { railwayRoot } from './resolvers.ts';
import { RAILWAY_SDL } from './schema.ts';
import type { RailwayState, Token } from './state.ts';

export { CAR_RENTAL, carRental } from './car-rental.ts';
export type { Fault, JournalEntry, RailwayState } from './state.ts';

export interface RailwayOptions {
  /** `carRental()` unless given. */
  readonly state?: RailwayState;
  /** PEM; serves TLS where given. */
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly nowMs?: () => number;
  /** Requests that one run may make; the next gets 429. */
  readonly requestLimit?: number;
}

export interface Railway {
  /** With the path, e.g. `http://127.0.0.1:40001/graphql/v2`. */
  readonly url: string;
  readonly port: number;
  readonly state: RailwayState;
  close(): Promise<void>;
}

const BODY_BYTES = 1024 * 1024;

/**
 * Behaves as Railway's public GraphQL API does towards a client: real execution, its token kinds and headers, errors in
 * an HTTP 200, deletion at once. Loopback only, on a free port. A batch (array) is executed in order.
 */
export async function startRailway(options: RailwayOptions = {}): Promise<Railway> {
  const state = options.state ?? carRental();
  const schema = buildSchema(RAILWAY_SDL);
  const nowMs = options.nowMs ?? Date.now;
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response, {
      state,
      schema,
      nowMs,
      requestLimit: options.requestLimit ?? Number.POSITIVE_INFINITY,
    }).catch(() => response.destroy());
  };
  const server = options.tls === undefined ? createServer(handle) : createTlsServer({ ...options.tls }, handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/graphql/v2`,
    port,
    state,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Serving {
  readonly state: RailwayState;
  readonly schema: GraphQLSchema;
  readonly nowMs: () => number;
  readonly requestLimit: number;
}

async function answer(request: IncomingMessage, response: ServerResponse, serving: Serving): Promise<void> {
  const { state } = serving;
  const url = new URL(request.url ?? '/', 'http://stand-in');
  const body = await readBody(request);
  const token = tokenOf(request, state);
  const operations: string[] = [];
  const finish = (status: number, text: string, headers: Readonly<Record<string, string>> = {}) => {
    state.journal.push({
      atMs: serving.nowMs(),
      method: request.method ?? '',
      path: url.pathname,
      token: token === 'invalid' || token === 'none' ? token : token.kind,
      body,
      operations,
      status,
    });
    response
      .writeHead(status, { 'content-type': 'application/json', 'x-ratelimit-limit': '1000', ...headers })
      .end(text);
  };
  const { fault } = state;
  if (fault?.kind === 'hang') {
    fault.seen?.();
    if (fault.released === undefined) return;
    await fault.released;
  }
  if (fault?.kind === 'status') return finish(fault.status, '{"message":"upstream error"}');
  if (fault?.kind === 'busy') return finish(fault.status, '{"message":"busy"}', fault.headers);
  const retryAfter =
    fault?.kind === 'rate-limited'
      ? fault.retryAfterSeconds
      : state.journal.length >= serving.requestLimit
        ? 60
        : undefined;
  if (retryAfter !== undefined)
    return finish(429, '{"errors":[{"message":"Too Many Requests"}]}', {
      'retry-after': String(retryAfter),
      'x-ratelimit-remaining': '0',
    });
  if (url.pathname !== '/graphql/v2') return finish(404, '{"message":"Not Found"}');
  if (request.method !== 'POST' && request.method !== 'GET') return finish(405, '{"message":"Method Not Allowed"}');
  const parsed =
    request.method === 'GET'
      ? {
          query: url.searchParams.get('query'),
          variables: jsonOr(url.searchParams.get('variables') ?? '{}'),
          operationName: url.searchParams.get('operationName'),
        }
      : jsonOr(body);
  if (fault?.kind === 'not-authorized') return finish(200, '{"errors":[{"message":"Not Authorized"}],"data":null}');
  const results: unknown[] = [];
  let worst = 200;
  for (const one of Array.isArray(parsed) ? parsed : [parsed]) {
    const result = await run(
      one,
      request.method === 'GET',
      token === 'invalid' || token === 'none' ? undefined : token,
      operations,
      serving,
    );
    results.push(result.answer);
    worst = Math.max(worst, result.status);
  }
  const whole = Array.isArray(parsed) ? results : results[0];
  const text = JSON.stringify(fault?.kind === 'rewrite' ? fault.rewrite(whole) : whole);
  finish(
    worst,
    fault?.kind === 'truncated' ? text.slice(0, Math.floor(text.length / 2)) : text,
    fault?.kind === 'headers' ? fault.headers : {},
  );
}

async function run(
  request: unknown,
  readOnly: boolean,
  token: Token | undefined,
  operations: string[],
  serving: Serving,
): Promise<{ status: number; answer: unknown }> {
  const { query, variables, operationName } = (request ?? {}) as {
    query?: unknown;
    variables?: Record<string, unknown>;
    operationName?: string;
  };
  if (typeof query !== 'string')
    return { status: 400, answer: { errors: [{ message: 'Must provide query string.' }] } };
  let document: DocumentNode;
  try {
    document = parse(query);
  } catch (error) {
    return { status: 400, answer: { errors: [{ message: String((error as Error).message) }] } };
  }
  const faults = validate(serving.schema, document);
  if (faults.length > 0)
    return {
      status: 400,
      answer: {
        errors: faults.map((one) => ({ message: one.message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } })),
      },
    };
  const mutates = document.definitions.some(
    (one) => one.kind === Kind.OPERATION_DEFINITION && one.operation === 'mutation',
  );
  if (readOnly && mutates)
    return {
      status: 405,
      answer: { errors: [{ message: 'Can only perform a mutation operation from a POST request.' }] },
    };
  const root = railwayRoot(serving.state, token, serving.nowMs);
  const seen = new Proxy(root, {
    get: (target, name) => {
      const value = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        operations.push(String(name));
        return (value as (...all: unknown[]) => unknown)(...args);
      };
    },
  });
  const result = await execute({
    schema: serving.schema,
    document,
    rootValue: seen,
    variableValues: variables ?? {},
    operationName: operationName ?? null,
  });
  if (result.errors === undefined) return { status: 200, answer: result };
  return {
    status: 200,
    answer: {
      errors: result.errors.map((one) => ({ message: one.message, path: one.path })),
      data: result.data ?? null,
    },
  };
}

/** Bearer for account and workspace tokens, a header of its own for project tokens; the wrong place does not count. */
function tokenOf(request: IncomingMessage, state: RailwayState): Token | 'none' | 'invalid' {
  const projectHeader = request.headers['project-access-token'];
  if (typeof projectHeader === 'string') {
    const token = state.tokens.get(projectHeader);
    return token?.kind === 'project' ? token : 'invalid';
  }
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer === undefined) return request.headers.authorization === undefined ? 'none' : 'invalid';
  const token = state.tokens.get(bearer);
  return token === undefined || token.kind === 'project' ? 'invalid' : token;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > BODY_BYTES) throw new Error('body too large');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
