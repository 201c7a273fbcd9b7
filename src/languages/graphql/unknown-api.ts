import type { Effect, Reversal, Verb } from '../../core/effect.ts';
import { LIMITS } from '../../core/limits.ts';
import { brief, opaqueEffect } from '../api-actions.ts';
import { type NameVerb, stricterVerb, verbOfName } from '../verb-words.ts';
import { weightOf } from '../weighty-nouns.ts';
import { type CalledField, fieldsOf, isFlat, type ParsedDocument, type Variables } from './document.ts';

/** Where an operation goes: host and path of the endpoint, or nothing for a bare document. */
export interface Endpoint {
  readonly host: string;
  readonly path: string;
}

/** A root field of a mutation on an API whose schema nobody gave us: judged by the words of its name. */
export function unknownMutation(
  field: CalledField,
  endpoint: Endpoint | undefined,
  document: ParsedDocument,
  variables: Variables,
): Effect {
  const source = 'graphql/mutation-name';
  const verb = weighed(verbOfTree(field, document, variables, 0), field.name);
  const name = brief(field.name);
  if (verb === undefined || verb === 'run' || verb === 'read') {
    // A mutation that says it only reads is not believed: nothing else would make it a mutation.
    const effect = opaqueEffect(
      source,
      'its name does not say what it changes',
      `GraphQL mutation \`${name}\``,
      targetOf(field, endpoint),
    );
    return { ...effect, span: field.span };
  }
  const [effectVerb, reversal] = EFFECTS[verb];
  return {
    verb: effectVerb,
    target: { known: targetOf(field, endpoint) },
    count: { min: 1, max: 'unbounded' },
    reversal,
    basis: 'parsed',
    source,
    summary: `GraphQL mutation \`${name}\`${endpoint === undefined ? '' : ` at ${endpoint.host}`} (by its name)`,
    span: field.span,
  };
}

const EFFECTS: Record<Exclude<NameVerb, 'run' | 'read'>, readonly [Verb, Reversal]> = {
  destroy: ['destroy', 'unknown'],
  grant: ['grant', 'unknown'],
  expose: ['expose', 'irreversible'],
  change: ['change', 'unknown'],
  create: ['create', 'unknown'],
};

/** SECURITY: `createApiToken` makes a way in, `createWebhook` a way out; neither is a mere creation. */
export function weighed(verb: NameVerb | undefined, name: string): NameVerb | undefined {
  if (verb !== 'create') return verb;
  const weight = weightOf(name);
  return weight === 'run' ? undefined : (weight ?? verb);
}

/** A root field without a verb may be a namespace (`volumes { delete(id: 1) }`): then what is below counts. */
function verbOfTree(
  field: CalledField,
  document: ParsedDocument,
  variables: Variables,
  depth: number,
): NameVerb | undefined {
  let verb = verbOfName(field.name);
  const isNamespace = verb === undefined || verb === 'read';
  if (depth >= LIMITS.graphqlDepth || isFlat(field.selections)) return verb;
  for (const inner of fieldsOf(field.selections, document, variables)) {
    const takesArguments = Object.keys(inner.args).length > 0 || inner.unresolved.length > 0;
    if (!takesArguments && !(isNamespace && inner.selections !== undefined)) continue;
    const other = verbOfTree(inner, document, variables, depth + 1);
    if (other === undefined || other === 'read') continue;
    verb = verb === undefined ? other : stricterVerb(verb, other);
  }
  return verb;
}

function targetOf(field: CalledField, endpoint: Endpoint | undefined) {
  const ids = Object.entries(field.args).flatMap(([name, value]) =>
    /(^|_)id$|Id$|^name$|^slug$/.test(name) && typeof value === 'string' ? [value.slice(0, 200)] : [],
  );
  return {
    system: 'graphql',
    kind: 'mutation',
    path: [endpoint === undefined ? '' : `${endpoint.host}${endpoint.path}`, field.name, ...ids],
  };
}
