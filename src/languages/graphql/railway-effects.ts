import { RAILWAY_MUTATIONS, type RailwayMutation } from '../../catalog/railway/mutations.ts';
import type { Json } from '../../core/canonical-json.ts';
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
  return { effects: [effect], questions: questionsOf(mutation, target) };
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
