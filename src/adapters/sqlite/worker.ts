import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Ledger, messageOf } from './ledger.ts';
import type { Call, LedgerOptions, Message } from './messages.ts';

/** Takes calls, commits those that came in together in one transaction, and answers once they are on disk. */
function serve(port: MessagePort, options: LedgerOptions): void {
  const post = (message: Message): void => port.postMessage(message);
  let ledger: Ledger;
  try {
    ledger = new Ledger(options);
  } catch (error) {
    post({ failed: messageOf(error) });
    port.close();
    return;
  }
  let queue: Call[] = [];
  const flush = (): void => {
    const calls = queue;
    queue = [];
    const last = calls.findIndex((call) => call.method === 'close');
    post({ replies: ledger.run(calls) });
    if (last === -1) return;
    ledger.close();
    port.close();
  };
  port.on('message', (call: Call) => {
    // A commit blocks this thread; whatever arrives meanwhile is delivered before the next `setImmediate`.
    if (queue.push(call) === 1) setImmediate(flush);
  });
  post({ opened: true });
}

if (!isMainThread && parentPort !== null) serve(parentPort, workerData as LedgerOptions);
