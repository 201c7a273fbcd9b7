const LETTERS: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '0': '\0',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  e: '\x1b',
  '\n': '',
};

/** Text of a quoted literal with its backslashes resolved, in what the languages have in common. */
export function unescaped(raw: string): string {
  if (!raw.includes('\\')) return raw;
  return raw.replace(
    /\\(x\{?[0-9a-fA-F]{1,2}\}?|u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|\r\n|[\s\S])/g,
    (_, code: string) => {
      if (/^[xuU]./.test(code)) return character(Number.parseInt(code.slice(1).replace(/[{}]/g, ''), 16));
      if (/^[0-7]+$/.test(code) && code !== '0') return character(Number.parseInt(code, 8));
      return LETTERS[code] ?? (code === '\r\n' ? '' : code);
    },
  );
}

function character(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '';
}
