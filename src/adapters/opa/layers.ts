import type { Json } from '../../core/canonical-json.ts';
import { type Digest, digestOf } from '../../core/digest.ts';
import type { Layer } from '../../core/verdict.ts';
import type { EngineSums } from './artefact.ts';

export interface RegoModule {
  /** As errors name it: a path relative to its folder. */
  readonly name: string;
  readonly text: string;
}

/** One layer of policy. Files named `*_test.rego` are for `test` and take no part. */
export interface OpaLayer {
  readonly layer: Layer;
  readonly modules: readonly RegoModule[];
  /** What rules read as `data`, e.g. from a bundle's data.json. */
  readonly data?: { readonly [name: string]: Json };
  /** What the layer has to have as its digest, where a person signed one; another is refused. */
  readonly pinned?: Digest;
}

/** One complaint, with its place where there is one. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly file?: string;
  readonly row?: number;
  readonly col?: number;
}

export const LAYER_LIMITS = {
  modules: 500,
  /** UTF-16 units of all modules of a layer and its data. */
  chars: 8 * 1024 * 1024,
} as const;

export function isTest(module: RegoModule): boolean {
  return module.name.endsWith('_test.rego');
}

/** Over what the layer says, and the version of the engine that reads it; not over the order of its files. */
export function digestOfLayer(layer: OpaLayer, sums: EngineSums): Digest {
  const modules = layer.modules.filter((one) => !isTest(one)).map(({ name, text }) => ({ name, text }));
  modules.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return digestOf({ type: 'holdpoint/rego/v1', layer: layer.layer, opa: sums.opa, modules, data: layer.data ?? {} });
}

/** `policy/x.rego:12:3: …`, as OPA writes it. */
export function showProblem(problem: Problem): string {
  const place = [problem.file, problem.row, problem.col].filter((part) => part !== undefined && part !== '').join(':');
  return place === '' ? problem.message : `${place}: ${problem.message}`;
}
