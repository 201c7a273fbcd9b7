import { isThrowawayName } from '../catalog/throwaway.ts';
import type { ClusterFact, ConnectedDatabase, ConnectionFact } from '../core/facts.ts';

const ONE_GIB = 1024 * 1024 * 1024;

/**
 * Whether all that a command's connection leads to may be lost: a person said so, or it was seen to be on this machine,
 * with nothing in it or with a name for things that are thrown away and nobody else there. Databases in files are judged
 * as files. `undefined` means no; the text says why yes.
 * SECURITY: whatever is not settled or not seen is no. A name counts only together with what was seen.
 */
export function whyExpendable(fact: ConnectionFact): string | undefined {
  if (fact.unsettled !== undefined || fact.connections.length === 0) return undefined;
  const reasons = fact.connections.map(reasonOf);
  return reasons.every((one) => one !== undefined) ? [...new Set(reasons)].join('; ') : undefined;
}

function reasonOf(one: ConnectedDatabase): string | undefined {
  if (one.declared !== undefined)
    return one.declared.kind === 'throwaway' ? `declared ${one.declared.environment}, a throw-away` : undefined;
  if (one.place === 'memory') return 'a database in memory';
  const { seen } = one;
  if (seen === undefined || !seen.isHere || seen.isStandby !== false || seen.standbys !== 0) return undefined;
  if (!seen.exists) return 'no such database on this machine';
  if (seen.tableBytes === 0) return 'an empty database on this machine';
  const quiet = seen.others === 0 && seen.bytes !== undefined && seen.bytes < ONE_GIB;
  return quiet && isThrowawayName(one.database) ? 'a test database on this machine' : undefined;
}

/** Where it is production, or a person said so of one of them: who said what. */
export function declaredProduction(fact: ConnectionFact): string | undefined {
  return fact.connections.find((one) => one.declared?.kind === 'production')?.declared?.environment;
}

/** Whether what a cluster holds may be lost: declared so, or local by name and address and not declared otherwise. */
export function whyExpendableCluster({ cluster, unsettled }: ClusterFact): string | undefined {
  if (unsettled !== undefined) return undefined;
  if (cluster.declared !== undefined)
    return cluster.declared.kind === 'throwaway' ? `declared ${cluster.declared.environment}, a throw-away` : undefined;
  return cluster.isLocal ? `a cluster on this machine, ${cluster.context}` : undefined;
}
