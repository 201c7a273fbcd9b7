/** Variables of a `.env` text. `undefined` as a value: it is set, and only the program that loads it knows to what. */
export type EnvText = ReadonlyMap<string, string | undefined>;

const LINE =
  /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.]*)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'|`([^`]*)`|([^\r\n]*?))[ \t]*(?:[ \t]#[^\r\n]*)?\r?$/gm;

/**
 * Reads `NAME=value` lines. The loaders of the frameworks differ where a name comes twice, a value refers to others or
 * to a command; such a value is not known, unless what it refers to stands above it.
 */
export function parseDotenv(text: string, outer: (name: string) => string | undefined): EnvText {
  const found = new Map<string, string | undefined>();
  for (const match of text.matchAll(LINE)) {
    const name = match[1] ?? '';
    const raw = match[3] ?? match[4];
    const value = raw ?? expanded((match[2] ?? match[5] ?? '').trim(), (other) => outer(other) ?? found.get(other));
    if (found.has(name) && found.get(name) !== value) found.set(name, undefined);
    else found.set(name, value?.replace(/\\n/g, '\n'));
  }
  return found;
}

function expanded(text: string, get: (name: string) => string | undefined): string | undefined {
  if (/\$\(|`|\$\{[^}]*[^\w}]/.test(text)) return undefined;
  const missing = { any: false };
  const full = text.replace(/(?<!\\)\$(?:\{(\w+)\}|([A-Za-z_]\w*))/g, (_, braced?: string, bare?: string) => {
    const value = get(braced ?? bare ?? '');
    if (value === undefined) missing.any = true;
    return value ?? '';
  });
  return missing.any ? undefined : full;
}
