/**
 * Path templates (`/volumes/{id}`, `/projects/{id}:undelete`, and `{path+}` for one or more segments) in a tree of segments, so
 * that a look-up costs what the path is long. The most concrete template comes first, as OpenAPI 3 has it.
 */
export interface PathTree<T> {
  readonly literals: Map<string, PathTree<T>>;
  readonly mixed: { readonly pattern: readonly string[]; readonly node: PathTree<T> }[];
  one: PathTree<T> | undefined;
  many: PathTree<T> | undefined;
  readonly leaves: Leaf<T>[];
}

interface Leaf<T> {
  readonly names: readonly string[];
  readonly value: T;
}

export interface FoundPath<T> {
  readonly value: T;
  readonly parameters: ReadonlyMap<string, string>;
}

const MOST_SEGMENTS = 64;
const MOST_STEPS = 5_000;
const MOST_FOUND = 16;

export function newPathTree<T>(): PathTree<T> {
  return { literals: new Map(), mixed: [], one: undefined, many: undefined, leaves: [] };
}

/** False for a template that cannot be read: braces that do not pair, or too many segments. */
export function addPath<T>(tree: PathTree<T>, template: string, value: T): boolean {
  const segments = template.split('/').filter((segment) => segment !== '');
  if (segments.length > MOST_SEGMENTS) return false;
  const names: string[] = [];
  let node = tree;
  for (const segment of segments) {
    const whole = /^\{([^{}/]+)\}$/.exec(segment)?.[1];
    if (whole?.endsWith('+') === true) {
      names.push(whole.slice(0, -1));
      node.many ??= newPathTree();
      node = node.many;
    } else if (whole !== undefined) {
      names.push(whole);
      node.one ??= newPathTree();
      node = node.one;
    } else if (/[{}]/.test(segment)) {
      const parts = segment.split(/\{[^{}]+\}/);
      if (parts.some((part) => /[{}]/.test(part))) return false;
      names.push(...[...segment.matchAll(/\{([^{}]+)\}/g)].map((match) => match[1] ?? ''));
      const known = node.mixed.find((one) => one.pattern.join('\0') === parts.join('\0'));
      const next = known?.node ?? newPathTree<T>();
      if (known === undefined) node.mixed.push({ pattern: parts, node: next });
      node = next;
    } else {
      const next: PathTree<T> = node.literals.get(segment) ?? newPathTree();
      node.literals.set(segment, next);
      node = next;
    }
  }
  node.leaves.push({ names, value });
  return true;
}

/**
 * Every template that fits, the most concrete first. `undefined` where the path has more segments or ways to read it than
 * are followed: then nothing is known of it.
 */
export function findPath<T>(tree: PathTree<T>, segments: readonly string[]): readonly FoundPath<T>[] | undefined {
  if (segments.length > MOST_SEGMENTS) return undefined;
  const found: FoundPath<T>[] = [];
  let steps = 0;
  const walk = (node: PathTree<T>, at: number, values: readonly string[]): void => {
    steps += 1;
    if (steps > MOST_STEPS || found.length >= MOST_FOUND) return;
    const segment = segments[at];
    if (segment === undefined) {
      for (const leaf of node.leaves)
        found.push({
          value: leaf.value,
          parameters: new Map(leaf.names.map((name, index) => [name, values[index] ?? ''])),
        });
      return;
    }
    const literal = node.literals.get(segment);
    if (literal !== undefined) walk(literal, at + 1, values);
    for (const { pattern, node: next } of node.mixed) {
      const parts = fit(pattern, segment);
      if (parts !== undefined) walk(next, at + 1, [...values, ...parts]);
    }
    if (node.one !== undefined) walk(node.one, at + 1, [...values, segment]);
    if (node.many === undefined) return;
    for (let end = at + 1; end <= segments.length; end += 1)
      walk(node.many, end, [...values, segments.slice(at, end).join('/')]);
  };
  walk(tree, 0, []);
  return steps > MOST_STEPS ? undefined : found;
}

/** The values between the fixed parts; each is not empty and as short as can be, the last one takes the rest. */
function fit(parts: readonly string[], segment: string): readonly string[] | undefined {
  const [first = ''] = parts;
  if (!segment.startsWith(first)) return undefined;
  const values: string[] = [];
  let at = first.length;
  for (let index = 1; index < parts.length; index += 1) {
    const part = parts[index] ?? '';
    const isLast = index === parts.length - 1;
    const end = isLast ? (segment.endsWith(part) ? segment.length - part.length : -1) : segment.indexOf(part, at + 1);
    if (end <= at) return undefined;
    values.push(segment.slice(at, end));
    at = end + part.length;
  }
  return values;
}
