import { join } from 'node:path';
import type { Account, Done, People, PeopleWriter, SealedKeys, Surroundings } from '../../ports/people.ts';
import type { PeopleOptions } from './directory.ts';
import { openPeople } from './people.ts';
import { openPeopleWriter } from './people-writer.ts';
import { openSealedKeys } from './sealed-keys.ts';
import { accountFor, createSurroundings } from './surroundings.ts';

export type { PeopleOptions } from './directory.ts';
export { openPeople } from './people.ts';
export { openPeopleWriter } from './people-writer.ts';
export { MIN_PASSPHRASE_CHARS, openSealedKeys } from './sealed-keys.ts';
export { accountFor, createSurroundings } from './surroundings.ts';

export interface PeopleToolsOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Name or number of an account, from the command line; root only. */
  readonly account?: string;
  /** Where that account keeps its state; gets the account and answers with an absolute path. */
  readonly stateDirOf: (account: Account) => string;
  /** For tests, in code only: see `PeopleOptions`. */
  readonly registry?: Pick<PeopleOptions, 'registryFile' | 'trustedOwnerUids'>;
  readonly scryptLogN?: number;
  readonly surroundings?: Surroundings;
}

export interface OpenedPeopleTools {
  readonly account: Account;
  readonly people: People;
  readonly writer: PeopleWriter;
  readonly sealedKeys: SealedKeys;
  readonly surroundings: Surroundings;
}

/** All that the command line needs to enrol people and to sign, for one account. */
export async function openPeopleTools(
  options: PeopleToolsOptions,
): Promise<Done<{ readonly tools: OpenedPeopleTools }>> {
  const found = await accountFor(options.env, options.account);
  if (!found.ok) return found;
  const { account } = found;
  const place = { ...options.registry, uid: account.uid, stateDir: options.stateDirOf(account) };
  // Root's own XDG_CONFIG_HOME says nothing about the account that called sudo.
  const own = account.uid === process.geteuid?.() ? options.env.XDG_CONFIG_HOME : undefined;
  const config = own?.startsWith('/') === true ? own : join(account.home, '.config');
  const folder = join(config, 'holdpoint', 'keys');
  return {
    ok: true,
    tools: {
      account,
      people: openPeople(place),
      writer: openPeopleWriter({ ...place, account }),
      sealedKeys: openSealedKeys({
        folder,
        account,
        ...(options.scryptLogN === undefined ? {} : { scryptLogN: options.scryptLogN }),
      }),
      surroundings: options.surroundings ?? createSurroundings({ env: options.env }),
    },
  };
}
