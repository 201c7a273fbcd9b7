import type { Verb } from './effect.ts';
import type { ResourceRef } from './resource.ts';

/** A refusal is state about an effect and its target, so that other clothes (a script, another door) meet it too. */
export interface Denial {
  readonly task: string;
  readonly verb: Verb;
  readonly target: ResourceRef;
  readonly rule: string;
  readonly atMs: number;
  /** What the person said, where one did. */
  readonly say?: string;
}
