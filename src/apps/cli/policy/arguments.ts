/** `flag` stands alone; `value` takes the next word or what follows `=`; `values` may come again. */
export type OptionKind = 'flag' | 'value' | 'values';

/** Long names with their kind; short ones with the long name that they stand for. */
export interface OptionTable {
  readonly options: Readonly<Record<string, OptionKind>>;
  readonly short?: Readonly<Record<string, string>>;
}

export interface Arguments {
  readonly words: readonly string[];
  has(name: string): boolean;
  value(name: string): string | undefined;
  values(name: string): readonly string[];
}

export type ReadArguments =
  | { readonly ok: true; readonly args: Arguments }
  | { readonly ok: false; readonly why: string };

/** Options and words in any order; after `--` all are words, and so is a lone `-`. */
export function readArguments(argv: readonly string[], table: OptionTable): ReadArguments {
  const given = new Map<string, string[]>();
  const words: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const arg = argv[index] ?? '';
    if (arg === '--') {
      words.push(...argv.slice(index + 1));
      break;
    }
    if (!arg.startsWith('-') || arg === '-') {
      words.push(arg);
      continue;
    }
    const [, long, attached] = /^--([^=]+)(?:=([\s\S]*))?$/.exec(arg) ?? [];
    const name = long ?? (/^-\w$/.test(arg) ? table.short?.[arg.slice(1)] : undefined);
    const kind = name !== undefined && Object.hasOwn(table.options, name) ? table.options[name] : undefined;
    if (name === undefined || kind === undefined) return { ok: false, why: `unknown argument \`${arg}\`` };
    const before = given.get(name) ?? [];
    if (before.length > 0 && kind === 'value') return { ok: false, why: `\`--${name}\` is given twice` };
    if (kind === 'flag') {
      if (attached !== undefined) return { ok: false, why: `\`--${name}\` takes no value` };
      given.set(name, ['']);
      continue;
    }
    if (attached === undefined) index += 1;
    const value = attached ?? argv[index];
    if (value === undefined) return { ok: false, why: `\`--${name}\` takes a value` };
    given.set(name, [...before, value]);
  }
  return {
    ok: true,
    args: {
      words,
      has: (name) => given.has(name),
      value: (name) => given.get(name)?.at(-1),
      values: (name) => given.get(name) ?? [],
    },
  };
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `30m`, `2h`, `7d` in milliseconds. */
export function spanMs(text: string): number | undefined {
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  return number === undefined || unit === undefined
    ? undefined
    : Number(number) * UNIT_MS[unit as keyof typeof UNIT_MS];
}
