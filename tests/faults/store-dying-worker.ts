import { parentPort, workerData } from 'node:worker_threads';

// Stands in for the ledger's worker: opens, takes one call, and goes in the way that it is told.
parentPort?.on('message', () => {
  if (workerData === 'throw') throw new Error('planted');
  process.exit(0);
});
if (workerData === 'never opens') process.exit(0);
parentPort?.postMessage({ opened: true });
