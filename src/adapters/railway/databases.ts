import { z } from 'zod';
import type { DatabaseInside } from '../../core/facts.ts';
import type { Credential } from '../../ports/credentials.ts';
import type { DatabaseCopier } from '../../ports/database-copies.ts';
import { addressIn, type FoundAddress } from './address.ts';
import type { Learner } from './learner.ts';
import type { Place } from './place.ts';

/** The database of one instance of a volume, or why it is not known. */
export type DatabaseOnVolume = { readonly service: string; readonly environment: string } & (
  | { readonly found: FoundAddress }
  | { readonly unknown: string }
);

const MOST_INSTANCES = 8;
const LOOK_TIMEOUT_MS = 5_000;

const Connection = z.object({
  variables: z.record(z.string(), z.string()),
  tcpProxies: z
    .array(
      z.object({
        applicationPort: z.int(),
        domain: z.string().max(253),
        proxyPort: z.int(),
        syncStatus: z.string().max(60),
      }),
    )
    .max(100),
});
const QUERY =
  'query($projectId: String!, $environmentId: String!, $serviceId: String!) { variables(projectId: $projectId, environmentId: $environmentId, serviceId: $serviceId) tcpProxies(environmentId: $environmentId, serviceId: $serviceId) { applicationPort domain proxyPort syncStatus } }';

/** One entry for each instance of a volume in a place, in the provider's order. */
export async function databasesIn(
  { client }: Pick<Learner, 'client'>,
  credential: Credential,
  place: Place,
  signal: AbortSignal,
): Promise<readonly DatabaseOnVolume[]> {
  const databases: DatabaseOnVolume[] = [];
  for (const { environment, instance } of place.instances) {
    const { serviceId } = instance;
    const service = environment.services.find((one) => one.id === serviceId)?.name ?? serviceId ?? 'no service';
    const where = { service: service.slice(0, 200), environment: environment.name.slice(0, 200) };
    if (serviceId === null) {
      databases.push({ ...where, unknown: 'the volume belongs to no service, so no database is known' });
      continue;
    }
    if (databases.length >= MOST_INSTANCES) {
      databases.push({ ...where, unknown: `more than ${MOST_INSTANCES} volumes would have to be copied` });
      break;
    }
    const ids = { projectId: place.project.id, environmentId: environment.id, serviceId };
    const answer = await client.query(credential, QUERY, ids, Connection, signal);
    if (!answer.ok) {
      databases.push({ ...where, unknown: `its variables cannot be read: ${answer.why}` });
      continue;
    }
    const { variables, tcpProxies } = answer.data;
    const active = tcpProxies.filter((one) => one.syncStatus === 'ACTIVE');
    const address = addressIn(variables, active);
    databases.push('known' in address ? { ...where, found: address.known } : { ...where, unknown: address.unknown });
  }
  return databases;
}

/** SECURITY: what goes into evidence has no password in it. */
export async function lookAt(
  { service, environment, ...rest }: DatabaseOnVolume,
  copier: Pick<DatabaseCopier, 'look'>,
  signal: AbortSignal,
): Promise<DatabaseInside> {
  if ('unknown' in rest) return { service, environment, unknown: rest.unknown };
  const { address, vouched } = rest.found;
  const look = await copier.look(address, AbortSignal.any([signal, AbortSignal.timeout(LOOK_TIMEOUT_MS)]));
  if ('unknown' in look) return { service, environment, unknown: look.unknown };
  return { service, environment, at: `${address.host}:${address.port}/${address.database}`, vouched, ...look.known };
}
