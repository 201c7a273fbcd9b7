import type { Json } from '../../core/canonical-json.ts';

/** As OPA has them: `id` of this installation, `version` of the program; more as the caller likes. */
export interface DecisionLabels {
  readonly id: string;
  readonly version: string;
  readonly [name: string]: string;
}

export interface WriterOptions {
  /** Made with mode 0700 where it is not there. */
  readonly dir: string;
  readonly labels: DecisionLabels;
  readonly entryBytes: number;
  readonly bytesADay: number;
  readonly daysKept: number;
}

export type JsonObject = { readonly [name: string]: Json };

/** What a decision leaves to the worker, which gets it as JSON text: a text costs less to hand over than objects. */
export interface Recorded {
  /** `null` where no document could be made of the attempt. */
  readonly input: Json;
  readonly result: JsonObject & { readonly verdict: Json };
  readonly bundles: JsonObject;
  readonly exceptions: readonly Json[];
  readonly shadowed: boolean;
  readonly requestedBy: string;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  readonly micros: number;
}

/** To the worker: decisions, oldest first, each a `Recorded` as JSON. */
export type Batch = readonly string[];

/** In the order in which it happened. */
export type WriteEvent = { readonly lost: number; readonly why: string } | { readonly kept: number };

/** From the worker: one for each batch. */
export type Written = readonly WriteEvent[];
