import { settleEnvironments } from '../../core/declaration.ts';
import type { BackupsFact, DependentsFact, EnvironmentFact } from '../../core/facts.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { type Tri, unknown } from '../../core/tri.ts';
import type { PlaceDeclarations } from './declared.ts';
import type { SeenEnvironment, SeenService, VolumeInstance } from './inventory.ts';
import type { Place } from './place.ts';

/**
 * Which environments a resource serves. The provider vouches for two things only: which environment is a project's
 * primary one, and which are ephemeral. What rests on a name is `claimed`, since an agent could have written it; a name
 * that says nothing counts as production. What people declared raises or settles it.
 */
export function environmentFact(place: Place, about: ResourceRef, declared: PlaceDeclarations): Tri<EnvironmentFact> {
  const { project } = place;
  const fact = settleEnvironments(
    place.environments.map((environment) => {
      const isPrimary = environment.id === project.primaryEnvironmentId;
      const claims = claimsOf(environment.name);
      return {
        id: environment.id,
        name: environment.name.slice(0, 200),
        production: isPrimary || (!environment.isEphemeral && claims !== 'other'),
        vouched: isPrimary || environment.isEphemeral,
        claims,
        declared: declared.of(environment),
      };
    }),
  );
  // INVARIANT: what is not seen is not absent. Only a token that sees the whole project, or a person who declared the
  // whole thing, shows that production is not served.
  const withinOneEnvironment =
    about.kind === 'environment' || about.kind === 'volume-instance' || about.kind === 'backup';
  if (
    !fact.environments.some((one) => one.production) &&
    !project.complete &&
    !withinOneEnvironment &&
    !declared.coversAll
  ) {
    return unknown(
      'this token does not see every environment of the project; the resource may serve production as well',
    );
  }
  return { known: fact };
}

/** A name of both kinds claims production. */
function claimsOf(name: string): 'production' | 'other' | 'nothing' {
  if (PRODUCTION.test(name)) return 'production';
  return NOT_PRODUCTION.test(name) ? 'other' : 'nothing';
}

const NOT_PRODUCTION =
  /\b(staging|stage|stg|dev|develop|development|test|testing|tests|qa|ci|preview|sandbox|demo|pr-\d+|review)\b/i;
const PRODUCTION = /prod|live|main|master|release/i;

export function dependentsFact(place: Place): Tri<DependentsFact> {
  if (!place.project.complete)
    return unknown('this token does not see every environment of the project; there may be more that depends on it');
  const seen = new Map<string, DependentsFact['dependents'][number]>();
  const add = (kind: string, id: string, name: string, environment: SeenEnvironment, lastUse: string) => {
    seen.set(`${kind} ${id} ${environment.id}`, {
      kind,
      id,
      name: name.slice(0, 200),
      environment: environment.name.slice(0, 200),
      lastUse,
    });
  };
  for (const { environment, instance } of place.instances) {
    const service = environment.services.find((one) => one.id === instance.serviceId);
    if (service !== undefined) add('service', service.id, service.name, environment, useOfService(service));
    else if (instance.serviceId !== null) add('service', instance.serviceId, '', environment, 'not seen in it');
    add('volume', instance.volumeId, instance.volumeName, environment, useOfVolume(instance));
  }
  return { known: { dependents: [...seen.values()] } };
}

/** Railway does not say when a volume was last written to; what ran on it last is the nearest that it says. */
function useOfService({ deployed }: SeenService): string {
  return deployed === undefined
    ? 'never deployed'
    : `last deployed ${new Date(deployed.atMs).toISOString().slice(0, 10)}, ${deployed.status}`;
}

/** In powers of two, so that a few more rows do not make another fact of it while somebody reads the card. */
function useOfVolume({ usedMegabytes, state }: VolumeInstance): string {
  const size =
    usedMegabytes === 0 ? 'empty' : `at most ${Math.max(1, 2 ** Math.ceil(Math.log2(usedMegabytes)))} MB used`;
  return state === null ? size : `${size}, ${state}`;
}

export interface SeenBackup {
  readonly id: string;
  readonly name: string;
  readonly atMs: number;
}

/** Railway keeps backups with their volume instance: whatever takes the instance takes them. */
export function backupsFact(about: ResourceRef, backups: readonly SeenBackup[]): BackupsFact {
  return {
    backups: backups.map((one) => ({
      id: one.id,
      name: one.name.slice(0, 200),
      atMs: one.atMs,
      insideTarget: about.kind === 'backup' ? one.id === about.path[1] : true,
    })),
  };
}
