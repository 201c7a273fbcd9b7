import type { Carrier, ProviderOperation } from '../catalog/providers/operation.ts';
import { canonicalJson, type Json } from '../core/canonical-json.ts';
import type { Effect } from '../core/effect.ts';
import type { ResourceRef } from '../core/resource.ts';
import type { Tri } from '../core/tri.ts';
import { brief, isJsonObject, type JsonObject, opaqueEffect } from './api-actions.ts';
import { targetWords } from './described-apis.ts';

export interface ProviderCall {
  readonly operation: ProviderOperation;
  readonly system: string;
  readonly target: Tri<ResourceRef>;
  readonly parameters: ReadonlyMap<string, string>;
  /** Members of the request; a text says why they cannot be read. */
  readonly members: JsonObject | string;
  /** Members whose value is not there yet; they count as given. */
  readonly unresolved?: readonly string[];
  readonly span?: readonly [number, number];
}

/** Effects of one call of a provider's catalogue: what its name says, and what its members do besides. */
export function providerEffects(call: ProviderCall): Effect[] {
  const { operation, system } = call;
  const effects = [effectOf(call, operation, `${system}:${operation.name}`)];
  for (const carrier of operation.carries)
    if (isCarried(carrier, call)) effects.push(effectOf(call, carrier, `${system}:${operation.name}#${carrier.at}`));
  const stranger = strangerIn(call);
  if (stranger !== undefined)
    effects.push({
      ...opaqueEffect(`${system}:${operation.name}`, stranger, `${operation.does} on ${system}`),
      ...(call.span === undefined ? {} : { span: call.span }),
    });
  return effects;
}

function effectOf(call: ProviderCall, part: ProviderOperation | Carrier, source: string): Effect {
  const { target, span } = call;
  const where = 'known' in target ? targetWords(target.known) : '(which one is unknown)';
  const tags = part.tags ?? [];
  return {
    verb: part.verb,
    target,
    count: { min: 1, max: part.verb === 'destroy' || part.verb === 'change' ? 1 : 'unbounded' },
    reversal: part.reversal,
    basis: tags.includes('opaque') ? 'opaque' : 'documented',
    source,
    summary: `${part.does}: ${where}`,
    ...(span === undefined ? {} : { span }),
    ...(tags.length > 0 ? { tags } : {}),
  };
}

/** SECURITY: what cannot be read, or has no value yet, counts as given. */
function isCarried(carrier: Carrier, call: ProviderCall): boolean {
  const parameter = /^\{(.+)\}$/.exec(carrier.at)?.[1];
  if (parameter !== undefined) {
    const value = call.parameters.get(parameter) ?? '';
    return carrier.when instanceof RegExp && carrier.when.test(value);
  }
  if (typeof call.members === 'string') return true;
  const [first = '', ...rest] = carrier.at.split('.');
  if (call.unresolved?.includes(first) === true) return true;
  let values: readonly (Json | undefined)[] = [Object.hasOwn(call.members, first) ? call.members[first] : undefined];
  for (const name of rest) values = values.flatMap(itemsOf).map((one) => memberOf(one, name));
  return values.some((value) => fits(carrier.when, value));
}

/** A path goes through lists, to each of their items. */
function itemsOf(value: Json | undefined): readonly (Json | undefined)[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [value];
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function fits(when: Carrier['when'], value: Json | undefined): boolean {
  if (when === 'missing') return value === undefined || value === null;
  if (value === undefined || value === null) return false;
  if (when === 'given') return true;
  if (when instanceof RegExp) return typeof value !== 'string' || when.test(value);
  // What only the running shell would know stands as `…`, and may be any of them.
  if (typeof value === 'string' && value.includes('…')) return true;
  // `"true"` and `1` are taken for `true` by servers that are not strict.
  const text = loosely(value);
  return when.some((one) => loosely(one) === text);
}

function loosely(value: Json): string {
  const text = canonicalJson(value).toLowerCase().replaceAll('"', '');
  return text === '1' ? 'true' : text === '0' ? 'false' : text;
}

function strangerIn({ operation, members }: ProviderCall): string | undefined {
  const { members: listed } = operation;
  if (listed === undefined) return undefined;
  if (typeof members === 'string') return members;
  const stranger = Object.keys(members).find((name) => !listed.has(name));
  return stranger === undefined ? undefined : `member \`${brief(stranger)}\` is not in the catalogue`;
}
