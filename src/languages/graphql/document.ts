import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import type { Json } from '../../core/canonical-json.ts';
import { LIMITS } from '../../core/limits.ts';
import type { JsonObject } from '../api-actions.ts';

/** A field of an operation with its arguments, variables filled in. */
export interface CalledField {
  readonly name: string;
  readonly args: JsonObject;
  /** Arguments whose value cannot be known: a variable that is neither given nor has a default. */
  readonly unresolved: readonly string[];
  readonly span: readonly [number, number];
  readonly selections: SelectionSetNode | undefined;
}

export interface ParsedDocument {
  readonly operations: readonly OperationDefinitionNode[];
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

export type DocumentResult =
  | { readonly ok: true; readonly document: ParsedDocument }
  | { readonly ok: false; readonly why: string };

/**
 * Parses an executable document within the limits of `LIMITS`. Refuses what two servers could read differently:
 * operations or fragments of the same name, fragments that are missing or go in a circle, type definitions.
 */
export function parseDocument(query: string): DocumentResult {
  let parsed: DocumentNode;
  try {
    parsed = parse(query, { maxTokens: LIMITS.graphqlTokens });
  } catch (error) {
    // A RangeError is a nesting that the parser's recursion cannot follow.
    return {
      ok: false,
      why: error instanceof Error ? (error.message.split('\n')[0]?.slice(0, 160) ?? '') : 'not parsed',
    };
  }
  const operations: OperationDefinitionNode[] = [];
  const fragments = new Map<string, FragmentDefinitionNode>();
  const names = new Set<string>();
  for (const definition of parsed.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) {
      const name = definition.name?.value ?? '';
      if (names.has(name))
        return { ok: false, why: name === '' ? 'two operations without a name' : `two operations called \`${name}\`` };
      names.add(name);
      operations.push(definition);
    } else if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      if (fragments.has(definition.name.value))
        return { ok: false, why: `two fragments called \`${definition.name.value}\`` };
      fragments.set(definition.name.value, definition);
    } else return { ok: false, why: `a ${definition.kind} among the operations` };
  }
  if (operations.length === 0) return { ok: false, why: 'no operation' };
  const document = { operations, fragments };
  const why = measure(document);
  return why === undefined ? { ok: true, document } : { ok: false, why };
}

interface Size {
  readonly depth: number;
  readonly fields: number;
}

/** Depth and number of fields with fragments spread out, since that is what a server would do. */
function measure(document: ParsedDocument): string | undefined {
  const sizes = new Map<string, Size | 'open'>();
  let fault: string | undefined;
  const ofSet = (set: SelectionSetNode | undefined): Size => {
    let depth = 0;
    let fields = 0;
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FIELD) {
        const inner = ofSet(selection.selectionSet);
        depth = Math.max(depth, inner.depth + 1);
        fields += inner.fields + 1;
      } else {
        const inner =
          selection.kind === Kind.INLINE_FRAGMENT ? ofSet(selection.selectionSet) : ofFragment(selection.name.value);
        depth = Math.max(depth, inner.depth);
        fields += inner.fields;
      }
    }
    return { depth, fields: Math.min(fields, LIMITS.graphqlFields + 1) };
  };
  const ofFragment = (name: string): Size => {
    const known = sizes.get(name);
    if (known === 'open') {
      fault ??= `fragment \`${name}\` goes in a circle`;
      return { depth: 0, fields: 0 };
    }
    if (known !== undefined) return known;
    const fragment = document.fragments.get(name);
    if (fragment === undefined) {
      fault ??= `fragment \`${name}\` is not there`;
      return { depth: 0, fields: 0 };
    }
    sizes.set(name, 'open');
    const size = ofSet(fragment.selectionSet);
    sizes.set(name, size);
    return size;
  };
  let total = 0;
  let deepest = 0;
  for (const operation of document.operations) {
    const size = ofSet(operation.selectionSet);
    total += size.fields;
    deepest = Math.max(deepest, size.depth);
  }
  if (fault !== undefined) return fault;
  if (deepest > LIMITS.graphqlDepth) return `nested deeper than ${LIMITS.graphqlDepth}`;
  return total > LIMITS.graphqlFields ? `more than ${LIMITS.graphqlFields} fields` : undefined;
}

/** The fields directly in a selection set, through fragments, without those that a literal directive leaves out. */
export function fieldsOf(
  set: SelectionSetNode | undefined,
  document: ParsedDocument,
  variables: Variables,
): CalledField[] {
  const found: CalledField[] = [];
  // Most sets have no fragment; most fields of a large request no argument.
  let spread: Set<string> | undefined;
  const walk = (selections: SelectionSetNode | undefined): void => {
    for (const selection of selections?.selections ?? []) {
      if (selection.directives !== undefined && selection.directives.length > 0 && isLeftOut(selection.directives))
        continue;
      if (selection.kind === Kind.FIELD) found.push(calledField(selection, variables));
      else if (selection.kind === Kind.INLINE_FRAGMENT) walk(selection.selectionSet);
      // The same fragment twice in one set adds nothing: equal fields are merged.
      else if (spread?.has(selection.name.value) !== true) {
        spread ??= new Set();
        spread.add(selection.name.value);
        walk(document.fragments.get(selection.name.value)?.selectionSet);
      }
    }
  };
  walk(set);
  return found;
}

/** True where a set only shows values: no arguments, nothing below, no fragment. Such a set does nothing of its own. */
export function isFlat(set: SelectionSetNode | undefined): boolean {
  for (const selection of set?.selections ?? []) {
    if (selection.kind !== Kind.FIELD || selection.selectionSet !== undefined) return false;
    if ((selection.arguments?.length ?? 0) > 0) return false;
  }
  return true;
}

/** SECURITY: only a literal counts. A variable may have another value by the time that it is sent. */
function isLeftOut(
  directives: readonly {
    readonly name: { readonly value: string };
    readonly arguments?: readonly ArgumentNode[] | undefined;
  }[],
): boolean {
  return directives.some((directive) => {
    const condition = directive.arguments?.find((argument) => argument.name.value === 'if')?.value;
    if (condition?.kind !== Kind.BOOLEAN) return false;
    return (
      (directive.name.value === 'skip' && condition.value) || (directive.name.value === 'include' && !condition.value)
    );
  });
}

export interface Variables {
  readonly given: JsonObject;
  readonly defaults: ReadonlyMap<string, ValueNode>;
}

export function variablesOf(operation: OperationDefinitionNode, given: JsonObject): Variables {
  const defaults = new Map<string, ValueNode>();
  for (const definition of operation.variableDefinitions ?? []) {
    if (definition.defaultValue !== undefined) defaults.set(definition.variable.name.value, definition.defaultValue);
  }
  return { given, defaults };
}

const NO_ARGUMENTS: JsonObject = Object.freeze(Object.create(null) as JsonObject);
const NONE: readonly string[] = Object.freeze([]);

function calledField(node: FieldNode, variables: Variables): CalledField {
  if (node.arguments === undefined || node.arguments.length === 0)
    return {
      name: node.name.value,
      args: NO_ARGUMENTS,
      unresolved: NONE,
      span: [node.loc?.start ?? 0, node.loc?.end ?? 0],
      selections: node.selectionSet,
    };
  const args: { [name: string]: Json } = Object.create(null) as { [name: string]: Json };
  const unresolved: string[] = [];
  for (const argument of node.arguments ?? []) {
    const value = valueOfNode(argument.value, variables);
    if (value === undefined) unresolved.push(argument.name.value);
    else args[argument.name.value] = value;
  }
  return {
    name: node.name.value,
    args,
    unresolved,
    span: [node.loc?.start ?? 0, node.loc?.end ?? 0],
    selections: node.selectionSet,
  };
}

/** `undefined` where a variable in it has no value. */
function valueOfNode(node: ValueNode, variables: Variables): Json | undefined {
  switch (node.kind) {
    case Kind.VARIABLE: {
      const name = node.name.value;
      if (Object.hasOwn(variables.given, name)) return variables.given[name];
      const fallback = variables.defaults.get(name);
      return fallback === undefined || fallback.kind === Kind.VARIABLE ? undefined : valueOfNode(fallback, variables);
    }
    case Kind.INT:
    case Kind.FLOAT:
    case Kind.STRING:
    case Kind.ENUM:
      return node.value;
    case Kind.BOOLEAN:
      return node.value;
    case Kind.NULL:
      return null;
    case Kind.LIST: {
      const items = node.values.map((item) => valueOfNode(item, variables));
      return items.every((item): item is Json => item !== undefined) ? items : undefined;
    }
    case Kind.OBJECT: {
      const members: { [name: string]: Json } = Object.create(null) as { [name: string]: Json };
      for (const field of node.fields) {
        const value = valueOfNode(field.value, variables);
        if (value === undefined) return undefined;
        members[field.name.value] = value;
      }
      return members;
    }
    default:
      return node satisfies never;
  }
}
