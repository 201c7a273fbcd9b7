import type { Json } from '../../../core/canonical-json.ts';
import type { Reversal } from '../../../core/effect.ts';
import { isJsonObject, type JsonObject } from '../../api-actions.ts';
import { type Documented, documentedVerb } from '../../documented-verb.ts';
import type { NameVerb } from '../../verb-words.ts';
import { addPath, findPath, newPathTree, type PathTree } from '../path-tree.ts';
import { basePathsOf } from './servers.ts';

/** `x-holdpoint` of an operation: what the API's owner says about it. */
export interface OwnersWord {
  readonly verb: NameVerb | undefined;
  readonly kind: string | undefined;
  /** Path parameters that together are the target's identity; none: all of them. */
  readonly ids: readonly string[] | undefined;
  readonly reversal: Reversal | undefined;
}

export interface ApiOperation {
  /** `operationId`, else `METHOD /path`. */
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly isDeprecated: boolean;
  readonly documented: Documented;
  readonly owner: OwnersWord | undefined;
}

export interface OpenApiIndex {
  /** Segments of a base path and the operations below it, the longest base path first. */
  readonly bases: readonly {
    readonly segments: readonly string[];
    readonly tree: PathTree<ReadonlyMap<string, ApiOperation>>;
  }[];
  readonly operations: ReadonlyMap<string, ApiOperation>;
}

export type OpenApiResult =
  | { readonly ok: true; readonly index: OpenApiIndex; readonly skipped: readonly string[] }
  | { readonly ok: false; readonly why: string };

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const;
export const OPENAPI_LIMITS = { operations: 20_000, bases: 16, textChars: 8_000, references: 8 } as const;

/** Reads an OpenAPI 3.0 or 3.1 document. Pure. `hosts` are those that a person declared: no document speaks for others. */
export function openApiIndex(document: Json, hosts: readonly string[]): OpenApiResult {
  if (!isJsonObject(document)) return { ok: false, why: 'the document is not a JSON object' };
  const version = document['openapi'];
  if (typeof version !== 'string' || !/^3\.[01](\.\d+)?(-\w+)?$/.test(version))
    return { ok: false, why: `\`openapi\` is ${JSON.stringify(version ?? null).slice(0, 40)}; 3.0 and 3.1 are read` };
  const paths = document['paths'];
  if (!isJsonObject(paths)) return { ok: false, why: 'the document has no `paths`' };
  const shared = basePathsOf(document['servers'], hosts);
  if (!shared.ok) return shared;
  const trees = new Map<string, PathTree<ReadonlyMap<string, ApiOperation>>>();
  const operations = new Map<string, ApiOperation>();
  const skipped: string[] = [];
  let count = 0;
  for (const [template, item] of Object.entries(paths)) {
    if (!template.startsWith('/')) continue;
    const resolved = referenced(item, document);
    if (resolved === undefined) {
      skipped.push(`${template}: its \`$ref\` leads nowhere in this document`);
      continue;
    }
    const byBase = new Map<string, Map<string, ApiOperation>>();
    for (const method of METHODS) {
      const one = resolved[method];
      if (one === undefined) continue;
      count += 1;
      if (count > OPENAPI_LIMITS.operations)
        return { ok: false, why: `more than ${OPENAPI_LIMITS.operations} operations` };
      const operation = operationOf(method.toUpperCase(), template, one, resolved);
      if (operation === undefined) {
        skipped.push(`${method} ${template}: not an operation`);
        continue;
      }
      if (operations.has(operation.id))
        return { ok: false, why: `two operations called \`${operation.id.slice(0, 80)}\`` };
      operations.set(operation.id, operation);
      const own = (isJsonObject(one) ? one['servers'] : undefined) ?? resolved['servers'];
      const bases = own === undefined ? shared : basePathsOf(own, hosts);
      if (!bases.ok) return bases;
      for (const base of bases.paths) {
        const methods = byBase.get(base) ?? new Map<string, ApiOperation>();
        methods.set(operation.method, operation);
        byBase.set(base, methods);
      }
    }
    for (const [base, methods] of byBase) {
      const tree = trees.get(base) ?? newPathTree();
      trees.set(base, tree);
      if (!addPath(tree, template, methods)) skipped.push(`${template}: its template cannot be read`);
    }
  }
  if (trees.size > OPENAPI_LIMITS.bases) return { ok: false, why: `more than ${OPENAPI_LIMITS.bases} base paths` };
  const bases = [...trees].map(([base, tree]) => ({ segments: base.split('/').filter((one) => one !== ''), tree }));
  bases.sort((a, b) => b.segments.length - a.segments.length);
  return { ok: true, index: { bases, operations }, skipped };
}

function operationOf(method: string, path: string, value: Json, item: JsonObject): ApiOperation | undefined {
  if (!isJsonObject(value)) return undefined;
  const text = (key: string): string => {
    const own = value[key] ?? item[key];
    return typeof own === 'string' ? own.slice(0, OPENAPI_LIMITS.textChars) : '';
  };
  const id = value['operationId'];
  const name = typeof id === 'string' && id !== '' && id.length <= 200 ? id : undefined;
  const summary = text('summary');
  const description = text('description');
  return {
    id: name ?? `${method} ${path}`,
    method,
    path,
    summary,
    description,
    isDeprecated: value['deprecated'] === true,
    documented: documentedVerb({
      name: nameWithoutTag(name),
      summary,
      description,
      isSafe: method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'TRACE',
    }),
    owner: ownersWord(value['x-holdpoint']),
  };
}

/** `volumes/delete-backup`, `Volumes.deleteBackup`: what stands before the last joint groups, and is no verb. */
function nameWithoutTag(name: string | undefined): string {
  return name?.split(/[/.]/).at(-1) ?? '';
}

const VERBS: ReadonlySet<string> = new Set(['read', 'create', 'change', 'destroy', 'expose', 'grant', 'run']);
const REVERSALS: ReadonlySet<string> = new Set(['regenerable', 'undoable', 'safeguardable', 'irreversible', 'unknown']);

/** SECURITY: what cannot be read of it counts as the worst that it may have said. */
function ownersWord(value: Json | undefined): OwnersWord | undefined {
  if (value === undefined) return undefined;
  const unreadable: OwnersWord = { verb: 'destroy', kind: undefined, ids: undefined, reversal: 'unknown' };
  if (!isJsonObject(value)) return unreadable;
  const { verb, target, reversal, ...rest } = value;
  if (Object.keys(rest).length > 0) return unreadable;
  if (verb !== undefined && !(typeof verb === 'string' && VERBS.has(verb))) return unreadable;
  if (reversal !== undefined && !(typeof reversal === 'string' && REVERSALS.has(reversal))) return unreadable;
  const place = targetOf(target);
  if (place === undefined) return unreadable;
  return { verb: verb as NameVerb | undefined, ...place, reversal: reversal as Reversal | undefined };
}

/** `"volume"`, or `{kind, ids}`. */
function targetOf(target: Json | undefined): Pick<OwnersWord, 'kind' | 'ids'> | undefined {
  if (target === undefined) return { kind: undefined, ids: undefined };
  if (typeof target === 'string') return { kind: target.slice(0, 60), ids: undefined };
  if (!isJsonObject(target)) return undefined;
  const { kind, ids } = target;
  if (typeof kind !== 'string') return undefined;
  if (ids === undefined) return { kind: kind.slice(0, 60), ids: undefined };
  if (!Array.isArray(ids)) return undefined;
  const names = (ids as readonly Json[]).filter((id): id is string => typeof id === 'string');
  return names.length === ids.length ? { kind: kind.slice(0, 60), ids: names } : undefined;
}

/** A path item, through `$ref` within the document. */
function referenced(item: Json | undefined, document: JsonObject): JsonObject | undefined {
  let here: Json | undefined = item;
  for (let hop = 0; hop < OPENAPI_LIMITS.references; hop += 1) {
    if (!isJsonObject(here)) return undefined;
    const reference: Json | undefined = here['$ref'];
    if (reference === undefined) return here;
    if (typeof reference !== 'string' || !reference.startsWith('#/')) return undefined;
    let at: Json | undefined = document;
    for (const part of reference.slice(2).split('/')) {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
      at = isJsonObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    }
    here = at;
  }
  return undefined;
}

export interface FoundOperation {
  readonly operation: ApiOperation;
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * `outside`: below no base path of the document. `unlisted`: below one, but no template with this method fits.
 */
export function findOperation(
  index: OpenApiIndex,
  method: string,
  segments: readonly string[],
): FoundOperation | 'outside' | 'unlisted' {
  let isInside = false;
  for (const { segments: base, tree } of index.bases) {
    if (!base.every((segment, at) => segments[at] === segment)) continue;
    isInside = true;
    for (const { value, parameters } of findPath(tree, segments.slice(base.length)) ?? []) {
      // A HEAD is answered by whatever answers the GET.
      const operation = value.get(method) ?? (method === 'HEAD' ? value.get('GET') : undefined);
      if (operation !== undefined) return { operation, parameters };
    }
  }
  return isInside ? 'unlisted' : 'outside';
}
