/** Variables of a `.env` text. `undefined` as a value: it is set, and only the program that loads it knows to what. */
export type EnvText = ReadonlyMap<string, string | undefined>;

/** SECURITY: each character is looked at a bounded number of times; the file is the agent's to write. */
const LINE =
  /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.]*)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'|`([^`]*)`|([^\r\n]*))/gm;

/**
 * Reads `NAME=value` lines. The loaders of the frameworks differ where a name comes twice, a value refers to others or
 * to a command; such a value is not known, unless what it refers to stands above it.
 */
export function parseDotenv(text: string, outer: (name: string) => string | undefined): EnvText {
  const found = new Map<string, string | undefined>();
  for (const match of text.matchAll(LINE)) {
    const name = match[1] ?? '';
    const raw = match[3] ?? match[4];
    const value =
      raw ?? expanded(match[2] ?? withoutComment(match[5] ?? ''), (other) => outer(other) ?? found.get(other));
    if (found.has(name) && found.get(name) !== value) found.set(name, undefined);
    else found.set(name, value?.replace(/\\n/g, '\n'));
  }
  return found;
}

function withoutComment(text: string): string {
  const hash = text.startsWith('#') ? 0 : Math.max(text.indexOf(' #'), text.indexOf('\t#'));
  return (hash === -1 ? text : text.slice(0, hash)).trim();
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
