import { GITHUB_HOSTS, GITHUB_OPERATIONS } from '../../catalog/providers/github.ts';
import type { ProviderOperation } from '../../catalog/providers/operation.ts';
import { dangerOf } from '../../core/danger.ts';
import type { Effect } from '../../core/effect.ts';
import type { Question } from '../../core/evidence.ts';
import type { BackupsFact, EnvironmentFact } from '../../core/facts.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { known } from '../../core/tri.ts';
import { brief, isJsonObject, type JsonObject, opaqueEffect } from '../api-actions.ts';
import type { DescribedApis } from '../described-apis.ts';
import { providerEffects } from '../provider-effects.ts';
import type { Reading, ReadingContext } from '../reading.ts';
import { addPath, type FoundPath, findPath, newPathTree, type PathTree } from './path-tree.ts';
import type { Body, HttpRequest } from './request.ts';
import { methodsOf } from './rest.ts';
import { cutsOf } from './segments.ts';

type Methods = Map<string, ProviderOperation>;

const TREE: PathTree<Methods> = treeOf(GITHUB_OPERATIONS);
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

function treeOf(operations: readonly ProviderOperation[]): PathTree<Methods> {
  const byPath = new Map<string, Methods>();
  for (const operation of operations) {
    const [method = '', path = ''] = operation.name.split(' ');
    const methods = byPath.get(path) ?? new Map<string, ProviderOperation>();
    byPath.set(path, methods.set(method, operation));
  }
  const tree = newPathTree<Methods>();
  for (const [path, methods] of byPath) addPath(tree, path, methods);
  return tree;
}

/** The credential of the request itself; a verifier that knows the door finds it. */
export function githubCredential(forge: string): ResourceRef {
  return { system: 'github', kind: 'credential', path: [forge, 'current'] };
}

/** The reading of a request to GitHub's REST API; `undefined` for other hosts, and for what its catalogue leaves to others. */
export function githubRest(
  request: HttpRequest,
  body: Body,
  apis: DescribedApis,
  context: ReadingContext,
): Reading | undefined {
  const place = placeOf(request, apis);
  if (place === undefined) return undefined;
  const readings = methodsOf(request, body)
    .filter((method) => !SAFE.has(method))
    .map((method) => methodReading(method, place, request, body, context));
  if (readings.length === 0) return undefined;
  return { effects: readings.flatMap((one) => one.effects), questions: readings.flatMap((one) => one.questions) };
}

/** True where the catalogue lists what was read. */
export function isListed(reading: Reading): boolean {
  return reading.effects.every((effect) => effect.source.startsWith('github:'));
}

interface Place {
  /** `github.com`, or the host of an Enterprise Server. */
  readonly forge: string;
  /** Segments below the API's root, by either way of cutting the path. */
  readonly cuts: readonly (readonly string[])[];
}

function placeOf(request: HttpRequest, apis: DescribedApis): Place | undefined {
  const { host, url } = request;
  const { cutFirst, decodedFirst, isPlain } = cutsOf(request);
  const cuts = isPlain ? [decodedFirst] : [cutFirst, decodedFirst];
  const tenant = /^api\.([a-z0-9-]+\.ghe\.com)$/.exec(host)?.[1];
  if (GITHUB_HOSTS.has(host)) return { forge: 'github.com', cuts };
  if (tenant !== undefined) return { forge: tenant, cuts };
  if (!apis.githubHosts.has(url.port === '' ? host : `${host}:${url.port}`)) return undefined;
  const below = cuts.flatMap((cut) =>
    cut[0] === 'api' && (cut[1] === 'v3' || cut[1] === 'uploads') ? [cut.slice(2)] : [],
  );
  return below.length === 0 ? undefined : { forge: url.port === '' ? host : `${host}:${url.port}`, cuts: below };
}

function methodReading(
  method: string,
  place: Place,
  request: HttpRequest,
  body: Body,
  context: ReadingContext,
): Reading {
  const found = place.cuts.flatMap((cut) => firstWith(method, cut));
  const [first, second] = found;
  const isAmbiguous = second !== undefined && second.value.get(method) !== first?.value.get(method);
  const operation = first?.value.get(method);
  if (first === undefined || operation === undefined || isAmbiguous) return stranger(method, request, isAmbiguous);
  const target = targetOf(operation, first.parameters, place.forge, body);
  const effects = providerEffects({
    operation,
    system: 'github',
    target: known(target),
    parameters: first.parameters,
    members: membersOf(body),
  });
  return withFacts(effects, operation, target, place.forge, context);
}

function firstWith(method: string, cut: readonly string[]): readonly FoundPath<Methods>[] {
  return (findPath(TREE, cut) ?? []).filter((one) => one.value.has(method)).slice(0, 1);
}

function stranger(method: string, request: HttpRequest, isAmbiguous: boolean): Reading {
  const target = { system: 'http', kind: 'endpoint', path: [request.host, method, request.path] };
  const summary = `sends \`${brief(`${method} ${request.host}${request.path}`, 120)}\``;
  const why = isAmbiguous
    ? 'its path can be read as two operations of GitHub'
    : 'the catalogue of GitHub does not list it';
  if (method !== 'DELETE') return { effects: [opaqueEffect('github', why, summary, target)], questions: [] };
  const effect: Effect = {
    verb: 'destroy',
    target: { known: target },
    count: { min: 1, max: 'unbounded' },
    reversal: 'unknown',
    basis: 'parsed',
    source: 'github',
    summary: `${summary}, which deletes something: ${why}`,
  };
  return { effects: [effect], questions: [] };
}

function membersOf(body: Body): JsonObject | string {
  switch (body.kind) {
    case 'none':
      return {};
    case 'json':
      return isJsonObject(body.value) ? body.value : 'the body is not an object';
    case 'form':
    case 'multipart':
      return Object.fromEntries(body.fields);
    case 'text':
      return 'the body is not JSON';
    case 'unreadable':
      return body.why;
    default:
      return body satisfies never;
  }
}

/** Names of owners and repositories know no case; refs do. */
const FOLDED: ReadonlySet<string> = new Set(['owner', 'repo', 'org', 'username', 'team']);

function targetOf(
  operation: ProviderOperation,
  parameters: ReadonlyMap<string, string>,
  forge: string,
  body: Body,
): ResourceRef {
  const path = [forge];
  for (const [name, value] of parameters) path.push(FOLDED.has(name) ? value.toLowerCase() : value);
  if (operation.kind === 'ref') {
    const ref = path.pop() ?? '';
    const [, kind, name] = /^(heads|tags)\/(.+)$/.exec(ref) ?? [];
    if (kind === undefined || name === undefined) return { system: 'github', kind: 'ref', path: [...path, ref] };
    return { system: 'github', kind: kind === 'heads' ? 'branch' : 'tag', path: [...path, name] };
  }
  if (operation.kind === 'branch-of-body') {
    const members = membersOf(body);
    const base = typeof members === 'string' ? undefined : (members['base'] ?? members['branch']);
    return { system: 'github', kind: 'branch', path: [...path, typeof base === 'string' ? base : 'unknown'] };
  }
  // `/branches/x/protection/restrictions/teams`: the branch is what is protected.
  const last = [...parameters.keys()].at(-1);
  return { system: 'github', kind: operation.kind, path: last === 'part' ? path.slice(0, -1) : path };
}

/** Questions for what is dangerous, and what their answers change: commits that another branch keeps are not lost. */
function withFacts(
  effects: readonly Effect[],
  operation: ProviderOperation,
  target: ResourceRef,
  forge: string,
  context: ReadingContext,
): Reading {
  if (effects.every((effect) => dangerOf(effect) === 'harmless')) return { effects, questions: [] };
  const isPlaced = ['repository', 'branch', 'tag', 'pull-request'].includes(target.kind);
  const asked = isPlaced ? operation.asks : [];
  // A member may do worse than the call itself: then all is asked.
  const checks =
    isPlaced && effects.length > 1 ? (['environment', 'dependents', 'recovery', 'documentation'] as const) : asked;
  const questions: Question[] = checks.map((check) => ({ check, about: target }));
  if (effects.some((effect) => effect.verb === 'destroy' || effect.verb === 'grant'))
    questions.push({ check: 'credential', about: githubCredential(forge) });
  const isDeletion = operation.name.startsWith('DELETE ') && operation.kind === 'ref' && target.kind === 'branch';
  if (!isDeletion || !isKeptElsewhere(target, context)) return { effects, questions };
  return {
    effects: effects.map((effect) =>
      effect.verb === 'destroy'
        ? { ...effect, reversal: 'undoable', summary: `${effect.summary} (its commits are in the default branch)` }
        : effect,
    ),
    questions,
  };
}

/** SECURITY: only the provider's own word, and never about a branch that others build on. */
function isKeptElsewhere(target: ResourceRef, context: ReadingContext): boolean {
  const recovery = context.fact('recovery', target);
  const environment = context.fact('environment', target);
  if (recovery === undefined || environment === undefined) return false;
  if (!('known' in recovery) || !('known' in environment)) return false;
  const { backups } = recovery.known as BackupsFact;
  const { environments, by } = environment.known as EnvironmentFact;
  return backups.some((one) => !one.insideTarget) && by === 'provider' && environments.every((one) => !one.production);
}
