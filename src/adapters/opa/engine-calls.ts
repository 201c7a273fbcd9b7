import { makeEngineWorld } from './wasi.ts';
import { instantiate, type Memory } from './webassembly.ts';

/** The numbers are the interface: policy/engine/main.go has the same table. */
export const OPERATION = {
  info: 0,
  load: 1,
  drop: 2,
  evaluate: 3,
  query: 4,
  test: 5,
  format: 6,
  readBundle: 7,
  writeBundle: 8,
} as const;

export type Operation = keyof typeof OPERATION;

interface EngineExports {
  readonly memory: Memory;
  _initialize(): void;
  engine_alloc(bytes: number): number;
  engine_call(operation: number, bytes: number): bigint;
  engine_rest(): void;
}

/** One instance of Open Policy Agent. Once a call has thrown it is of no use any more. */
export interface EngineInstance {
  call(operation: Operation, request: string): string;
  /** For when nobody waits: collects garbage where enough has piled up. */
  rest(): void;
  memoryBytes(): number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Synchronous, since it runs in a worker of its own: nothing but ending the worker stops a call. */
export function startEngine(module: WebAssembly.Module): EngineInstance {
  const world = makeEngineWorld();
  const engine = instantiate(module, { wasi_snapshot_preview1: world.imports }) as EngineExports;
  world.attach(engine.memory);
  const guarded = <T>(run: () => T): T => {
    try {
      return run();
    } catch (error) {
      const said = world.lastWords().trim().split('\n')[0] ?? '';
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(said === '' ? why : `${why}: ${said}`);
    }
  };
  guarded(() => engine._initialize());
  return {
    call: (operation, request) =>
      guarded(() => {
        // At most three bytes for each UTF-16 unit; written straight into the engine's memory.
        const room = request.length * 3;
        const at = engine.engine_alloc(room) >>> 0;
        const { written } = encoder.encodeInto(request, new Uint8Array(engine.memory.buffer, at, room));
        const packed = BigInt.asUintN(64, engine.engine_call(OPERATION[operation], written));
        const from = Number(packed >> 32n);
        return decoder.decode(new Uint8Array(engine.memory.buffer, from, Number(packed & 0xffff_ffffn)));
      }),
    rest: () => guarded(() => engine.engine_rest()),
    memoryBytes: () => engine.memory.buffer.byteLength,
  };
}
