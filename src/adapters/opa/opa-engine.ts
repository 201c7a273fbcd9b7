import { LIMITS } from '../../core/limits.ts';
import type { LayerOpinion } from '../../core/verdict.ts';
import type { PolicyEngine, PolicyInput } from '../../ports/policy-engine.ts';
import { answerOf, isSetAnswers } from './answers.ts';
import { type ArtefactOptions, type EngineSums, loadEngineModule } from './artefact.ts';
import { type EngineThread, type StartThread, startThread } from './engine-thread.ts';
import { opinionOf, policyError } from './findings.ts';
import { documentOf } from './input.ts';
import { type OpaLayer, type Problem, showProblem } from './layers.ts';
import { type LoadedLayer, loadLayers } from './loaded-layers.ts';

export interface OpaEngineOptions {
  readonly layers: readonly OpaLayer[];
  readonly artefact?: ArtefactOptions;
  /** Of one evaluation of all layers, on the clock; default 250. Past it the thread is ended and the attempt denied. */
  readonly timeoutMs?: number;
  /** Expressions that one layer may evaluate: the same input always meets the same bound. */
  readonly maxSteps?: number;
  /** Told when a thread had to be ended or replaced: the operator has to see that. */
  readonly onTrouble?: (what: string) => void;
  /** For tests of threads that fail. */
  readonly start?: StartThread;
}

export type OpaEngineResult =
  | { readonly ok: true; readonly engine: OpaEngine }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export type Reloaded = { readonly ok: true } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Open Policy Agent in this process, over layers that are compiled once. */
export interface OpaEngine extends PolicyEngine {
  /** Replaces all layers at once. On a fault the last good ones stay and the answer says why; no attempt is dropped. */
  reload(layers: readonly OpaLayer[]): Promise<Reloaded>;
  /** What is in force. */
  readonly layers: readonly Pick<LoadedLayer, 'layer' | 'digest' | 'silent' | 'asked'>[];
  readonly sums: EngineSums;
  readonly memoryBytes: number;
  close(): Promise<void>;
}

const TIMEOUT_MS = 250;
const MAX_STEPS = 100_000;
/** Linear memory never shrinks: past this the thread is replaced by a fresh one. */
const RECYCLE_BYTES = 512 * 1024 * 1024;

/** Compiles the layers and starts the engine. A layer that does not compile refuses all. */
export async function openOpaEngine(options: OpaEngineOptions): Promise<OpaEngineResult> {
  const loaded = await loadEngineModule(options.artefact);
  if (!loaded.ok) return { ok: false, problems: [{ code: 'engine_error', message: loaded.why }] };
  const engine = new Engine(loaded.module, loaded.sums, options);
  const first = await engine.reload(options.layers);
  if (first.ok) return { ok: true, engine };
  await engine.close();
  return first;
}

/** A thread together with what it has loaded: they are replaced together. */
interface Running {
  readonly thread: EngineThread;
  readonly layers: readonly LoadedLayer[];
}

class Engine implements OpaEngine {
  readonly sums: EngineSums;
  readonly #module: WebAssembly.Module;
  readonly #options: OpaEngineOptions;
  #sources: readonly OpaLayer[] = [];
  /** The last good set; stays known while its thread is being replaced. */
  #layers: readonly LoadedLayer[] = [];
  #running: Running | undefined;
  /** Calls go one after another; each link settles, none rejects. */
  #line: Promise<unknown> = Promise.resolve();
  #reloads: Promise<unknown> = Promise.resolve();
  #inLine = 0;
  #closed = false;

  constructor(module: WebAssembly.Module, sums: EngineSums, options: OpaEngineOptions) {
    this.#module = module;
    this.sums = sums;
    this.#options = options;
  }

  get layers(): readonly LoadedLayer[] {
    return this.#layers;
  }

  get memoryBytes(): number {
    return this.#running?.thread.memoryBytes ?? 0;
  }

  async evaluate(input: PolicyInput): Promise<readonly LayerOpinion[]> {
    const document = documentOf(input);
    if (!document.ok) return this.#deny(input, document.why);
    if (this.#inLine >= LIMITS.inFlight) return this.#deny(input, `more than ${LIMITS.inFlight} evaluations wait`);
    // OPA itself has shown that these layers have nothing to say to it.
    const isAsked = (layer: LoadedLayer): boolean => !(document.harmless && layer.silent);
    if (!this.#closed && !this.#layers.some(isAsked)) return this.#layers.map(silence);
    this.#inLine += 1;
    const mine = this.#line.then(() => this.#judge(input, document.text, isAsked));
    this.#line = mine;
    try {
      return await mine;
    } finally {
      this.#inLine -= 1;
    }
  }

  reload(layers: readonly OpaLayer[]): Promise<Reloaded> {
    const mine = this.#reloads.then(() => this.#reload(layers));
    this.#reloads = mine;
    return mine;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running?.thread.end();
    this.#running = undefined;
  }

  /** Never rejects: whatever goes wrong in here is an answer that denies. */
  async #judge(
    input: PolicyInput,
    document: string,
    isAsked: (layer: LoadedLayer) => boolean,
  ): Promise<readonly LayerOpinion[]> {
    try {
      const running = await this.#ready();
      if (typeof running === 'string') return this.#deny(input, running);
      const asked = running.layers.filter(isAsked);
      const maxSteps = this.#options.maxSteps ?? MAX_STEPS;
      const request = `${JSON.stringify({ sets: asked.map((one) => one.set), maxSteps })}\n${document}`;
      const called = await running.thread.call('evaluate', request, this.#options.timeoutMs ?? TIMEOUT_MS);
      if (!called.ok) {
        const names = asked.map((one) => one.layer).join(', ');
        this.#trouble(`the policy engine was ended while it judged by ${names}: ${called.why}`);
        // Behind those that wait, where nobody does: the next attempt shall not wait for a start.
        this.#line = this.#line.then(() => this.#ready());
        return denyAll(running.layers, input, `${called.why} from the policies of ${names}`);
      }
      if (running.thread.memoryBytes > RECYCLE_BYTES) await this.#replace(running);
      const answer = answerOf(called.answer, isSetAnswers);
      if (!answer.ok) return denyAll(running.layers, input, answer.problems.map(showProblem).join('; '));
      return running.layers.map((layer) => {
        if (!isAsked(layer)) return silence(layer);
        const said = answer.value.find((one) => one.set === layer.set);
        if (said?.found === undefined)
          return policyError(layer, input.effects.length, said?.error ? showProblem(said.error) : 'no answer');
        // Each rule that was asked has its list, even an empty one: a missing one is undefined, which denies.
        const missing = layer.asked.find((rule) => !Array.isArray(said.found?.[rule]));
        if (missing !== undefined) return policyError(layer, input.effects.length, `\`${missing}\` is undefined`);
        return opinionOf(layer, said.found, input, (rule) => layer.places.get(rule) ?? layer.layer);
      });
    } catch (error) {
      return this.#deny(input, error instanceof Error ? error.message : String(error));
    }
  }

  /** The thread that is there, or a new one with the last good layers in place of one that has ended. */
  async #ready(): Promise<Running | string> {
    if (this.#closed) return 'the policy engine is closed';
    const running = this.#running;
    if (running !== undefined && !running.thread.isEnded) return running;
    const started = await this.#start(this.#sources);
    if (!started.ok) {
      const why = `the policy engine cannot be started again: ${started.problems.map(showProblem).join('; ')}`;
      this.#trouble(why);
      return why;
    }
    this.#adopt(started.running, this.#sources);
    return started.running;
  }

  async #replace(running: Running): Promise<void> {
    this.#trouble(`the policy engine used ${running.thread.memoryBytes} bytes and is started afresh`);
    await running.thread.end();
  }

  async #reload(layers: readonly OpaLayer[]): Promise<Reloaded> {
    if (this.#closed)
      return { ok: false, problems: [{ code: 'engine_error', message: 'the policy engine is closed' }] };
    // In a thread of its own, while the old one goes on answering.
    const started = await this.#start(layers);
    if (!started.ok) {
      if (this.#layers.length > 0)
        this.#trouble(
          `the new policies are refused and the last good ones stay: ${started.problems.map(showProblem).join('; ')}`,
        );
      return started;
    }
    // In line with the evaluations, so that none is cut off.
    const swap = this.#line.then(async () => {
      const old = this.#running;
      this.#adopt(started.running, layers);
      await old?.thread.end();
    });
    this.#line = swap;
    await swap;
    return { ok: true };
  }

  #adopt(running: Running, sources: readonly OpaLayer[]): void {
    this.#running = running;
    this.#layers = running.layers;
    this.#sources = sources;
    if (this.#closed) void running.thread.end();
  }

  async #start(
    layers: readonly OpaLayer[],
  ): Promise<{ readonly ok: true; readonly running: Running } | Extract<Reloaded, { ok: false }>> {
    try {
      const thread = await (this.#options.start ?? startThread)(this.#module);
      const loaded = await loadLayers(thread, layers, this.sums);
      if (loaded.ok) return { ok: true, running: { thread, layers: loaded.layers } };
      await thread.end();
      return loaded;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { ok: false, problems: [{ code: 'engine_error', message }] };
    }
  }

  #deny(input: PolicyInput, why: string): readonly LayerOpinion[] {
    return denyAll(this.#layers, input, why);
  }

  #trouble(what: string): void {
    this.#options.onTrouble?.(what);
  }
}

function silence(layer: LoadedLayer): LayerOpinion {
  return { layer: layer.layer, digest: layer.digest, findings: [], obligations: [] };
}

/** INVARIANT: every layer denies, so that a failure is never a silence. */
function denyAll(layers: readonly LoadedLayer[], input: PolicyInput, why: string): readonly LayerOpinion[] {
  return layers.map(({ layer, digest }) => policyError({ layer, digest }, input.effects.length, why));
}
