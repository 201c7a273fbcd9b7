import { join } from 'node:path';
import { z } from 'zod';
import type { ConnectedDatabase, EnvironmentFact } from '../../core/facts.ts';
import { clusterTarget, databaseTarget, serverTarget } from '../../core/map-target.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import { isKnown, type Tri } from '../../core/tri.ts';
import type { DeclaredEnvironments } from '../../ports/declared-environments.ts';
import { type Address, isLoopback } from './address.ts';
import type { ReadText } from './read-text.ts';

const word = z.string().min(1).max(500);
const schema = z.strictObject({
  version: z.literal(1),
  // SECURITY: nobody signs this file, so it can only make something count as production. `holdpoint map` settles the rest.
  production: z
    .strictObject({
      databases: z
        .array(
          z.union([
            z.strictObject({ server: word, database: word.optional(), environment: word }),
            // A copy of a cluster's files has the same identifier.
            z.strictObject({ systemIdentifier: word, environment: word }),
          ]),
        )
        .max(1_000)
        .default([]),
      clusters: z
        .array(z.strictObject({ server: word, environment: word }))
        .max(1_000)
        .default([]),
    })
    .default({ databases: [], clusters: [] }),
  look: z.array(word).max(1_000).default([]),
  agentVariables: z.record(z.string(), z.string()).optional(),
});

export const ENVIRONMENTS_FILE = 'environments.json';

/** What a person wrote down about addresses: `environments.json` in Holdpoint's configuration. */
export type Declared = z.infer<typeof schema>;

/** Read anew for each answer: what a person takes back counts at once. */
export async function readDeclared(configDir: string, read: ReadText): Promise<Declared | { readonly why: string }> {
  const text = await read(join(configDir, ENVIRONMENTS_FILE));
  if ('absent' in text) return schema.parse({ version: 1 });
  if ('unknown' in text) return { why: text.unknown };
  const json = parseStrictJson(text.known, 8);
  if (!json.ok) return { why: `${ENVIRONMENTS_FILE}: ${json.error}` };
  const parsed = schema.safeParse(json.value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return { why: `${ENVIRONMENTS_FILE}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not as documented'}` };
}

type Kind = NonNullable<ConnectedDatabase['declared']>;

/** What the file says, else what people signed about the database, else about its server. */
export async function declaredOf(
  address: Pick<Address, 'system' | 'host' | 'port' | 'database' | 'place'>,
  identifier: string | undefined,
  declared: Declared,
  map: DeclaredEnvironments,
): Promise<Tri<Kind | undefined>> {
  const written = declared.production.databases.find((one) => {
    if ('systemIdentifier' in one) return one.systemIdentifier === identifier;
    return sameServer(one.server, address) && (one.database === undefined || fits(one.database, address.database));
  });
  if (written !== undefined) return { known: { environment: written.environment, kind: 'production' } };
  // The socket of this machine is the server that answers on its loopback addresses.
  const host = address.place === 'socket' ? 'localhost' : address.host;
  const { system, port, database } = address;
  return signed([databaseTarget(system, host, port, database), serverTarget(system, host, port)], map);
}

export function declaredCluster(
  server: string,
  declared: Declared,
  map: DeclaredEnvironments,
): Promise<Tri<Kind | undefined>> {
  const written = declared.production.clusters.find((one) => trimmed(one.server) === trimmed(server));
  if (written !== undefined)
    return Promise.resolve({ known: { environment: written.environment, kind: 'production' } });
  return signed([clusterTarget(server)], map);
}

/** The first of these that somebody declared. One that cannot be believed leaves all unknown. */
async function signed(
  targets: readonly (ResourceRef | undefined)[],
  map: DeclaredEnvironments,
): Promise<Tri<Kind | undefined>> {
  for (const target of targets) {
    if (target === undefined) continue;
    const answer = await map.of(target);
    if (!isKnown(answer)) return answer;
    if (answer.known === undefined) continue;
    const { environment, signer } = answer.known;
    const kind = environment === 'production' || environment === 'throwaway' ? environment : 'other';
    return { known: { environment, kind, signer } };
  }
  return { known: undefined };
}

export function mayLook(address: Address, declared: Declared): boolean {
  return declared.look.some((one) => sameServer(one, address));
}

/** As the rest of the pipeline reads environments. Nothing declared is nothing known. */
export function environmentFact(kinds: readonly (Kind | undefined)[]): EnvironmentFact {
  const known = kinds.filter((one) => one !== undefined);
  const all = known.length === kinds.length && known.length > 0;
  const production = known.filter((one) => one.kind === 'production');
  return {
    environments: (all ? known : production).map((one) => ({
      id: one.environment,
      name: one.environment,
      production: one.kind === 'production',
    })),
    by: all || production.length > 0 ? 'declared' : 'claimed',
  };
}

/** `HOST:PORT`; `socket:PORT` for the socket of the usual place. Loopback's names are one. */
function sameServer(written: string, { host, port, place }: Pick<Address, 'host' | 'port' | 'place'>): boolean {
  const colon = written.lastIndexOf(':');
  if (colon === -1 || Number(written.slice(colon + 1)) !== port) return false;
  const name = written
    .slice(0, colon)
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
  if (place === 'socket') return name === 'socket' || name === host;
  return name === host.toLowerCase() || (isLoopback(name) && isLoopback(host));
}

/** `*` stands for any text. */
function fits(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
}

function trimmed(address: string): string {
  return address.toLowerCase().replace(/\/+$/, '');
}
