import { type Field, hasMark } from './value.ts';

export interface Operand extends Field {
  /** Follows a flag of unknown arity: may be that flag's value. */
  readonly loose: boolean;
}

/** Arguments sorted into flags and operands. Flags keep their dashes; `--x=y` and `-xVALUE` give a value. */
export interface Args {
  readonly operands: readonly Operand[];
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** Values of flags, as fields. */
  readonly values: ReadonlyMap<string, readonly Field[]>;
  readonly all: readonly Field[];
  has(...names: readonly string[]): boolean;
  value(...names: readonly string[]): Field | undefined;
}

export interface ArgSpec {
  /** Flags that take the next argument as value. */
  readonly valued?: ReadonlySet<string>;
  /** `-rf` is `-r -f`; false for tools with one-dash long flags. */
  readonly bundles?: boolean;
  /** An operand ends the flags (`env`, `sudo`). */
  readonly stopAtOperand?: boolean;
}

const NONE: ReadonlySet<string> = new Set();

export function parseArgs(all: readonly Field[], spec: ArgSpec = {}): Args & { readonly rest: readonly Field[] } {
  const valued = spec.valued ?? NONE;
  const operands: Operand[] = [];
  const flags = new Map<string, string[]>();
  const values = new Map<string, Field[]>();
  const put = (name: string, value: Field | undefined): void => {
    const list = flags.get(name);
    if (list === undefined) flags.set(name, [value?.s ?? '']);
    else list.push(value?.s ?? '');
    if (value === undefined) return;
    const given = values.get(name);
    if (given === undefined) values.set(name, [value]);
    else given.push(value);
  };
  let loose = false;
  let i = 0;
  let rest: readonly Field[] = [];
  while (i < all.length) {
    const field = all[i] as Field;
    const s = field.s;
    i += 1;
    if (s === '--') {
      for (const one of all.slice(i)) operands.push({ ...one, loose: false });
      rest = all.slice(i);
      break;
    }
    // `head -5` has a number; `xargs -0` and `nice -5`, which stop at what they run, have flags.
    if (s.length < 2 || !s.startsWith('-') || (/^-\d+$/.test(s) && spec.stopAtOperand !== true)) {
      if (spec.stopAtOperand === true) {
        rest = all.slice(i - 1);
        break;
      }
      operands.push({ ...field, loose });
      loose = false;
      continue;
    }
    loose = false;
    const equals = s.indexOf('=');
    if (equals > 0) {
      put(s.slice(0, equals), { ...field, s: s.slice(equals + 1) });
      continue;
    }
    if (valued.has(s)) {
      put(s, all[i]);
      i += 1;
      continue;
    }
    const long = s.startsWith('--') || spec.bundles === false;
    if (!long && s.length > 2) {
      // `-u root` glued (`-uroot`), or a bundle whose last letter may take a value (`-xzf FILE`).
      let taken = false;
      for (let at = 1; at < s.length; at += 1) {
        const name = `-${s[at] ?? ''}`;
        if (!valued.has(name)) {
          put(name, undefined);
          continue;
        }
        if (at < s.length - 1) put(name, { ...field, s: s.slice(at + 1) });
        else {
          put(name, all[i]);
          i += 1;
        }
        taken = true;
        break;
      }
      put(s, undefined);
      if (!taken) loose = true;
      continue;
    }
    put(s, undefined);
    loose = true;
  }
  return {
    operands,
    flags,
    values,
    all,
    rest,
    has: (...names) => names.some((name) => flags.has(name)),
    value: (...names) => {
      for (const name of names) {
        const list = values.get(name);
        if (list !== undefined) return list.at(-1);
      }
      return undefined;
    },
  };
}

export function uncertain(args: readonly Field[]): boolean {
  return args.some((field) => hasMark(field.s));
}

export function setOf(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/).filter((word) => word !== ''));
}
