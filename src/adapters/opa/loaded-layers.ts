import type { LayerInForce } from '../../ports/policy-layers.ts';
import { answerOf, isLoaded, isSetAnswers, type RuleAt } from './answers.ts';
import type { EngineSums } from './artefact.ts';
import type { EngineThread } from './engine-thread.ts';
import { INPUT_SCHEMA } from './input-schema.ts';
import { digestOfLayer, isTest, labelOf, type OpaLayer, type Problem, whyTooLarge } from './layers.ts';

/** A layer that a thread has compiled. `set` is its number there. */
export interface LoadedLayer extends LayerInForce {
  readonly label: string;
  readonly rules: number;
  readonly set: number;
  readonly silent: boolean;
  readonly asked: readonly string[];
  /** Where the first rule of a path stands, as `file:row`. */
  readonly places: ReadonlyMap<string, string>;
}

export type LoadedLayers =
  | { readonly ok: true; readonly layers: readonly LoadedLayer[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const LOAD_TIMEOUT_MS = 20_000;

/** Compiles all layers in one thread, each apart from the others. All or none. */
export async function loadLayers(
  thread: EngineThread,
  layers: readonly OpaLayer[],
  sums: EngineSums,
  warmUpRounds: number,
): Promise<LoadedLayers> {
  const loaded: LoadedLayer[] = [];
  for (const layer of layers) {
    const modules = layer.modules.filter((one) => !isTest(one));
    const label = labelOf(layer);
    const problem = (message: string): LoadedLayers => ({
      ok: false,
      problems: [{ code: 'layer_error', message: `${label}: ${message}` }],
    });
    const tooLarge = whyTooLarge(modules, layer.data);
    if (tooLarge !== undefined) return problem(tooLarge);
    const digest = digestOfLayer(layer, sums);
    if (layer.pinned !== undefined && layer.pinned !== digest)
      return problem(`the policy is not the one that was signed: its digest is ${digest}, not ${layer.pinned}`);
    const request = JSON.stringify({ modules, data: layer.data ?? {}, schema: INPUT_SCHEMA, keep: true });
    const called = await thread.call('load', request, LOAD_TIMEOUT_MS);
    if (!called.ok) return problem(called.why);
    const answer = answerOf(called.answer, isLoaded);
    if (!answer.ok) {
      const problems = answer.problems.map((one) => ({ ...one, message: `${one.message} (${label})` }));
      return { ok: false, problems };
    }
    const { set, silent, asked } = answer.value;
    const places = placesOf(answer.value.rules);
    const rules = answer.value.rules.length;
    loaded.push({
      layer: layer.layer,
      label,
      rules,
      digest,
      set,
      silent,
      asked,
      places,
      ...(layer.scope === undefined ? {} : { scope: layer.scope }),
      ...(layer.revision === undefined ? {} : { revision: layer.revision }),
    });
  }
  return (await warmUp(thread, loaded, warmUpRounds)) ?? { ok: true, layers: loaded };
}

/** Where the first rule of each path stands. */
export function placesOf(rules: readonly RuleAt[]): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  for (const rule of rules) if (!places.has(rule.path)) places.set(rule.path, `${rule.file}:${rule.row}`);
  return places;
}

/** The first calls compile WebAssembly; they must not eat the time of an attempt. What policies say to it is no matter. */
async function warmUp(
  thread: EngineThread,
  layers: readonly LoadedLayer[],
  rounds: number,
): Promise<LoadedLayers | undefined> {
  const header = JSON.stringify({ sets: layers.map((one) => one.set), maxSteps: 10_000 });
  for (let round = 0; round < rounds; round += 1) {
    const called = await thread.call('evaluate', `${header}\n${WARM_UP_DOCUMENT}`, LOAD_TIMEOUT_MS);
    const answer = called.ok ? answerOf(called.answer, isSetAnswers) : undefined;
    if (answer?.ok !== true)
      return { ok: false, problems: [{ code: 'layer_error', message: 'the policies cannot be evaluated' }] };
  }
  return undefined;
}

const RESOURCE = { system: 'file', kind: 'path', path: ['/a'] };
const WARM_UP_DOCUMENT = JSON.stringify({
  schema: 'holdpoint/v1',
  now: 0,
  harmless: false,
  attempt: { action: { kind: 'shell', text: 'true' }, agent: 'a', door: 'cli', person: 'a', task: 'a', workspace: '/' },
  effects: ['destroy', 'read'].map((verb, index) => ({
    index,
    verb,
    danger: verb === 'read' ? 'harmless' : 'destructive',
    target: { known: RESOURCE },
    count: { min: 1, max: 1 },
    reversal: 'irreversible',
    basis: 'parsed',
    source: 'warm-up',
    summary: '',
    tags: [],
  })),
  evidence: [],
  exceptions: [],
});
