import type { PolicyProblem } from '../../ports/policy-layers.ts';
import type { Answered } from '../../ports/policy-tools.ts';
import { answerOf, type Loaded } from './answers.ts';
import { type ArtefactOptions, type EngineModule, loadEngineModule } from './artefact.ts';
import type { Operation } from './engine-calls.ts';
import { type EngineThread, type StartThread, startThread } from './engine-thread.ts';

export interface ToolThreadOptions {
  readonly artefact?: ArtefactOptions;
  readonly start?: StartThread;
  readonly module?: EngineModule;
  readonly timeoutMs: number;
}

/** What is done in one go with a thread. After a call that fails for good the following ones fail too. */
export interface ToolCalls {
  /** Never rejects; an answer that is not what `isT` says is a problem. A text is sent as it stands. */
  call<T>(operation: Operation, request: unknown, isT: (value: unknown) => value is T): Promise<Answered<T>>;
  /** What this very thread has compiled, by digest: another one has other numbers for it. */
  readonly compiled: Map<string, Loaded>;
}

/** A thread that starts with the first work and again after one that was ended. Works go one after another. */
export class ToolThread {
  readonly #options: ToolThreadOptions;
  #module: WebAssembly.Module | undefined;
  #thread: EngineThread | undefined;
  #compiled = new Map<string, Loaded>();
  #line: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: ToolThreadOptions) {
    this.#options = options;
  }

  run<T>(work: (calls: ToolCalls) => Promise<Answered<T>>): Promise<Answered<T>> {
    const mine = this.#line.then(() => this.#run(work));
    this.#line = mine;
    return mine;
  }

  call<T>(operation: Operation, request: unknown, isT: (value: unknown) => value is T): Promise<Answered<T>> {
    return this.run((calls) => calls.call(operation, request, isT));
  }

  async close(): Promise<void> {
    this.#closed = true;
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.end();
  }

  async #run<T>(work: (calls: ToolCalls) => Promise<Answered<T>>): Promise<Answered<T>> {
    try {
      const ready = await this.#ready();
      if (!ready.ok) return ready;
      const thread = ready.value;
      return await work({
        call: (operation, request, isT) => this.#call(thread, operation, request, isT),
        compiled: this.#compiled,
      });
    } catch (error) {
      return failed('engine_error', error instanceof Error ? error.message : String(error));
    }
  }

  async #call<T>(
    thread: EngineThread,
    operation: Operation,
    request: unknown,
    isT: (value: unknown) => value is T,
  ): Promise<Answered<T>> {
    const { timeoutMs } = this.#options;
    const text = typeof request === 'string' ? request : JSON.stringify(request);
    const called = await thread.call(operation, text, timeoutMs);
    if (called.ok) return answerOf(called.answer, isT);
    return called.kind === 'timeout'
      ? failed('tool_timeout', `\`${operation}\` gave no answer within ${timeoutMs} ms and was ended`)
      : failed('engine_error', called.why);
  }

  async #ready(): Promise<Answered<EngineThread>> {
    if (this.#closed) return failed('engine_error', 'the policy engine is closed');
    if (this.#thread !== undefined && !this.#thread.isEnded) return { ok: true, value: this.#thread };
    if (this.#module === undefined) {
      const loaded = this.#options.module ?? (await loadEngineModule(this.#options.artefact));
      if (!loaded.ok) return failed('engine_error', loaded.why);
      this.#module = loaded.module;
    }
    const thread = await (this.#options.start ?? startThread)(this.#module);
    this.#thread = thread;
    this.#compiled = new Map();
    if (this.#closed) await thread.end();
    return { ok: true, value: thread };
  }
}

export function failed(
  code: string,
  message: string,
  place: Partial<PolicyProblem> = {},
): {
  readonly ok: false;
  readonly problems: readonly PolicyProblem[];
} {
  return { ok: false, problems: [{ ...place, code, message }] };
}
