/**
 * Glob matching in bounded time: patterns come from files that an agent may write, and a pattern turned into a regular
 * expression can take time without end.
 */

type Piece = { readonly any: true } | { readonly test: (char: string) => boolean };

/**
 * One path segment against one pattern segment with `*`, `?`, `[...]` and `\`. A bracket that never closes is a plain
 * character, as in a shell.
 */
export function matchesSegment(pattern: string, name: string): boolean {
  const pieces = piecesOf(pattern);
  const chars = Array.from(name);
  // Two pointers and one place to come back to: at most pattern times name steps.
  let p = 0;
  let c = 0;
  let star = -1;
  let mark = 0;
  while (c < chars.length) {
    const piece = pieces[p];
    if (piece !== undefined && 'any' in piece) {
      star = p;
      mark = c;
      p += 1;
    } else if (piece?.test(chars[c] ?? '') === true) {
      p += 1;
      c += 1;
    } else if (star !== -1) {
      p = star + 1;
      mark += 1;
      c = mark;
    } else return false;
  }
  while (p < pieces.length) {
    const piece = pieces[p];
    if (piece === undefined || !('any' in piece)) return false;
    p += 1;
  }
  return true;
}

/** Whether a bracket opens that never closes: a shell takes it for a plain character, git lets such a pattern match nothing. */
export function hasOpenBracket(pattern: string): boolean {
  const chars = Array.from(pattern);
  for (let i = 0; i < chars.length; i += 1) {
    if (chars[i] === '\\') i += 1;
    else if (chars[i] === '[') {
      const set = bracket(chars, i);
      if (set === undefined) return true;
      i = set.end;
    }
  }
  return false;
}

export function hasWildcard(text: string): boolean {
  return /[*?[]/.test(text);
}

/** Path segments against pattern segments, where `**` stands for any number of segments, also none. */
export function matchesPath(pattern: readonly string[], path: readonly string[]): boolean {
  // reachable[j]: the pattern so far can have consumed exactly j segments of the path.
  let reachable = Array.from({ length: path.length + 1 }, (_, j) => j === 0);
  for (const part of pattern) {
    const next = Array.from({ length: path.length + 1 }, () => false);
    if (part === '**') {
      let open = false;
      for (let j = 0; j <= path.length; j += 1) {
        open ||= reachable[j] === true;
        next[j] = open;
      }
    } else {
      for (let j = 0; j < path.length; j += 1) {
        if (reachable[j] === true && matchesSegment(part, path[j] ?? '')) next[j + 1] = true;
      }
    }
    reachable = next;
  }
  return reachable[path.length] === true;
}

function piecesOf(pattern: string): Piece[] {
  const chars = Array.from(pattern);
  const pieces: Piece[] = [];
  for (let i = 0; i < chars.length; i += 1) {
    const char = chars[i] ?? '';
    if (char === '*') {
      if (pieces.at(-1) === undefined || !('any' in (pieces.at(-1) ?? {}))) pieces.push({ any: true });
    } else if (char === '?') pieces.push({ test: () => true });
    else if (char === '\\') {
      i += 1;
      const next = chars[i] ?? '\\';
      pieces.push({ test: (one) => one === next });
    } else if (char === '[') {
      const set = bracket(chars, i);
      if (set === undefined) pieces.push({ test: (one) => one === '[' });
      else {
        pieces.push({ test: set.test });
        i = set.end;
      }
    } else pieces.push({ test: (one) => one === char });
  }
  return pieces;
}

const CLASSES: { readonly [name: string]: RegExp | undefined } = {
  alpha: /^[A-Za-z]$/,
  digit: /^[0-9]$/,
  alnum: /^[A-Za-z0-9]$/,
  upper: /^[A-Z]$/,
  lower: /^[a-z]$/,
  space: /^\s$/,
  punct: /^[!-/:-@[-`{-~]$/,
  xdigit: /^[0-9A-Fa-f]$/,
};

/** The set that opens at `start`; `end` is its closing bracket. `undefined` if it never closes. */
function bracket(
  chars: readonly string[],
  start: number,
): { readonly test: (char: string) => boolean; readonly end: number } | undefined {
  let i = start + 1;
  const negated = chars[i] === '!' || chars[i] === '^';
  if (negated) i += 1;
  const first = i;
  const tests: ((char: string) => boolean)[] = [];
  for (; i < chars.length; i += 1) {
    let char = chars[i] ?? '';
    if (char === ']' && i > first) return { test: (one) => tests.some((test) => test(one)) !== negated, end: i };
    if (char === '[' && chars[i + 1] === ':') {
      const close = chars.indexOf(':', i + 2);
      if (close !== -1 && chars[close + 1] === ']') {
        const set = CLASSES[chars.slice(i + 2, close).join('')];
        tests.push((one) => set?.test(one) === true);
        i = close + 1;
        continue;
      }
    }
    if (char === '\\') {
      i += 1;
      char = chars[i] ?? '';
    }
    if (chars[i + 1] === '-' && chars[i + 2] !== undefined && chars[i + 2] !== ']') {
      const low = char.codePointAt(0) ?? 0;
      let to = chars[i + 2] ?? '';
      i += 2;
      if (to === '\\') {
        i += 1;
        to = chars[i] ?? '';
      }
      const high = to.codePointAt(0) ?? 0;
      tests.push((one) => (one.codePointAt(0) ?? -1) >= low && (one.codePointAt(0) ?? -1) <= high);
    } else {
      const literal = char;
      tests.push((one) => one === literal);
    }
  }
  return undefined;
}
