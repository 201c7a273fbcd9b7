import type { Declared } from '../../core/declaration.ts';
import type { ResourceRef } from '../../core/resource.ts';
import type { Tri } from '../../core/tri.ts';
import type { DeclaredEnvironments } from '../../ports/declared-environments.ts';
import type { SeenEnvironment } from './inventory.ts';
import type { Place } from './place.ts';

/** What people declared about the environments of a place, and about what lies in them. */
export interface PlaceDeclarations {
  of(environment: SeenEnvironment): readonly Declared[];
  /** Somebody declared the thing as a whole, over all its environments. */
  readonly coversAll: boolean;
}

/**
 * Looks up a volume or service itself, its environments, its project, and what hangs together with it. An environment
 * counts before its project. What only hangs together (the service that a volume belongs to, the volumes of an
 * environment) raises and never settles.
 */
export async function declarationsOf(
  place: Place,
  about: ResourceRef,
  map: DeclaredEnvironments,
): Promise<Tri<PlaceDeclarations>> {
  const itself = about.kind === 'volume' || about.kind === 'service' ? keyOf(about.kind, about.path[0] ?? '') : '';
  const together = new Map(place.environments.map((one) => [one.id, togetherWith(place, about, one)]));
  const keys = new Set([
    ...(itself === '' ? [] : [itself]),
    keyOf('project', place.project.id),
    ...place.environments.map((one) => keyOf('environment', one.id)),
    ...[...together.values()].flat(),
  ]);
  const found = new Map<string, Declared>();
  for (const key of keys) {
    const [kind = '', id = ''] = key.split(' ');
    const answer = await map.of({ system: 'railway', kind, path: [id] });
    if ('unknown' in answer) return answer;
    if (answer.known !== undefined) found.set(key, answer.known);
  }
  const ofProject = found.get(keyOf('project', place.project.id));
  return {
    known: {
      coversAll: found.has(itself) || (about.kind === 'project' && ofProject !== undefined),
      of: (environment) => {
        const wider = found.get(keyOf('environment', environment.id)) ?? ofProject;
        const raising = (together.get(environment.id) ?? [])
          .map((key) => found.get(key))
          .filter((one) => one?.environment === 'production');
        return [...new Set([wider, found.get(itself), ...raising])].filter((one) => one !== undefined);
      },
    },
  };
}

/** What goes with the thing, or in the hands of which it is, in one environment. */
function togetherWith(place: Place, about: ResourceRef, environment: SeenEnvironment): readonly string[] {
  const instances = place.instances.filter((one) => one.environment === environment).map((one) => one.instance);
  const holdsAll = about.kind === 'environment' || about.kind === 'project';
  return [
    ...instances.map((one) => keyOf('volume', one.volumeId)),
    ...instances.flatMap((one) => (one.serviceId === null ? [] : [keyOf('service', one.serviceId)])),
    ...(holdsAll ? environment.services.map((one) => keyOf('service', one.id)) : []),
  ];
}

function keyOf(kind: string, id: string): string {
  return `${kind} ${id.toLowerCase()}`;
}
