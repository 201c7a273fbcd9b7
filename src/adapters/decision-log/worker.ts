import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { DayFiles } from './day-files.ts';
import type { Batch, WriterOptions, Written } from './messages.ts';

/** The caller sends the next batch only after the answer to the last one. */
function serve(port: MessagePort, options: WriterOptions): void {
  stepBack();
  const files = new DayFiles(options);
  port.on('message', (batch: Batch) => {
    void files.write(batch).then((written: Written) => port.postMessage(written));
  });
}

/** Attempts wait for a core that this thread has; nobody waits for this thread. Only Linux has priorities of threads. */
function stepBack(): void {
  if (process.platform !== 'linux') return;
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    // `setpriority` of 0 would mean the caller's whole process.
    if (Number.isSafeInteger(thread) && thread > 0 && thread !== process.pid)
      setPriority(thread, constants.priority.PRIORITY_LOW);
  } catch {
    // No `/proc`: it works the same, at the priority of the rest.
  }
}

if (!isMainThread && parentPort !== null) serve(parentPort, workerData as WriterOptions);
