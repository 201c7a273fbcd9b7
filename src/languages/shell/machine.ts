import type { CommandNode, CompoundList, ParsedScript } from 'unbash';
import type { Json } from '../../core/canonical-json.ts';
import type { Effect, Reversal, Verb } from '../../core/effect.ts';
import { type Check, type Question, questionKey } from '../../core/evidence.ts';
import { LIMITS } from '../../core/limits.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { known, type Tri, unknown } from '../../core/tri.ts';
import type { Reader, ReadingContext } from '../reading.ts';
import type { Field } from './value.ts';

export type Node = CommandNode | CompoundList;

/** What a shell process knows; copied for subshells. */
export interface Scope {
  readonly vars: Map<string, readonly Field[]>;
  readonly functions: Map<string, Node>;
  readonly aliases: Map<string, string>;
  /**
   * Variables that this text gives to the programs it runs (true) or takes from them (false). `*`: something in between may
   * have set any.
   */
  readonly exports: Map<string, boolean>;
  /** Files written earlier in the same text: path → content, with marks. */
  readonly written: Map<string, string>;
  /** Absolute, or starting with `~`, or relative to an unknown start; `undefined` when text alone cannot tell. */
  cwd: string | undefined;
  /** Positional parameters; `undefined` outside functions and scripts. */
  args: readonly Field[] | undefined;
  /** What standard input holds: `undefined` when nobody feeds it. */
  stdin: string | undefined;
  /** The file that standard input was redirected from. */
  input: Field | undefined;
  depth: number;
  readonly calling: readonly string[];
  /** Bodies of functions that are being run: a name may get a new body meanwhile. */
  readonly running: readonly Node[];
}

export function newScope(cwd: string): Scope {
  return {
    vars: new Map(),
    functions: new Map(),
    aliases: new Map(),
    exports: new Map(),
    written: new Map(),
    cwd: cwd === '' ? '.' : cwd,
    args: undefined,
    stdin: undefined,
    input: undefined,
    depth: 0,
    calling: [],
    running: [],
  };
}

export function subscope(scope: Scope): Scope {
  return {
    ...scope,
    vars: new Map(scope.vars),
    functions: new Map(scope.functions),
    aliases: new Map(scope.aliases),
    exports: new Map(scope.exports),
    calling: scope.calling,
  };
}

export interface Readers {
  readonly sql?: Reader;
  readonly http?: Reader;
}

export interface Found {
  readonly verb: Verb;
  readonly target: ResourceRef | { readonly unknown: string };
  readonly reversal: Reversal;
  readonly source: string;
  readonly summary: string;
  readonly max?: number | 'unbounded';
  readonly min?: number;
  readonly basis?: Effect['basis'];
  readonly tags?: readonly string[];
}

/** A command about to run: its name without folders, and its arguments. */
export interface Call {
  readonly name: string;
  readonly argv: readonly Field[];
  readonly scope: Scope;
  readonly machine: Machine;
}

/** Returns what the command prints, with marks. */
export type Handler = (call: Call) => string;

/** The evaluator of one reading. Has the lifetime of one call of the reader. */
export interface Machine {
  readonly context: ReadingContext;
  readonly readers: Readers;
  readonly effects: Effect[];
  readonly questions: Map<string, Question>;
  /** Where the command being read stands in the action's text. */
  span: readonly [number, number] | undefined;
  /** Positions of nested text mean nothing in the action's text: then `span` stays as it is. */
  nested: boolean;
  steps: number;
  /** Above zero inside another machine or container: nothing on this disk is asked about. */
  elsewhere: number;
  /** New path → old path of what the same command moved: losing the new one loses the old one. */
  readonly moved: Map<string, string>;
  /** New path → path that the same command copied or moved its content from. */
  readonly sources: Map<string, string>;
  /** Symlinks and hard links that the same command made → where they lead. */
  readonly links: Map<string, string>;
  /** Files that the same command changed in a way that text does not tell: what the disk holds now is not what is read later. */
  readonly stale: Set<string>;
  /** Patterns match hidden names too (`shopt -s dotglob`). */
  dotglob: boolean;
  emit(found: Found): void;
  ask(check: Check, about: ResourceRef): Tri<Json> | undefined;
  /** Runs one command with its arguments; returns what it prints, with marks. */
  run(argv: readonly Field[], scope: Scope): string;
  /** Reads text as a shell script in the given scope. */
  script(text: string, scope: Scope): string;
  walk(script: ParsedScript, scope: Scope): string;
  walkNode(node: Node, scope: Scope): string;
}

export function opaque(machine: Machine, source: string, summary: string, tags?: readonly string[]): void {
  machine.emit({
    verb: 'run',
    target: { unknown: summary },
    reversal: 'unknown',
    source,
    summary,
    basis: 'opaque',
    max: 'unbounded',
    min: 0,
    ...(tags === undefined ? {} : { tags }),
  });
}

export function unjudged(machine: Machine, source: string, summary: string): void {
  opaque(machine, source, summary, ['unjudged']);
}

/** A run that does nothing to speak of: keeps the list of effects from being empty. */
export function harmlessRun(machine: Machine, source: string, name: string): void {
  machine.emit({
    verb: 'run',
    target: { system: 'host', kind: 'program', path: [name] },
    reversal: 'regenerable',
    source,
    summary: `runs ${name}`,
    basis: 'documented',
  });
}

/** True where questions about this disk get answers from the disk. Elsewhere text is all there is. */
export function isVisible(machine: Machine): boolean {
  return machine.context.workspace !== '' && machine.elsewhere === 0;
}

export function collector(
  context: ReadingContext,
): Pick<
  Machine,
  'effects' | 'questions' | 'emit' | 'ask' | 'steps' | 'elsewhere' | 'moved' | 'links' | 'sources' | 'stale' | 'dotglob'
> & { full: boolean } {
  const effects: Effect[] = [];
  const seen = new Set<string>();
  const questions = new Map<string, Question>();
  const self = {
    effects,
    questions,
    full: false,
    steps: 0,
    elsewhere: 0,
    moved: new Map<string, string>(),
    links: new Map<string, string>(),
    sources: new Map<string, string>(),
    stale: new Set<string>(),
    dotglob: false,
    emit(this: Machine & { full: boolean }, found: Found): void {
      const target: Tri<ResourceRef> = 'unknown' in found.target ? unknown(found.target.unknown) : known(found.target);
      const effect: Effect = {
        verb: found.verb,
        target,
        count: { min: found.min ?? 1, max: found.max ?? Math.max(1, found.min ?? 1) },
        reversal: found.reversal,
        basis: found.basis ?? 'parsed',
        source: found.source,
        summary: found.summary,
        ...(this.span === undefined ? {} : { span: this.span }),
        ...(found.tags === undefined ? {} : { tags: found.tags }),
      };
      add(this, effect, seen);
    },
    ask(this: Machine, check: Check, about: ResourceRef): Tri<Json> | undefined {
      // Nothing on disk is asked about where the workspace is not known.
      if (context.workspace === '' || this.elsewhere > 0) return unknown('not on this disk');
      const fact = context.fact(check, about);
      if (questions.size < LIMITS.questions) questions.set(questionKey({ check, about }), { check, about });
      else if (fact === undefined) return undefined;
      return fact;
    },
  };
  return self;
}

/** INVARIANT: a full list never drops a danger: the last place says that there was more. */
function add(machine: Machine & { full: boolean }, effect: Effect, seen: Set<string>): void {
  const key = `${effect.verb}|${effect.source}|${JSON.stringify(effect.target)}|${effect.reversal}|${effect.tags?.join() ?? ''}`;
  if (seen.has(key)) return;
  if (machine.effects.length < LIMITS.effects - 1) {
    seen.add(key);
    machine.effects.push(effect);
    return;
  }
  if (machine.full) return;
  machine.full = true;
  machine.effects.push({
    verb: 'run',
    target: unknown('more effects than can be shown'),
    count: { min: 1, max: 'unbounded' },
    reversal: 'unknown',
    basis: 'opaque',
    source: 'shell/limit',
    summary: `has more than ${LIMITS.effects} effects`,
  });
}
