const MAX_ALTERNATIVES = 256;

/** Alternatives of a word with braces, in order, quoting kept; `undefined` where there are none or too many. */
export function expandBraces(text: string): readonly string[] | undefined {
  const group = firstGroup(text);
  if (group === undefined) return [text];
  const before = text.slice(0, group.start);
  const tails = expandBraces(text.slice(group.end));
  if (tails === undefined) return undefined;
  const out: string[] = [];
  for (const item of group.items) {
    const inner = expandBraces(item);
    if (inner === undefined) return undefined;
    for (const one of inner) {
      for (const tail of tails) {
        if (out.length >= MAX_ALTERNATIVES) return undefined;
        out.push(before + one + tail);
      }
    }
  }
  return out;
}

interface Group {
  readonly start: number;
  readonly end: number;
  readonly items: readonly string[];
}

function firstGroup(text: string): Group | undefined {
  let i = 0;
  while (i < text.length) {
    const skipped = skipQuoted(text, i);
    if (skipped > i) {
      i = skipped;
      continue;
    }
    if (text[i] === '{') {
      const group = groupAt(text, i);
      if (group !== undefined) return group;
    }
    i += 1;
  }
  return undefined;
}

/** Index after an escape, a quoted stretch or an expansion at `i`; `i` where there is none. */
function skipQuoted(text: string, i: number): number {
  const char = text[i];
  if (char === '\\') return i + 2;
  if (char === "'" || char === '"') {
    let j = i + 1;
    while (j < text.length && text[j] !== char) j += char === '"' && text[j] === '\\' ? 2 : 1;
    return j + 1;
  }
  if (char === '$' && (text[i + 1] === '{' || text[i + 1] === '(')) {
    const open = text[i + 1] === '{' ? '{' : '(';
    const close = open === '{' ? '}' : ')';
    let depth = 0;
    for (let j = i + 1; j < text.length; j += 1) {
      if (text[j] === open) depth += 1;
      else if (text[j] === close) {
        depth -= 1;
        if (depth === 0) return j + 1;
      }
    }
    return text.length;
  }
  return i;
}

function groupAt(text: string, start: number): Group | undefined {
  const items: string[] = [];
  let depth = 0;
  let from = start + 1;
  let i = start + 1;
  while (i < text.length) {
    const skipped = skipQuoted(text, i);
    if (skipped > i) {
      i = skipped;
      continue;
    }
    const char = text[i];
    if (char === '{') depth += 1;
    else if (char === ',' && depth === 0) {
      items.push(text.slice(from, i));
      from = i + 1;
    } else if (char === '}') {
      if (depth === 0) {
        items.push(text.slice(from, i));
        if (items.length > 1) return { start, end: i + 1, items };
        const range = rangeOf(items[0] ?? '');
        return range === undefined ? undefined : { start, end: i + 1, items: range };
      }
      depth -= 1;
    }
    i += 1;
  }
  return undefined;
}

function rangeOf(text: string): readonly string[] | undefined {
  const numbers = /^(-?\d{1,6})\.\.(-?\d{1,6})(?:\.\.(-?\d{1,4}))?$/.exec(text);
  const letters = /^([A-Za-z])\.\.([A-Za-z])$/.exec(text);
  const from = numbers !== null ? Number(numbers[1]) : (letters?.[1]?.charCodeAt(0) ?? Number.NaN);
  const to = numbers !== null ? Number(numbers[2]) : (letters?.[2]?.charCodeAt(0) ?? Number.NaN);
  if (Number.isNaN(from)) return undefined;
  const step = Math.max(1, Math.abs(Number(numbers?.[3] ?? 1)));
  const out: string[] = [];
  for (let n = from; from <= to ? n <= to : n >= to; n += from <= to ? step : -step) {
    if (out.length >= MAX_ALTERNATIVES) break;
    out.push(numbers !== null ? String(n) : String.fromCharCode(n));
  }
  return out;
}
