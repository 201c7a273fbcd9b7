// Writes decisions until it is killed; says so once some are on the disk.
import { setTimeout as sleep } from 'node:timers/promises';
import { openDecisionLog } from '../../../src/adapters/decision-log/decision-log.ts';
import { documentText } from '../../../src/adapters/opa/document-text.ts';
import { decision } from '../../fakes/decisions.ts';

const log = openDecisionLog({
  dir: process.argv[2] ?? '',
  labels: { id: '5f1c', version: '0.1.0' },
  documentOf: documentText,
});
let number = 0;
const record = (): void => {
  log.record(decision(`rm ${number}`));
  number += 1;
};
for (let round = 0; round < 500; round += 1) record();
for await (const _ of log.read(Date.now()));
process.stdout.write('written\n');
for (;;) {
  record();
  await sleep(0);
}
