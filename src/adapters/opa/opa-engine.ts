import { LIMITS } from '../../core/limits.ts';
import type { LayerOpinion } from '../../core/verdict.ts';
import type { PolicyInput } from '../../ports/policy-engine.ts';
import { isInScope, type LayeredPolicy, type LayerInForce, type Reloaded } from '../../ports/policy-layers.ts';
import { answerOf, isSetAnswers } from './answers.ts';
import { type ArtefactOptions, type EngineModule, type EngineSums, loadEngineModule } from './artefact.ts';
import { type EngineThread, type StartThread, startThread } from './engine-thread.ts';
import { MAX_STEPS, opinionOfAnswer } from './evaluation.ts';
import { policyError } from './findings.ts';
import { documentOf } from './input.ts';
import { type OpaLayer, type Problem, showProblem } from './layers.ts';
import { type LoadedLayer, loadLayers } from './loaded-layers.ts';

export interface OpaEngineOptions {
  readonly layers: readonly OpaLayer[];
  readonly artefact?: ArtefactOptions;
  /** The engine's module where it was loaded before: one module serves any number of engines. */
  readonly module?: EngineModule;
  /** Of one evaluation of all layers, on the clock; default 250. Past it the thread is ended and the attempt denied. */
  readonly timeoutMs?: number;
  /** Expressions that one layer may evaluate: the same input always meets the same bound. */
  readonly maxSteps?: number;
  /**
   * Rounds over a made-up document after each load; default 10. The first calls compile WebAssembly, which must not eat
   * the time of an attempt. 0 where one attempt is judged and the program ends.
   */
  readonly warmUpRounds?: number;
  /** Told when a thread had to be ended or replaced: the operator has to see that. */
  readonly onTrouble?: (what: string) => void;
  /** For tests of threads that fail. */
  readonly start?: StartThread;
}

export type OpaEngineResult =
  | { readonly ok: true; readonly engine: OpaEngine }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Open Policy Agent in this process, over layers that are compiled once. */
export interface OpaEngine extends LayeredPolicy {
  /** What is in force, with what the engine found out about it. */
  readonly inForce: readonly (LayerInForce & Pick<LoadedLayer, 'silent' | 'asked'>)[];
  readonly sums: EngineSums;
  /** Linear memory of the thread. */
  readonly memoryBytes: number;
}

const TIMEOUT_MS = 250;
const WARM_UP_ROUNDS = 10;
/** Linear memory never shrinks: past this the thread is replaced by a fresh one. */
const RECYCLE_BYTES = 512 * 1024 * 1024;

/** Compiles the layers and starts the engine. A layer that does not compile refuses all. */
export async function openOpaEngine(options: OpaEngineOptions): Promise<OpaEngineResult> {
  const loaded = options.module ?? (await loadEngineModule(options.artefact));
  if (!loaded.ok) return { ok: false, problems: [{ code: 'engine_error', message: loaded.why }] };
  const engine = new Engine(loaded.module, loaded.sums, options);
  const first = await engine.reload(options.layers);
  if (first.ok) return { ok: true, engine };
  await engine.close();
  return first;
}

/** A thread together with what it has loaded: they are replaced together. No layers need no thread. */
interface Running {
  readonly thread: EngineThread | undefined;
  readonly layers: readonly LoadedLayer[];
}

type Started = { readonly ok: true; readonly running: Running } | Extract<Reloaded, { ok: false }>;

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

  get inForce(): readonly LoadedLayer[] {
    return this.#layers;
  }

  get memoryBytes(): number {
    return this.#running?.thread?.memoryBytes ?? 0;
  }

  async evaluate(input: PolicyInput): Promise<readonly LayerOpinion[]> {
    const document = documentOf(input);
    // All of them: what does not conform cannot be trusted to say which workspace it is from.
    if (!document.ok) return denyAll(this.#layers, input, document.why);
    const takesPart = (layer: LoadedLayer): boolean => isInScope(layer.scope, input);
    // OPA itself has shown that the silent layers have nothing to say to what is harmless.
    const isAsked = (layer: LoadedLayer): boolean => takesPart(layer) && !(document.harmless && layer.silent);
    if (!this.#closed && !this.#layers.some(isAsked)) return this.#layers.filter(takesPart).map(silence);
    if (this.#inLine >= LIMITS.inFlight)
      return denyAll(this.#layers.filter(takesPart), input, `more than ${LIMITS.inFlight} evaluations wait`);
    const text = document.text();
    if (!text.ok) return denyAll(this.#layers.filter(takesPart), input, text.why);
    this.#inLine += 1;
    const mine = this.#line.then(() => this.#judge({ input, text: text.text, takesPart, isAsked }));
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
    const running = this.#running;
    this.#running = undefined;
    await running?.thread?.end();
  }

  /** Never rejects: whatever goes wrong in here is an answer that denies. */
  async #judge({ input, text, takesPart, isAsked }: Question): Promise<readonly LayerOpinion[]> {
    const deny = (why: string): readonly LayerOpinion[] => denyAll(this.#layers.filter(takesPart), input, why);
    try {
      const running = await this.#ready();
      if (typeof running === 'string') return deny(running);
      const layers = running.layers.filter(takesPart);
      const asked = layers.filter(isAsked);
      // A reload in between may leave nobody to ask.
      if (asked.length === 0 || running.thread === undefined) return layers.map(silence);
      const maxSteps = this.#options.maxSteps ?? MAX_STEPS;
      const request = `${JSON.stringify({ sets: asked.map((one) => one.set), maxSteps })}\n${text}`;
      const called = await running.thread.call('evaluate', request, this.#options.timeoutMs ?? TIMEOUT_MS);
      if (!called.ok) {
        const names = asked.map((one) => one.label).join(', ');
        this.#trouble(`the policy engine was ended while it judged by ${names}: ${called.why}`);
        // Behind those that wait, where nobody does: the next attempt shall not wait for a start.
        this.#line = this.#line.then(() => this.#ready());
        return denyAll(layers, input, `${called.why} from the policies of ${names}`);
      }
      if (running.thread.memoryBytes > RECYCLE_BYTES) await this.#replace(running.thread);
      const answer = answerOf(called.answer, isSetAnswers);
      if (!answer.ok) return denyAll(layers, input, answer.problems.map(showProblem).join('; '));
      return layers.map((layer) => (isAsked(layer) ? opinionOfAnswer(layer, answer.value, input) : silence(layer)));
    } catch (error) {
      return deny(error instanceof Error ? error.message : String(error));
    }
  }

  /** The thread that is there, or a new one with the last good layers in place of one that has ended. */
  async #ready(): Promise<Running | string> {
    if (this.#closed) return 'the policy engine is closed';
    const running = this.#running;
    if (running !== undefined && running.thread?.isEnded !== true) return running;
    const started = await this.#start(this.#sources);
    if (!started.ok) {
      const why = `the policy engine cannot be started again: ${started.problems.map(showProblem).join('; ')}`;
      this.#trouble(why);
      return why;
    }
    this.#adopt(started.running, this.#sources);
    return started.running;
  }

  async #replace(thread: EngineThread): Promise<void> {
    this.#trouble(`the policy engine used ${thread.memoryBytes} bytes and is started afresh`);
    await thread.end();
    this.#line = this.#line.then(() => this.#ready());
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
      await old?.thread?.end();
    });
    this.#line = swap;
    await swap;
    return { ok: true };
  }

  #adopt(running: Running, sources: readonly OpaLayer[]): void {
    this.#running = running;
    this.#layers = running.layers;
    this.#sources = sources;
    if (this.#closed) void running.thread?.end();
  }

  async #start(layers: readonly OpaLayer[]): Promise<Started> {
    if (layers.length === 0) return { ok: true, running: { thread: undefined, layers: [] } };
    try {
      const thread = await (this.#options.start ?? startThread)(this.#module);
      const loaded = await loadLayers(thread, layers, this.sums, this.#options.warmUpRounds ?? WARM_UP_ROUNDS);
      if (loaded.ok) return { ok: true, running: { thread, layers: loaded.layers } };
      await thread.end();
      return loaded;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { ok: false, problems: [{ code: 'engine_error', message }] };
    }
  }

  /** INVARIANT: who is told cannot break the line, in which an attempt waits for its answer. */
  #trouble(what: string): void {
    try {
      this.#options.onTrouble?.(what);
    } catch (error) {
      process.emitWarning(`${what}; nobody could be told: ${String(error)}`);
    }
  }
}

interface Question {
  readonly input: PolicyInput;
  readonly text: string;
  readonly takesPart: (layer: LoadedLayer) => boolean;
  readonly isAsked: (layer: LoadedLayer) => boolean;
}

function silence(layer: LoadedLayer): LayerOpinion {
  return { layer: layer.layer, digest: layer.digest, findings: [], obligations: [] };
}

/** INVARIANT: each of these layers denies, so that a failure is never a silence. */
function denyAll(layers: readonly LoadedLayer[], input: PolicyInput, why: string): readonly LayerOpinion[] {
  const effects = Array.isArray(input.effects) ? input.effects.length : 0;
  return layers.map((layer) => policyError(layer, effects, why));
}
