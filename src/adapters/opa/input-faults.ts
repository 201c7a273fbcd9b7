import type { ActionKind, Door } from '../../core/attempt.ts';
import type { Danger } from '../../core/danger.ts';
import type { Basis, Reversal, Verb } from '../../core/effect.ts';
import type { Check } from '../../core/evidence.ts';
import { LIMITS } from '../../core/limits.ts';
import type { DocumentParts } from './input-parts.ts';

/** Objects, arrays and members of answers and lists in all: what shares its parts is far larger as text than in memory. */
export const MAX_PARTS = 100_000;

const DOORS = setOf<Door>({ hook: 0, egress: 0, postgres: 0, mcp: 0, sandbox: 0, sdk: 0, cli: 0 });
const KINDS = setOf<ActionKind>({ shell: 0, sql: 0, http: 0, graphql: 0, mcp: 0, file: 0, git: 0 });
const VERBS = setOf<Verb>({ read: 0, create: 0, change: 0, destroy: 0, expose: 0, grant: 0, run: 0 });
const DANGERS = setOf<Danger>({ harmless: 0, opaque: 0, destructive: 0 });
const REVERSALS = setOf<Reversal>({ regenerable: 0, undoable: 0, safeguardable: 0, irreversible: 0, unknown: 0 });
const BASES = setOf<Basis>({ observed: 0, documented: 0, parsed: 0, opaque: 0 });
const CHECKS = setOf<Check>({
  content: 0,
  environment: 0,
  dependents: 0,
  recovery: 0,
  credential: 0,
  documentation: 0,
  rehearsal: 0,
});

/** All names of a union: one that is missing does not compile. */
function setOf<T extends string>(names: Readonly<Record<T, 0>>): ReadonlySet<string> {
  return new Set(Object.keys(names));
}

/**
 * The check of a document against the schema, by hand: the general one takes ten times as long, and each attempt passes
 * here. Types promise all of this; a verifier at fault may still hand over something cyclic, endless, of another type or
 * not JSON. tests/adapters/opa/input.test.ts shows that what passes here passes the schema.
 */
export function documentFault(document: DocumentParts): string | undefined {
  const parts = { left: MAX_PARTS };
  const wrong = (at: string): string => `the input does not conform to holdpoint/v1 at \`${at}\``;
  if (!isMillis(document.now)) return wrong('now');
  const { attempt, effects, evidence, exceptions } = document;
  for (const name of ['id', 'key', 'person', 'agent', 'task', 'workspace'] as const)
    if (typeof attempt[name] !== 'string') return wrong(`attempt.${name}`);
  if (!isMillis(attempt.at)) return wrong('attempt.at');
  if (!DOORS.has(attempt.door)) return wrong('attempt.door');
  const { action } = attempt;
  if (!KINDS.has(action.kind)) return wrong('attempt.action.kind');
  if (!isOptionalText(action.dialect)) return wrong('attempt.action.dialect');
  if (!isOptionalText(action.cwd)) return wrong('attempt.action.cwd');
  for (let index = 0; index < effects.length; index += 1) {
    const member = effectFault(effects[index] as DocumentParts['effects'][number], parts);
    if (member !== undefined) return wrong(`effects[${index}].${member}`);
  }
  for (let index = 0; index < evidence.length; index += 1) {
    const member = evidenceFault(evidence[index] as DocumentParts['evidence'][number], parts);
    if (member !== undefined) return wrong(`evidence[${index}].${member}`);
  }
  for (let index = 0; index < exceptions.length; index += 1) {
    const member = exceptionFault(exceptions[index] as DocumentParts['exceptions'][number], parts);
    if (member !== undefined) return wrong(`exceptions[${index}].${member}`);
  }
  if (parts.left < 0) return `the input has more than ${MAX_PARTS} parts`;
  for (const [index, one] of evidence.entries()) {
    const fault = 'known' in one.answer ? valueFault(one.answer.known, parts) : undefined;
    if (fault !== undefined) return `${fault}, at \`evidence[${index}].answer\``;
  }
  return undefined;
}

interface Parts {
  left: number;
}

function effectFault(effect: DocumentParts['effects'][number], parts: Parts): string | undefined {
  if (!VERBS.has(effect.verb)) return 'verb';
  if (!DANGERS.has(effect.danger)) return 'danger';
  if (
    effect.target.known === undefined
      ? typeof effect.target.unknown !== 'string'
      : !isResource(effect.target.known, parts)
  )
    return 'target';
  const { min, max } = effect.count;
  if (!isAmount(min) || (max !== 'unbounded' && !isAmount(max))) return 'count';
  if (!REVERSALS.has(effect.reversal)) return 'reversal';
  if (!BASES.has(effect.basis)) return 'basis';
  if (typeof effect.source !== 'string') return 'source';
  if (typeof effect.summary !== 'string') return 'summary';
  return isTexts(effect.tags, parts) ? undefined : 'tags';
}

function evidenceFault(one: DocumentParts['evidence'][number], parts: Parts): string | undefined {
  if (!CHECKS.has(one.check)) return 'check';
  if (!isResource(one.about, parts)) return 'about';
  // An answer that is `undefined` would be left out of the JSON, and be neither known nor unknown to a rule.
  if ('known' in one.answer ? one.answer.known === undefined : typeof one.answer.unknown !== 'string') return 'answer';
  if (typeof one.source !== 'string') return 'source';
  if (!Number.isSafeInteger(one.at)) return 'at';
  return isAmount(one.maxAgeMs) ? undefined : 'maxAgeMs';
}

function exceptionFault(one: DocumentParts['exceptions'][number], parts: Parts): string | undefined {
  for (const name of ['rule', 'workspace', 'because', 'signer'] as const)
    if (typeof one[name] !== 'string') return name;
  if (!VERBS.has(one.verb)) return 'verb';
  if (!isResource(one.target, parts)) return 'target';
  return isMillis(one.expiresAt) ? undefined : 'expiresAt';
}

/** What is neither plain data nor within bounds in an answer. */
function valueFault(value: unknown, parts: Parts): string | undefined {
  const walk = (one: unknown, depth: number): string | undefined => {
    if (depth > LIMITS.jsonDepth) return `the input is nested deeper than ${LIMITS.jsonDepth}`;
    parts.left -= 1;
    if (parts.left < 0) return `the input has more than ${MAX_PARTS} parts`;
    switch (typeof one) {
      case 'string':
      case 'boolean':
      case 'undefined':
        return undefined;
      case 'number':
        return Number.isFinite(one) ? undefined : `the input holds the number \`${one}\``;
      case 'object': {
        if (one === null) return undefined;
        const prototype: unknown = Object.getPrototypeOf(one);
        const isPlain = Array.isArray(one)
          ? prototype === Array.prototype
          : prototype === Object.prototype || prototype === null;
        // A map would become an empty object, and what has a `toJSON` something else than was checked.
        if (!isPlain || 'toJSON' in one) return 'the input holds something that is not plain data';
        for (const member of Array.isArray(one) ? (one as readonly unknown[]) : Object.values(one)) {
          const fault = walk(member, depth + 1);
          if (fault !== undefined) return fault;
        }
        return undefined;
      }
      default:
        return `the input holds a ${typeof one}`;
    }
  };
  return walk(value, 0);
}

function isResource(
  ref: { readonly system: unknown; readonly kind: unknown; readonly path: unknown },
  parts: Parts,
): boolean {
  return typeof ref.system === 'string' && typeof ref.kind === 'string' && isTexts(ref.path, parts);
}

function isTexts(list: unknown, parts: Parts): boolean {
  if (!Array.isArray(list) || 'toJSON' in list) return false;
  parts.left -= list.length;
  // Indexes, since `every` passes over holes, which become null.
  for (let index = 0; index < list.length && parts.left >= 0; index += 1)
    if (typeof list[index] !== 'string') return false;
  return true;
}

function isMillis(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isAmount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isOptionalText(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}
