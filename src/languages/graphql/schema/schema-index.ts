import type { Documented } from '../../documented-verb.ts';

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
}

/** A schema by names. Pure data; `documentedField` says what a field's name and text mean. */
export interface SchemaIndex {
  readonly query: string | undefined;
  readonly mutation: string | undefined;
  readonly subscription: string | undefined;
  /** Objects and interfaces: fields by name. */
  readonly types: ReadonlyMap<string, ReadonlyMap<string, SchemaField>>;
  /** Input objects: members and their types. */
  readonly inputs: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Of each root field, computed once. */
  readonly documented: ReadonlyMap<string, Documented>;
}

export const SCHEMA_LIMITS = { tokens: 2_000_000, types: 20_000, fields: 200_000, textChars: 4_000 } as const;

export function fieldOf(index: SchemaIndex, type: string | undefined, name: string): SchemaField | undefined {
  return type === undefined ? undefined : index.types.get(type)?.get(name);
}

/** `Mutation.volumeDelete`: an operation's name in questions about its documentation. */
export function operationName(type: string, field: string): string {
  return `${type}.${field}`;
}
