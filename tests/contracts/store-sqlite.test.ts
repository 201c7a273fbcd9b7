import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { openStore } from '../../src/adapters/sqlite/store.ts';
import { storeContract } from './store-contract.ts';

const root = mkdtempSync(path.join(tmpdir(), 'holdpoint-store-'));
after(() => rmSync(root, { recursive: true, force: true }));

const optionsIn = (base: string) => ({
  dir: path.join(base, 'state'),
  logKeyPath: path.join(base, 'keys', 'log.key'),
  origin: 'example.com/test',
});
const bases: string[] = [];

storeContract(
  'sqlite',
  () => {
    bases.push(mkdtempSync(path.join(root, 's-')));
    return openStore(optionsIn(bases.at(-1) ?? root));
  },
  async (store) => {
    await store.close();
    return openStore(optionsIn(bases.at(-1) ?? root));
  },
);
