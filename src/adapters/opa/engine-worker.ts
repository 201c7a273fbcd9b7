import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type EngineInstance, startEngine } from './engine-calls.ts';
import type { EngineCall, EngineMessage } from './engine-messages.ts';

/** One instance of the engine in a thread of its own, which the other side ends when a call takes too long. */
function serve(port: MessagePort, module: WebAssembly.Module): void {
  const post = (message: EngineMessage): void => port.postMessage(message);
  const fail = (id: number | undefined, error: unknown): void => {
    post({ id, failed: error instanceof Error ? error.message : String(error) });
    port.close();
  };
  let engine: EngineInstance;
  try {
    engine = startEngine(module);
  } catch (error) {
    fail(undefined, error);
    return;
  }
  port.on('message', (call: EngineCall) => {
    try {
      post({ id: call.id, answer: engine.call(call.operation, call.request), memoryBytes: engine.memoryBytes() });
      engine.rest();
    } catch (error) {
      fail(call.id, error);
    }
  });
  post({ opened: true });
}

if (!isMainThread && parentPort !== null) serve(parentPort, (workerData as { module: WebAssembly.Module }).module);
