import type { Json } from '../../core/canonical-json.ts';
import type { LayerOpinion } from '../../core/verdict.ts';
import type { PolicyLayer } from '../../ports/policy-layers.ts';
import type { Answered, PolicyTools } from '../../ports/policy-tools.ts';
import { isLoaded, isRecord, isSetAnswers, type Loaded } from './answers.ts';
import { type ArtefactOptions, type EngineModule, type EngineSums, readSums } from './artefact.ts';
import type { StartThread } from './engine-thread.ts';
import { MAX_STEPS, opinionOfAnswer } from './evaluation.ts';
import { INPUT_SCHEMA } from './input-schema.ts';
import { digestOfLayer, isTest, labelOf, whyTooLarge } from './layers.ts';
import { placesOf } from './loaded-layers.ts';
import { type Recorded, readRecorded } from './recorded.ts';
import {
  bundleOf,
  isBundleAnswer,
  isCheckAnswer,
  isFormatAnswer,
  isQueryAnswer,
  isTestAnswer,
  isWrittenBundle,
  queryOf,
  rulesOf,
  testsOf,
} from './tool-answers.ts';
import { failed, type ToolCalls, ToolThread } from './tool-thread.ts';

export interface PolicyToolsOptions {
  readonly artefact?: ArtefactOptions;
  /** The engine's module where it was loaded before. */
  readonly module?: EngineModule;
  /** Of one operation; default 60,000. Past it the thread is ended and the operation has failed. */
  readonly timeoutMs?: number;
  /** For tests of threads that fail. */
  readonly start?: StartThread;
}

const TIMEOUT_MS = 60_000;
/** A person waits for it, and may want to see where the steps go. */
const QUERY_STEPS = 2_000_000;
const BUNDLE_MAX_BYTES = 64 * 1024 * 1024;
const KEPT_SETS = 8;

/** Open Policy Agent for the command line. Nothing starts before the first operation. */
export function createPolicyTools(options: PolicyToolsOptions = {}): PolicyTools {
  const thread = new ToolThread({ ...options, timeoutMs: options.timeoutMs ?? TIMEOUT_MS });
  return {
    check: async (sources, { anything = false } = {}) => {
      const tooLarge = whyTooLarge(sources.modules, sources.data);
      if (tooLarge !== undefined) return failed('layer_error', tooLarge);
      const schema = anything ? undefined : INPUT_SCHEMA;
      const request = { modules: sources.modules, data: sources.data ?? {}, schema, keep: false, anything };
      return mapped(await thread.call('load', request, isCheckAnswer), rulesOf);
    },
    test: async (sources, { run = '', coverage }) => {
      const request = { modules: sources.modules, data: sources.data ?? {}, run, coverage };
      return mapped(await thread.call('test', request, isTestAnswer), testsOf);
    },
    format: async (modules) => mapped(await thread.call('format', { modules }, isFormatAnswer), (one) => one.modules),
    query: async ({ modules, data, query, input, explain }) => {
      const request = { modules, data: data ?? {}, query, input, explain, maxSteps: QUERY_STEPS, loose: true };
      return mapped(await thread.call('query', request, isQueryAnswer), queryOf);
    },
    opinion: async (layer: PolicyLayer, document: Json) => {
      const recorded = readRecorded(document);
      if (!recorded.ok) return recorded;
      return await thread.run((calls) => opinionOn(calls, layer, readSums(options.artefact), recorded));
    },
    digest: (layer) => digestOfLayer(layer, readSums(options.artefact)),
    readBundle: async (bytes, keys) => {
      if (bytes.length > BUNDLE_MAX_BYTES) return failed('bundle_error', `more than ${BUNDLE_MAX_BYTES} bytes`);
      const request = { bytes: Buffer.from(bytes).toString('base64'), maxBytes: BUNDLE_MAX_BYTES, ...keys };
      return mapped(await thread.call('readBundle', request, isBundleAnswer), bundleOf);
    },
    writeBundle: async ({ modules, data, revision, roots, signing }) => {
      const request = { modules, data: data ?? {}, revision, roots, ...signing };
      const written = await thread.call('writeBundle', request, isWrittenBundle);
      return mapped(written, (one) => new Uint8Array(Buffer.from(one.bytes, 'base64')));
    },
    close: () => thread.close(),
  };
}

async function opinionOn(
  calls: ToolCalls,
  layer: PolicyLayer,
  sums: EngineSums,
  recorded: Extract<Recorded, { ok: true }>,
): Promise<Answered<LayerOpinion>> {
  const digest = digestOfLayer(layer, sums);
  const label = labelOf(layer);
  if (layer.pinned !== undefined && layer.pinned !== digest)
    return failed('layer_error', `${label}: the digest of the policy is ${digest}, not ${layer.pinned}`);
  const loaded = await compiledIn(calls, layer, digest);
  if (!loaded.ok) return loaded;
  const { set, asked, rules } = loaded.value;
  const header = JSON.stringify({ sets: [set], maxSteps: MAX_STEPS });
  const answers = await calls.call('evaluate', `${header}\n${recorded.text}`, isSetAnswers);
  if (!answers.ok) return answers;
  const name = { layer: layer.layer, digest, label, set, asked, places: placesOf(rules) };
  return { ok: true, value: opinionOfAnswer(name, answers.value, recorded.input) };
}

/** A layer that is asked about many documents is compiled once. */
async function compiledIn(calls: ToolCalls, layer: PolicyLayer, digest: string): Promise<Answered<Loaded>> {
  const known = calls.compiled.get(digest);
  if (known !== undefined) return { ok: true, value: known };
  const modules = layer.modules.filter((one) => !isTest(one));
  const tooLarge = whyTooLarge(modules, layer.data);
  if (tooLarge !== undefined) return failed('layer_error', `${labelOf(layer)}: ${tooLarge}`);
  const request = { modules, data: layer.data ?? {}, schema: INPUT_SCHEMA, keep: true };
  const loaded = await calls.call('load', request, isLoaded);
  if (!loaded.ok) return loaded;
  const oldest = calls.compiled.size >= KEPT_SETS ? calls.compiled.entries().next().value : undefined;
  if (oldest !== undefined) {
    calls.compiled.delete(oldest[0]);
    await calls.call('drop', { set: oldest[1].set }, isRecord);
  }
  calls.compiled.set(digest, loaded.value);
  return loaded;
}

function mapped<T, U>(answered: Answered<T>, map: (value: T) => U): Answered<U> {
  return answered.ok ? { ok: true, value: map(answered.value) } : answered;
}
