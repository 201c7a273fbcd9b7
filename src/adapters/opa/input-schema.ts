import type { Json } from '../../core/canonical-json.ts';

const text: Json = { type: 'string' };
const texts: Json = { type: 'array', items: text };
const resource: Json = { type: 'object', properties: { system: text, kind: text, path: texts } };

/**
 * JSON Schema of the input document `holdpoint/v1`. Policies are compiled against it: a reference to a member that does
 * not exist is a compile error, where it would otherwise be undefined and its rule would never fire.
 */
export const INPUT_SCHEMA: Json = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'holdpoint/v1',
  type: 'object',
  required: ['schema', 'now', 'harmless', 'attempt', 'effects', 'evidence'],
  properties: {
    schema: text,
    // Milliseconds since the Unix epoch; policies have no clock of their own.
    now: { type: 'integer' },
    // True where every effect is harmless. A rule that begins with `input.harmless == false` costs such attempts nothing.
    harmless: { type: 'boolean' },
    attempt: {
      type: 'object',
      properties: {
        id: text,
        key: text,
        at: { type: 'integer' },
        door: text,
        person: text,
        agent: text,
        task: text,
        workspace: text,
        action: {
          type: 'object',
          properties: { kind: text, dialect: text, cwd: text, text: text },
        },
      },
    },
    effects: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          index: { type: 'integer' },
          verb: text,
          danger: text,
          target: { type: 'object', properties: { known: resource, unknown: text } },
          // `max` may be the text `unbounded`.
          count: { type: 'object', properties: { min: { type: 'integer' }, max: {} } },
          reversal: text,
          basis: text,
          source: text,
          summary: text,
          tags: texts,
        },
      },
    },
    evidence: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          check: text,
          about: resource,
          // Indexes of the effects whose target this is about.
          effects: { type: 'array', items: { type: 'integer' } },
          answer: { type: 'object', properties: { known: {}, unknown: text } },
          source: text,
          at: { type: 'integer' },
          maxAgeMs: { type: 'integer' },
          fresh: { type: 'boolean' },
        },
      },
    },
  },
};
