import { dangerOf } from '../../core/danger.ts';
import type { Effect, Reversal } from '../../core/effect.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { brief, opaqueEffect } from '../api-actions.ts';
import {
  type DescribedApi,
  type DescribedApis,
  DOCUMENTED_EFFECTS,
  operationRef,
  stricterReversal,
  targetWords,
} from '../described-apis.ts';
import type { Reading } from '../reading.ts';
import { type NameVerb, stricterVerb } from '../verb-words.ts';
import { type ApiOperation, type FoundOperation, findOperation, type OpenApiIndex } from './openapi/openapi-index.ts';
import type { Body, HttpRequest } from './request.ts';
import { type Judged, methodsOf, verbOfRequest } from './rest.ts';
import { type Cuts, cutsOf } from './segments.ts';

/** The reading of a request to an API that has an OpenAPI document; `undefined` where no document speaks of it. */
export function describedRest(request: HttpRequest, body: Body, apis: DescribedApis): Reading | undefined {
  const described = apis.byHost.get(request.url.port === '' ? request.host : `${request.host}:${request.url.port}`);
  if (described === undefined) return undefined;
  const base = verbOfRequest(request, body);
  const cuts = cutsOf(request);
  const readings: Reading[] = [];
  for (const api of described) {
    if (api.index.kind !== 'openapi') continue;
    for (const method of methodsOf(request, body)) {
      const found = locate(api.index.openapi, method, cuts);
      if (found === 'outside') continue;
      const reading =
        found === 'unlisted' || found === 'ambiguous'
          ? strangerReading(found, base, request, api)
          : operationReading(found, { api, base, request, body, isPlain: cuts.isPlain });
      if (reading !== undefined) readings.push(reading);
    }
  }
  if (readings.length === 0) return undefined;
  return {
    effects: readings.flatMap((one) => one.effects),
    questions: readings.flatMap((one) => one.questions),
  };
}

/** SECURITY: a path that two servers would cut into different operations is none that is known. */
function locate(
  index: OpenApiIndex,
  method: string,
  cuts: Cuts,
): FoundOperation | 'outside' | 'unlisted' | 'ambiguous' {
  const found = findOperation(index, method, cuts.cutFirst);
  if (cuts.isPlain) return found;
  const other = findOperation(index, method, cuts.decodedFirst);
  if (typeof found === 'string') return typeof other === 'string' && other === 'outside' ? found : other;
  if (typeof other === 'string' || other.operation === found.operation) return found;
  return 'ambiguous';
}

/** What is not listed and may change something holds; a read is left to its method. */
function strangerReading(
  why: 'unlisted' | 'ambiguous',
  base: Judged,
  request: HttpRequest,
  api: DescribedApi,
): Reading | undefined {
  const isRead =
    base === 'read' && (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS');
  const isWorse = base !== 'read' && base !== 'create' && base !== 'opaque' && base !== 'run';
  if (isRead || isWorse || request.isLoopback) return undefined;
  const words =
    why === 'unlisted'
      ? `the document of \`${api.name}\` does not list it`
      : `its path can be read as two operations of \`${api.name}\``;
  const target = { system: 'http', kind: 'endpoint', path: [request.host, request.method, request.path] };
  const where = `\`${brief(`${request.method} ${request.host}${request.path}`, 120)}\``;
  return { effects: [opaqueEffect(`openapi:${api.name}`, words, `sends ${where}`, target)], questions: [] };
}

interface Context {
  readonly api: DescribedApi;
  readonly base: Judged;
  readonly request: HttpRequest;
  readonly body: Body;
  readonly isPlain: boolean;
}

function operationReading(found: FoundOperation, context: Context): Reading {
  const { api, request } = context;
  const { operation, parameters } = found;
  const target = targetOf(operation, parameters, api.name);
  const verb = verbOf(operation, context);
  const source = `openapi:${api.name}#${operation.id}`;
  const name = `\`${brief(operation.id)}\` of ${api.name}`;
  if (verb === 'opaque' || verb === 'run') {
    const effect = opaqueEffect(source, 'its documentation does not say that it is harmless', `calls ${name}`, target);
    // As without a document: what a program on this machine is asked to do is its own business.
    const isOurs = request.isLoopback && operation.owner === undefined;
    return withDocumentation(isOurs ? { ...effect, basis: 'parsed', tags: ['unjudged'] } : effect, operation, api);
  }
  const [effectVerb, usual, does] = DOCUMENTED_EFFECTS[verb];
  const effect: Effect = {
    verb: effectVerb,
    target: { known: target },
    count: { min: 0, max: 'unbounded' },
    reversal: verb === 'read' ? usual : reversalOf(operation, verb, usual),
    basis: 'documented',
    source,
    summary: `${does} ${targetWords(target)} by ${name}`,
  };
  return withDocumentation(effect, operation, api);
}

/** INVARIANT: nothing is better for a document than without it, but an opaque call that a person's document explains. */
function verbOf(operation: ApiOperation, { api, base, body, isPlain }: Context): Judged {
  const { documented, owner } = operation;
  const said: NameVerb[] = [];
  if (documented.raises !== undefined) said.push(documented.raises);
  if (owner?.verb !== undefined && owner.verb !== 'read' && owner.verb !== 'create' && owner.verb !== 'run')
    said.push(owner.verb);
  const [first, ...rest] = said;
  if (first !== undefined) {
    const worst = rest.reduce(stricterVerb, first);
    return base === 'opaque' || base === 'run' ? worst : stricterVerb(base, worst);
  }
  if (owner?.verb === 'run' && (base === 'read' || base === 'create')) return 'opaque';
  if (base !== 'opaque') return base;
  const mild = owner?.verb === 'read' || owner?.verb === 'create' ? owner.verb : documented.mild;
  const isExplained = api.trust === 'declared' && isPlain && body.kind !== 'unreadable' && owner?.verb !== 'run';
  return isExplained && mild !== undefined ? mild : 'opaque';
}

function reversalOf(operation: ApiOperation, verb: Judged, usual: Reversal): Reversal {
  const stated = operation.owner?.reversal;
  const isFinal = operation.documented.isIrreversible && (verb === 'destroy' || verb === 'change');
  const worse = isFinal ? stricterReversal(usual, 'irreversible') : usual;
  return stated === undefined ? worse : stricterReversal(worse, stated);
}

function withDocumentation(effect: Effect, operation: ApiOperation, api: DescribedApi): Reading {
  const isAsked = dangerOf(effect) !== 'harmless' && (operation.summary !== '' || operation.description !== '');
  return {
    effects: [effect],
    questions: isAsked ? [{ check: 'documentation', about: operationRef(api.name, operation.id) }] : [],
  };
}

/** From the path: `/projects/{project}/volumes/{id}/wipe` acts on a volume. */
function targetOf(operation: ApiOperation, parameters: ReadonlyMap<string, string>, system: string): ResourceRef {
  const { owner } = operation;
  const names = owner?.ids ?? [...parameters.keys()];
  const ids = names.map((name) => parameters.get(name));
  const known = ids.filter((id): id is string => id !== undefined && id !== '');
  const path = known.length === names.length && known.length > 0 ? known : [operation.path];
  return { system, kind: owner?.kind ?? kindOf(operation.path), path: path.map((id) => id.slice(0, 200)) };
}

function kindOf(template: string): string {
  const segments = template.split('/').filter((segment) => segment !== '');
  const lastParameter = segments.findLastIndex((segment) => segment.includes('{'));
  const noun = lastParameter > 0 ? segments[lastParameter - 1] : segments.at(-1);
  if (noun === undefined || noun.includes('{')) return 'resource';
  if (lastParameter === -1) return noun.toLowerCase();
  return noun
    .toLowerCase()
    .replace(/ies$/, 'y')
    .replace(/(ss|us|is)$/, '$1 ')
    .replace(/(x|ch|sh|sse)s$/, '$1')
    .replace(/s$/, '')
    .trim();
}
