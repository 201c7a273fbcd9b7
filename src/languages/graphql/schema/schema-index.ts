import { type Documented, documentedVerb } from '../../documented-verb.ts';
import { type NameVerb, verbOfName } from '../../verb-words.ts';

export interface SchemaArgument {
  readonly name: string;
  /** Name of the type, without list and non-null. */
  readonly type: string;
}

export interface SchemaField {
  readonly name: string;
  readonly description: string;
  readonly type: string;
  readonly args: ReadonlyMap<string, SchemaArgument>;
  /** What name and text say: of a field that should only read, and of one that may change something. */
  readonly asRead: () => Documented;
  readonly asChange: () => Documented;
  /** By the name alone. */
  readonly named: () => NameVerb | undefined;
}

/** A field whose meaning is worked out when it is first called, and then kept: most of a schema never is. */
export function schemaField(parts: Pick<SchemaField, 'name' | 'description' | 'type' | 'args'>): SchemaField {
  const { name, description } = parts;
  const said = (isSafe: boolean) => once(() => documentedVerb({ name, summary: '', description, isSafe }));
  return { ...parts, asRead: said(true), asChange: said(false), named: once(() => verbOfName(name)) };
}

function once<T>(work: () => T): () => T {
  const kept: { value?: { readonly of: T } } = {};
  return () => {
    kept.value ??= { of: work() };
    return kept.value.of;
  };
}

/** A schema by names. */
export interface SchemaIndex {
  readonly query: string | undefined;
  readonly mutation: string | undefined;
  readonly subscription: string | undefined;
  /** Objects and interfaces: fields by name. */
  readonly types: ReadonlyMap<string, ReadonlyMap<string, SchemaField>>;
  /** Input objects: members and their types. */
  readonly inputs: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

export const SCHEMA_LIMITS = { tokens: 2_000_000, types: 20_000, fields: 200_000, textChars: 4_000 } as const;

export function fieldOf(index: SchemaIndex, type: string | undefined, name: string): SchemaField | undefined {
  return type === undefined ? undefined : index.types.get(type)?.get(name);
}

/** `Mutation.volumeDelete`: an operation's name in questions about its documentation. */
export function operationName(type: string, field: string): string {
  return `${type}.${field}`;
}
