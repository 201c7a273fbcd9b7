import type { Verifier } from '../../ports/verifier.ts';
import { makeClusterVerifier } from './cluster-verifier.ts';
import type { ConnectionsOptions } from './connections.ts';
import { makeDatabaseVerifier } from './database-verifier.ts';

/** Which database and which cluster a command would reach. */
export function connectionVerifiers(options: ConnectionsOptions): readonly Verifier[] {
  return [makeDatabaseVerifier(options), makeClusterVerifier(options)];
}
