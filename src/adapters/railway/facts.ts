import type { BackupsFact, DependentsFact, EnvironmentFact } from '../../core/facts.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { type Tri, unknown } from '../../core/tri.ts';
import type { SeenEnvironment, SeenProject, VolumeInstance } from './inventory.ts';

/** Where a resource is: its project, and what of the project it spans. */
export interface Place {
  readonly project: SeenProject;
  readonly environments: readonly SeenEnvironment[];
  readonly instances: readonly { readonly environment: SeenEnvironment; readonly instance: VolumeInstance }[];
}

/** Finds a resource by its immutable id. A name is never looked at. */
export function placeOf(about: ResourceRef, projects: readonly SeenProject[]): Tri<Place> {
  const id = about.path[0] ?? '';
  const places: Place[] = [];
  for (const project of projects) {
    const all = project.environments.flatMap((environment) =>
      environment.volumeInstances.map((instance) => ({ environment, instance })),
    );
    const chosen = chosenOf(about.kind, id, project, all);
    if (chosen === undefined) return unknown(`the place of a Railway ${about.kind} cannot be asked for`);
    const environments = chosen.environments ?? chosen.instances.map((one) => one.environment);
    if (environments.length > 0)
      places.push({ project, environments: [...new Set(environments)], instances: chosen.instances });
  }
  const [place] = places;
  if (place === undefined)
    return unknown(`no project that this token sees has the ${about.kind} \`${id.slice(0, 80)}\``);
  if (places.length > 1) return unknown(`Railway shows the ${about.kind} in more than one project`);
  return { known: place };
}

type Located = { readonly environment: SeenEnvironment; readonly instance: VolumeInstance };

function chosenOf(
  kind: string,
  id: string,
  project: SeenProject,
  all: readonly Located[],
): { environments?: readonly SeenEnvironment[]; instances: readonly Located[] } | undefined {
  const same = (other: string | null) => other !== null && other.toLowerCase() === id.toLowerCase();
  switch (kind) {
    case 'volume':
      return { instances: all.filter((one) => same(one.instance.volumeId)) };
    case 'volume-instance':
    case 'backup':
      return { instances: all.filter((one) => same(one.instance.id)) };
    case 'project':
      return same(project.id) ? { environments: project.environments, instances: all } : { instances: [] };
    case 'environment':
      return {
        environments: project.environments.filter((one) => same(one.id)),
        instances: all.filter((one) => same(one.environment.id)),
      };
    case 'service':
      return {
        environments: project.environments.filter((one) => one.services.some((service) => same(service.id))),
        instances: all.filter((one) => same(one.instance.serviceId)),
      };
    default:
      return undefined;
  }
}

/**
 * Which environments a resource serves. The provider vouches for two things only: which environment is a project's
 * primary one, and which are ephemeral. What rests on a name is `claimed`, since an agent could have written it; a name
 * that says nothing counts as production.
 */
export function environmentFact(place: Place, about: ResourceRef): Tri<EnvironmentFact> {
  const { project } = place;
  let leansOnName = false;
  let surelyProduction = false;
  const environments = place.environments.map((environment) => {
    const isPrimary = environment.id === project.primaryEnvironmentId;
    if (isPrimary) surelyProduction = true;
    const harmlessName = NOT_PRODUCTION.test(environment.name) && !PRODUCTION.test(environment.name);
    const production = isPrimary || (!environment.isEphemeral && !harmlessName);
    if (!isPrimary && !environment.isEphemeral) leansOnName = true;
    return { id: environment.id, name: environment.name.slice(0, 200), production };
  });
  const anyProduction = environments.some((one) => one.production);
  // INVARIANT: what is not seen is not absent. Only a token that sees the whole project proves that production is not served.
  const withinOneEnvironment =
    about.kind === 'environment' || about.kind === 'volume-instance' || about.kind === 'backup';
  if (!anyProduction && !project.complete && !withinOneEnvironment) {
    return unknown(
      'this token does not see every environment of the project; the resource may serve production as well',
    );
  }
  return { known: { environments, by: surelyProduction || !leansOnName ? 'provider' : 'claimed' } };
}

const NOT_PRODUCTION =
  /\b(staging|stage|stg|dev|develop|development|test|testing|tests|qa|ci|preview|sandbox|demo|pr-\d+|review)\b/i;
const PRODUCTION = /prod|live|main|master|release/i;

export function dependentsFact(place: Place): Tri<DependentsFact> {
  if (!place.project.complete)
    return unknown('this token does not see every environment of the project; there may be more that depends on it');
  const seen = new Map<string, DependentsFact['dependents'][number]>();
  const add = (kind: string, id: string, name: string, environment: SeenEnvironment) => {
    seen.set(`${kind} ${id} ${environment.id}`, {
      kind,
      id,
      name: name.slice(0, 200),
      environment: environment.name.slice(0, 200),
    });
  };
  for (const { environment, instance } of place.instances) {
    const service = environment.services.find((one) => one.id === instance.serviceId);
    if (service !== undefined) add('service', service.id, service.name, environment);
    else if (instance.serviceId !== null) add('service', instance.serviceId, '', environment);
    add('volume', instance.volumeId, instance.volumeName, environment);
  }
  return { known: { dependents: [...seen.values()] } };
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
