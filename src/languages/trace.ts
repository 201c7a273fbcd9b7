import type { Json } from '../core/canonical-json.ts';
import type { Effect } from '../core/effect.ts';
import type { Check } from '../core/evidence.ts';
import type { ResourceRef } from '../core/resource.ts';

export type TraceWhat = 'action' | 'command' | 'script' | 'substitution' | 'function';

export interface TraceQuestion {
  readonly check: Check;
  readonly about: ResourceRef;
  /** In words where it is not known. */
  readonly answer: { readonly known: Json } | string;
}

/** One thing that runs, and what it runs itself. */
export interface TraceNode {
  readonly what: TraceWhat;
  /** A command with its words as they are after expansion; the text of a script. What nobody can tell is `…`. */
  readonly text: string;
  /** Where it stands in the text of the nearest action or script above it, in UTF-16 units. */
  readonly span: readonly [number, number] | undefined;
  readonly effects: Effect[];
  readonly questions: TraceQuestion[];
  readonly children: TraceNode[];
  /** Words of which text alone does not tell what they will be. */
  unknown?: readonly string[];
}

/** How a reading came about. Written only where somebody asks for it (`ReadingContext.trace`). */
export interface Trace {
  readonly root: TraceNode;
  nodes: number;
  /** True where there was more than can be kept. */
  cut: boolean;
  /** Where the command that is being read stands in its own text. */
  at: readonly [number, number] | undefined;
}

export function newTrace(text: string): Trace {
  const root: TraceNode = { what: 'action', text, span: undefined, effects: [], questions: [], children: [] };
  return { root, nodes: 0, cut: false, at: undefined };
}
