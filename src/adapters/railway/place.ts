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
