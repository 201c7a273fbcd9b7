import type { Reversal, Verb } from '../core/effect.ts';

/** One rule of a tool: how to match its arguments, and what they do. The first rule that matches wins. */
export interface Rule {
  /**
   * Operands in order: `state rm`. `a|b` are alternatives, `*` is any one word, a word with `*` in it is a pattern.
   * Empty: the tool itself, whatever its operands.
   */
  readonly on: string;
  readonly verb: Verb;
  /** What it is done to, for people and as the target's kind. */
  readonly what: string;
  /** Default: `irreversible` for destroy, `unknown` for change. */
  readonly reversal?: Reversal;
  /** All of these: each an alternative list of flags, `--force|-f`, `--x=value`, `--x*`. */
  readonly with?: readonly string[];
  /** None of these. */
  readonly unless?: readonly string[];
  /** Flags that name the target, before the operand after the matched words. */
  readonly names?: string;
  /**
   * Nothing to speak of where what is named may be lost (`throwaway`), or is not production (`outside-production`): by
   * the fact about its environment, and while there is none by its name (`catalog/throwaway.ts`).
   */
  readonly sparedIf?: 'throwaway' | 'outside-production';
  readonly system?: string;
  readonly tags?: readonly string[];
  readonly docs?: string;
}

/** How a tool finds the database or the cluster that it works on, for the verifiers of connections. */
export interface Connection {
  readonly loader: 'libpq' | 'laravel' | 'rails' | 'prisma' | 'django' | 'url' | 'code' | 'kubernetes';
  /** What of the command takes part: the loader's word → flags that give it, or `NAME=` of an operand. */
  readonly words?: Readonly<Record<string, string>>;
  /** The word that the operand of the matched rule gives where no flag does. */
  readonly operand?: string;
}

export interface Tool {
  readonly names: readonly string[];
  /** `ResourceRef.system` of what it acts on. */
  readonly system: string;
  /** Where the tool's commands are documented. */
  readonly docs: string;
  /** Flags that take the next argument, space separated. */
  readonly valued?: string;
  /** One-dash flags are whole words (`-force`), not bundles. */
  readonly longDash?: boolean;
  /** Flags that make any of its commands harmless (`--dry-run|-n`). */
  readonly dry?: string;
  readonly rules: readonly Rule[];
  readonly connection?: Connection;
  /**
   * The settings file that decides which database it works on, where that is known: `{}` stands for the value of
   * `flag`. The first that is there counts; `override` is a file that makes all of them void.
   */
  readonly settings?: { readonly flag: string; readonly files: readonly string[]; readonly override?: string };
  /**
   * Where no rule matches: `harmless` for tools whose other commands are known not to destroy; `words`: harmless
   * unless a word of the command itself sounds destructive, then opaque.
   */
  readonly otherwise: 'harmless' | 'words';
}

type More = Omit<Rule, 'on' | 'verb' | 'what'>;

export function destroys(what: string, on: string, more: More = {}): Rule {
  return { verb: 'destroy', what, on, ...more };
}

export function changes(what: string, on: string, more: More = {}): Rule {
  return { verb: 'change', what, on, ...more };
}

export function exposes(what: string, on: string, more: More = {}): Rule {
  return { verb: 'expose', what, on, ...more };
}

export function grants(what: string, on: string, more: More = {}): Rule {
  return { verb: 'grant', what, on, ...more };
}

/** Known to destroy nothing that matters; stands before a rule that is wider. */
export function harmless(on: string, more: More = {}): Rule {
  return { verb: 'run', what: 'command', on, reversal: 'regenerable', ...more };
}

/** Its own undo exists, or the next run makes it again. */
export function mends(what: string, on: string, more: More = {}): Rule {
  return { verb: 'change', what, on, reversal: 'undoable', ...more };
}
