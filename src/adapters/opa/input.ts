import { dangerOf } from '../../core/danger.ts';
import { isFresh } from '../../core/evidence.ts';
import { LIMITS } from '../../core/limits.ts';
import { resourceKey } from '../../core/resource.ts';
import type { PolicyInput } from '../../ports/policy-engine.ts';

export const INPUT_LIMITS = {
  /** UTF-16 units of the whole document as JSON. */
  documentChars: 2 * 1024 * 1024,
  /** Objects, arrays and members in all: a document that shares its parts is far larger as text than in memory. */
  nodes: 100_000,
} as const;

export type Document =
  | { readonly ok: true; readonly text: string; readonly harmless: boolean }
  | { readonly ok: false; readonly why: string };

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * The document `holdpoint/v1` that policies read. What the agent says of itself (`statedPurpose`) is not in it, since no
 * rule may believe it; everything else is what the door vouches for, what was parsed, and what was checked.
 */
export function documentOf(input: PolicyInput): Document {
  try {
    const { attempt, effects, evidence, nowMs } = input;
    if (effects.length > LIMITS.effects)
      return { ok: false, why: `${effects.length} effects, more than ${LIMITS.effects}` };
    const harmless = effects.every((effect) => dangerOf(effect) === 'harmless');
    const targets = effects.map((effect) => ('known' in effect.target ? resourceKey(effect.target.known) : undefined));
    const document = {
      schema: 'holdpoint/v1',
      now: nowMs,
      harmless,
      attempt: {
        id: attempt.id,
        key: attempt.key,
        at: attempt.atMs,
        door: attempt.door,
        person: attempt.person,
        agent: attempt.agent,
        task: attempt.task,
        workspace: attempt.workspace,
        action: {
          kind: attempt.action.kind,
          dialect: attempt.action.dialect,
          cwd: attempt.action.cwd,
          text: decoder.decode(attempt.action.bytes),
        },
      },
      effects: effects.map((effect, index) => ({
        index,
        verb: effect.verb,
        danger: dangerOf(effect),
        target: effect.target,
        count: effect.count,
        reversal: effect.reversal,
        basis: effect.basis,
        source: effect.source,
        summary: effect.summary,
        tags: effect.tags ?? [],
      })),
      evidence: evidence.map((one) => {
        const about = resourceKey(one.question.about);
        return {
          check: one.question.check,
          about: one.question.about,
          effects: targets.flatMap((target, index) => (target === about ? [index] : [])),
          answer: one.answer,
          source: one.source,
          at: one.atMs,
          maxAgeMs: one.maxAgeMs,
          fresh: isFresh(one, nowMs),
        };
      }),
    };
    const fault = faultIn(document);
    if (fault !== undefined) return { ok: false, why: fault };
    const text = JSON.stringify(document);
    if (text.length > INPUT_LIMITS.documentChars)
      return { ok: false, why: `the input has ${text.length} characters, more than ${INPUT_LIMITS.documentChars}` };
    return { ok: true, text, harmless };
  } catch (error) {
    return { ok: false, why: `the input cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Types promise plain data; a verifier at fault may still hand over something cyclic, endless or not JSON. */
function faultIn(document: unknown): string | undefined {
  let nodes = 0;
  const walk = (value: unknown, depth: number): string | undefined => {
    if (depth > LIMITS.jsonDepth) return `the input is nested deeper than ${LIMITS.jsonDepth}`;
    nodes += 1;
    if (nodes > INPUT_LIMITS.nodes) return `the input has more than ${INPUT_LIMITS.nodes} parts`;
    switch (typeof value) {
      case 'string':
      case 'boolean':
      case 'undefined':
        return undefined;
      case 'number':
        return Number.isFinite(value) ? undefined : `the input holds the number \`${value}\``;
      case 'object': {
        if (value === null) return undefined;
        if ('toJSON' in value) return 'the input holds something that is not plain data';
        for (const member of Array.isArray(value) ? value : Object.values(value)) {
          const fault = walk(member, depth + 1);
          if (fault !== undefined) return fault;
        }
        return undefined;
      }
      default:
        return `the input holds a ${typeof value}`;
    }
  };
  return walk(document, 0);
}
