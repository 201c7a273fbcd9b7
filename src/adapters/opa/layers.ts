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

/** As messages name it: there may be several of one kind. */
export function labelOf(layer: Pick<OpaLayer, 'layer' | 'scope'>): string {
  if (layer.scope === undefined) return layer.layer;
  return 'workspace' in layer.scope
    ? `${layer.layer} of ${layer.scope.workspace}`
    : `${layer.layer} of task ${layer.scope.task}`;
}

/** Over what the layer says, and the version of the engine that reads it; not over the order of its files. */
export function digestOfLayer(layer: OpaLayer, sums: EngineSums): Digest {
  const modules = layer.modules.filter((one) => !isTest(one)).map(({ name, text }) => ({ name, text }));
  modules.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return digestOf({ type: 'holdpoint/rego/v1', layer: layer.layer, opa: sums.opa, modules, data: layer.data ?? {} });
}

export function whyTooLarge(modules: readonly RegoModule[], data: OpaLayer['data']): string | undefined {
  if (modules.length > LAYER_LIMITS.modules) return `more than ${LAYER_LIMITS.modules} files`;
  const chars = modules.reduce((sum, one) => sum + one.text.length, JSON.stringify(data ?? {}).length);
  return chars > LAYER_LIMITS.chars ? `more than ${LAYER_LIMITS.chars} characters` : undefined;
}
