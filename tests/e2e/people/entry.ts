/**
 * The command line's parts over the real adapter, for tests that need a process of their own: another account, a
 * terminal, an environment. `node entry.ts PLACE.json people ARGS...` or `node entry.ts PLACE.json sign CLAIM.json [KEY]`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { openPeople, openPeopleWriter, openSealedKeys } from '../../../src/adapters/people/index.ts';
import { createSurroundings } from '../../../src/adapters/people/surroundings.ts';
import { EXIT, processIo } from '../../../src/apps/cli/io.ts';
import { runPeople } from '../../../src/apps/cli/people.ts';
import { findKey, signClaim } from '../../../src/apps/cli/sign-claim.ts';
import { openTerminal } from '../../../src/apps/cli/terminal.ts';
import type { Account } from '../../../src/ports/people.ts';

export interface EntryPlace {
  readonly account: Account;
  readonly registryFile: string;
  readonly trustedOwnerUids: readonly number[];
  readonly stateDir: string;
  readonly keys: string;
  /** The tests themselves may run below an agent: then only tests of that rule look for one. */
  readonly looksForAgents: boolean;
}

const [placeFile = '', command = '', ...args] = process.argv.slice(2);
const place = JSON.parse(readFileSync(placeFile, 'utf8')) as EntryPlace;
const { account } = place;
const registry = { ...place, uid: account.uid };
const sealedKeys = openSealedKeys({ folder: place.keys, account, scryptLogN: 15 });
const people = openPeople(registry);
const real = createSurroundings({ env: process.env });
const surroundings = place.looksForAgents ? real : { ...real, agentNearby: async () => undefined };
const readFile = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

async function sign(claimFile: string, outFile: string, key: string | undefined): Promise<number> {
  const found = await findKey(key, process.cwd(), people, sealedKeys);
  const signed = found.ok
    ? await signClaim(JSON.parse(readFileSync(claimFile, 'utf8')), found.choice, {
        sealedKeys,
        openTerminal,
        env: process.env,
      })
    : found;
  if (signed.ok) {
    writeFileSync(outFile, signed.armored);
    return EXIT.ok;
  }
  process.stderr.write(`refused: ${signed.why}\n`);
  return EXIT.deny;
}

process.exitCode =
  command === 'people'
    ? await runPeople(args, processIo(), {
        open: async () => ({
          ok: true,
          tools: { account, people, writer: openPeopleWriter({ ...registry, account }), sealedKeys, surroundings },
        }),
        openTerminal,
        readFile,
        nowMs: () => 1_700_000_000_000,
      })
    : await sign(args[0] ?? '', args[1] ?? '', args[2]);
