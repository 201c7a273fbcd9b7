import { isAlias, isMap, isNode, isPair, isScalar, isSeq, type Node, parseDocument } from 'yaml';
import type { Json } from '../../../core/canonical-json.ts';

export type YamlResult = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly why: string };

/** `nodes`: as they are after every alias stands for what it names, so that a few lines cannot become gigabytes. */
export const YAML_LIMITS = { chars: 16 * 1024 * 1024, nodes: 2_000_000, depth: 256, aliases: 10_000 } as const;

/**
 * One YAML 1.2 document that says what JSON could say, to the same rules: no key twice, bounded depth. Refused is what
 * readers differ on: other versions of YAML, tags, merge keys, several documents. Never throws.
 */
export function parseYaml(text: string): YamlResult {
  if (text.length > YAML_LIMITS.chars) return no(`larger than ${YAML_LIMITS.chars} characters`);
  if (/^%/m.test(text)) return no('a directive, which not every reader knows');
  try {
    const document = parseDocument(text, {
      version: '1.2',
      schema: 'core',
      merge: false,
      // Each key against each other one takes too long; below it is a set.
      uniqueKeys: false,
      keepSourceTokens: false,
      prettyErrors: false,
      logLevel: 'error',
    });
    const [fault] = [...document.errors, ...document.warnings];
    if (fault !== undefined) return no(`${fault.message.split('\n')[0]?.slice(0, 120) ?? ''} (at ${fault.pos[0]})`);
    const reading: Reading = {
      nodes: YAML_LIMITS.nodes,
      aliases: YAML_LIMITS.aliases,
      anchors: new Map(),
      why: undefined,
    };
    const value = jsonOf(document.contents, 0, reading);
    return reading.why === undefined ? { ok: true, value } : no(reading.why);
  } catch (error) {
    // The parser goes down into what is nested by calling itself.
    if (error instanceof RangeError) return no('nested too deeply');
    throw error;
  }
}

/** What is left to spend, and why nothing more is read; then every value is of no account. */
interface Reading {
  nodes: number;
  aliases: number;
  readonly anchors: Map<string, Node>;
  why: string | undefined;
}

function no(why: string): YamlResult {
  return { ok: false, why };
}

function stop(reading: Reading, why: string): null {
  reading.why ??= why;
  return null;
}

function jsonOf(node: unknown, depth: number, reading: Reading): Json {
  reading.nodes -= 1;
  if (reading.why !== undefined) return null;
  if (reading.nodes < 0) return stop(reading, `more than ${YAML_LIMITS.nodes} values, aliases counted out`);
  if (depth > YAML_LIMITS.depth) return stop(reading, `nested deeper than ${YAML_LIMITS.depth}`);
  if (node === null || node === undefined) return null;
  if (isAlias(node)) {
    reading.aliases -= 1;
    const named = reading.anchors.get(node.source);
    if (named === undefined || reading.aliases < 0)
      return stop(reading, 'an alias that names nothing, or too many of them');
    return jsonOf(named, depth + 1, reading);
  }
  if (isNode(node) && node.tag !== undefined) return stop(reading, 'a tag, which not every reader knows');
  if (isScalar(node)) return remembered(node, scalarOf(node.value, node.source, reading), reading);
  if (isSeq(node)) {
    const made: Json[] = [];
    for (const item of node.items) {
      // A pair in a list is a map of one key to people, and something else to some readers.
      if (isPair(item)) return stop(reading, 'a pair that stands in a list');
      made.push(jsonOf(item, depth + 1, reading));
      if (reading.why !== undefined) return null;
    }
    return remembered(node, made, reading);
  }
  if (isMap(node)) {
    const made = new Map<string, Json>();
    for (const { key, value } of node.items) {
      const name = keyOf(key, reading);
      if (made.has(name)) return stop(reading, `duplicate key \`${name.slice(0, 80)}\``);
      made.set(name, jsonOf(value, depth + 1, reading));
      if (reading.why !== undefined) return null;
    }
    // Own properties, whatever the keys are called.
    return remembered(node, Object.fromEntries(made), reading);
  }
  return stop(reading, 'something that JSON has no word for');
}

/** After its members: an alias inside of what it names would have no end. */
function remembered(node: Node & { readonly anchor?: string }, value: Json, reading: Reading): Json {
  if (node.anchor !== undefined) reading.anchors.set(node.anchor, node);
  return value;
}

/** Keys are texts: `200:` is the response that is called so. */
function keyOf(key: unknown, reading: Reading): string {
  if (!isScalar(key)) return stop(reading, 'a key that is no text') ?? '';
  if (key.anchor !== undefined) reading.anchors.set(key.anchor, key);
  if (key.value === '<<') return stop(reading, 'a merge key, which not every reader knows') ?? '';
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
}

/** Numbers in a document mean nothing here; what a double does not hold stays as it is written. */
function scalarOf(value: unknown, source: string | undefined, reading: Reading): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : (source ?? String(value));
    case 'bigint':
      return source ?? String(value);
    default:
      return value === null ? null : stop(reading, 'something that JSON has no word for');
  }
}
