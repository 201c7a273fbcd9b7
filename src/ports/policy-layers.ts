import type { Json } from '../core/canonical-json.ts';
import type { Digest } from '../core/digest.ts';
import { isAtOrBelow, placesOf } from '../core/places.ts';
import type { Layer } from '../core/verdict.ts';
import type { PolicyEngine, PolicyInput } from './policy-engine.ts';

export interface RegoModule {
  /** As errors name it: a path relative to its folder. */
  readonly name: string;
  readonly text: string;
}

/** Which attempts a layer is asked about. A layer without a scope is asked about all. */
export type PolicyScope = { readonly workspace: string } | { readonly task: string };

/** Whether a layer is asked about an attempt. One of a workspace is asked wherever the attempt is at work there. */
export function isInScope(
  scope: PolicyScope | undefined,
  { attempt, effects }: Pick<PolicyInput, 'attempt' | 'effects'>,
): boolean {
  if (scope === undefined) return true;
  if ('task' in scope) return scope.task === attempt.task;
  return placesOf(attempt, effects).some((place) => isAtOrBelow(place, scope.workspace));
}

/** One layer of policy. Files named `*_test.rego` are for `test` and take no part. */
export interface PolicyLayer {
  readonly layer: Exclude<Layer, 'floor'>;
  readonly modules: readonly RegoModule[];
  /** What rules read as `data`, e.g. from a bundle's data.json. */
  readonly data?: { readonly [name: string]: Json };
  /** What the layer has to have as its digest, where a person signed one; another is refused. */
  readonly pinned?: Digest;
  readonly scope?: PolicyScope;
  /** Name of this state of it for people and the decision log: a bundle's revision, a preset. */
  readonly revision?: string;
}

/** One complaint, with its place where there is one. */
export interface PolicyProblem {
  readonly code: string;
  readonly message: string;
  readonly file?: string;
  readonly row?: number;
  readonly col?: number;
}

export type Reloaded = { readonly ok: true } | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

export interface LayerInForce {
  readonly layer: Layer;
  readonly digest: Digest;
  readonly scope?: PolicyScope;
  readonly revision?: string;
  /** How many rules are asked. */
  readonly rules?: number;
}

/** Layers that can be replaced while attempts are judged. Contract: on a fault the last good ones stay; no attempt is dropped. */
export interface LayeredPolicy extends PolicyEngine {
  reload(layers: readonly PolicyLayer[]): Promise<Reloaded>;
  readonly inForce: readonly LayerInForce[];
  close(): Promise<void>;
}

/** `policy/x.rego:12:3: …`, as OPA writes it. */
export function showProblem(problem: PolicyProblem): string {
  const place = [problem.file, problem.row, problem.col].filter((part) => part !== undefined && part !== '').join(':');
  return place === '' ? problem.message : `${place}: ${problem.message}`;
}
