import { type Digest, digestOf } from '../../core/digest.ts';
import { type PolicyLayer, type PolicyProblem, type RegoModule, showProblem } from '../../ports/policy-layers.ts';
import type { EngineSums } from './artefact.ts';

export { showProblem };
export type Problem = PolicyProblem;
export type OpaLayer = PolicyLayer;
export type { RegoModule };

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
