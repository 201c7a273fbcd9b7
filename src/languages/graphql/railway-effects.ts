import { RAILWAY_ARGUMENTS } from '../../catalog/railway/arguments.ts';
import { RAILWAY_CARRIERS, type RailwayCarrier } from '../../catalog/railway/carriers.ts';
import { RAILWAY_MUTATIONS, type RailwayMutation } from '../../catalog/railway/mutations.ts';
import { canonicalJson, type Json } from '../../core/canonical-json.ts';
import type { Effect } from '../../core/effect.ts';
import type { Question } from '../../core/evidence.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { type Tri, unknown } from '../../core/tri.ts';
import { brief, isJsonObject, opaqueEffect } from '../api-actions.ts';
import type { Reading } from '../reading.ts';
import type { CalledField } from './document.ts';

/** The credential of the request itself; a verifier that knows the door finds it. */
export const CURRENT_RAILWAY_CREDENTIAL: ResourceRef = { system: 'railway', kind: 'credential', path: ['current'] };

/** Effects of one root field of a mutation on Railway's API. */
export function railwayEffect(field: CalledField): Reading {
  const mutation = RAILWAY_MUTATIONS.get(field.name);
  if (mutation === undefined) {
    const why = `mutation \`${brief(field.name)}\` is not in the catalogue`;
    return {
      effects: [{ ...opaqueEffect(`railway:${field.name}`, why, 'does something on Railway'), span: field.span }],
      questions: [],
    };
  }
  const target = targetOf(field, mutation);
  const basis = mutation.tags.includes('opaque') ? 'opaque' : 'documented';
  const effect: Effect = {
    verb: mutation.verb,
    target,
    count: { min: 1, max: 1 },
    reversal: mutation.reversal,
    basis,
    source: `railway:${field.name}`,
    summary: `${mutation.does}: Railway ${mutation.kind} ${'known' in target ? target.known.path.join('/') : '(which one is unknown)'}`,
    span: field.span,
    ...(mutation.tags.length > 0 ? { tags: mutation.tags } : {}),
  };
  const stranger = strangerIn(field);
  const effects = [effect, ...carried(field, effect)];
  if (stranger !== undefined) {
    const why = `argument \`${brief(stranger)}\` of \`${field.name}\` is not in the catalogue`;
    effects.push({ ...opaqueEffect(`railway:${field.name}`, why, 'does something on Railway'), span: field.span });
  }
  return { effects, questions: questionsOf(mutation, target) };
}

/** A path of the arguments that the catalogue does not list: it may do anything. */
function strangerIn(field: CalledField): string | undefined {
  const listed = RAILWAY_ARGUMENTS.get(field.name) ?? new Set<string>();
  const isNode = (path: string): boolean => [...listed].some((one) => one.startsWith(`${path}.`));
  const walk = (value: Json | undefined, path: string): string | undefined => {
    if (!listed.has(path)) return path;
    // Below a scalar of any shape there is nothing to list.
    if (!isNode(path)) return undefined;
    if (Array.isArray(value)) return firstOf(value as readonly Json[], (item) => walk(item, path));
    return isJsonObject(value)
      ? firstOf(Object.entries(value), ([name, member]) => walk(member, `${path}.${name}`))
      : undefined;
  };
  return (
    firstOf(Object.entries(field.args), ([name, value]) => walk(value, name)) ??
    field.unresolved.find((name) => !listed.has(name))
  );
}

function firstOf<T>(items: readonly T[], find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What the input does beside what the name says. SECURITY: an argument whose value is not there counts as given. */
function carried(field: CalledField, main: Effect): Effect[] {
  return (RAILWAY_CARRIERS.get(field.name) ?? []).flatMap((carrier) => {
    const [first = '', ...rest] = carrier.path.split('.');
    if (!field.unresolved.includes(first)) {
      const value = rest.reduce<Json | undefined>(
        (outer, name) => (isJsonObject(outer) ? outer[name] : undefined),
        field.args[first],
      );
      if (!isCarried(carrier, value)) return [];
    }
    const where = 'known' in main.target ? main.target.known.path.join('/') : '(which one is unknown)';
    return [
      {
        verb: carrier.verb,
        target: main.target,
        count: { min: 1, max: 'unbounded' },
        reversal: carrier.reversal,
        basis: carrier.tags?.includes('opaque') === true ? 'opaque' : 'documented',
        source: `railway:${field.name}#${carrier.path}`,
        summary: `${carrier.does}: ${where}`,
        span: field.span,
        ...(carrier.tags === undefined ? {} : { tags: carrier.tags }),
      } satisfies Effect,
    ];
  });
}

function isCarried(carrier: RailwayCarrier, value: Json | undefined): boolean {
  if (value === undefined || value === null) return false;
  if (carrier.when === 'given') return true;
  // Numbers in a document come as texts; a list type takes a single value for a list of one.
  const text = canonicalJson(typeof value === 'number' ? String(value) : value);
  return carrier.when.some((one) => {
    const listed = typeof one === 'number' ? String(one) : one;
    return canonicalJson(listed) === text || canonicalJson([listed]) === text;
  });
}

function questionsOf(mutation: RailwayMutation, target: Tri<ResourceRef>): Question[] {
  const questions: Question[] = 'known' in target ? mutation.asks.map((check) => ({ check, about: target.known })) : [];
  if (mutation.verb === 'destroy' || mutation.verb === 'grant') {
    questions.push({ check: 'credential', about: CURRENT_RAILWAY_CREDENTIAL });
  }
  return questions;
}

function targetOf(field: CalledField, mutation: RailwayMutation): Tri<ResourceRef> {
  const path: string[] = [];
  for (const argument of mutation.ids) {
    const [first = '', second] = argument.split('.');
    if (field.unresolved.includes(first)) return unknown(`argument \`${argument}\` has no value`);
    const outer = field.args[first];
    const value = second === undefined ? outer : isJsonObject(outer) ? outer[second] : undefined;
    const id = idText(value);
    if (id === undefined) return unknown(`argument \`${argument}\` is not given`);
    path.push(id);
  }
  return { known: { system: 'railway', kind: mutation.kind, path: path.length === 0 ? ['current'] : path } };
}

/** One text for one id: UUIDs mean the same in either case, and a number becomes the string that the server makes of it. */
function idText(value: Json | undefined): string | undefined {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string' || value === '') return undefined;
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(value) ? value.toLowerCase() : value;
}
