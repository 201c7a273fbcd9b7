import { z } from 'zod';
import type { Credential } from '../../ports/credentials.ts';
import type { Answer, RailwayClient } from './client.ts';
import type { TokenReach } from './credential.ts';

export interface VolumeInstance {
  readonly id: string;
  readonly volumeId: string;
  readonly volumeName: string;
  readonly serviceId: string | null;
  /** The provider's word, such as `READY`. */
  readonly state: string | null;
  readonly usedMegabytes: number;
}
export interface SeenService {
  readonly id: string;
  readonly name: string;
  /** The most recent deployment in this environment. */
  readonly deployed: { readonly atMs: number; readonly status: string } | undefined;
}
export interface SeenEnvironment {
  readonly id: string;
  readonly name: string;
  readonly isEphemeral: boolean;
  readonly volumeInstances: readonly VolumeInstance[];
  readonly services: readonly SeenService[];
}
export interface SeenProject {
  readonly id: string;
  readonly name: string;
  /** The provider's word for the oldest environment that is not ephemeral. */
  readonly primaryEnvironmentId: string | null;
  readonly environments: readonly SeenEnvironment[];
  /** False where the token does not see every environment: then the absence of an instance proves nothing. */
  readonly complete: boolean;
}

/** Questions that one walk may cost. Past it nothing is known; half a walk would prove nothing. */
const MOST_QUERIES = 60;
const PAGE = 50;

const Id = z.string().min(1).max(200);
const Name = z.string().max(500);
const Word = z.string().max(60);
const Page = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() });
const connectionOf = <T extends z.ZodType>(node: T) => z.object({ edges: z.array(z.object({ node })), pageInfo: Page });

const Volumes = connectionOf(
  z.object({
    id: Id,
    volumeId: Id,
    environmentId: Id,
    serviceId: Id.nullable(),
    isPendingDeletion: z.boolean(),
    state: Word.nullable(),
    currentSizeMB: z.number().nonnegative(),
    volume: z.object({ id: Id, name: Name }),
  }),
);
const Deployment = z.object({ createdAt: z.iso.datetime({ offset: true }), status: Word });
const Services = connectionOf(z.object({ serviceId: Id, serviceName: Name, latestDeployment: Deployment.nullable() }));
const Environments = connectionOf(
  z.object({
    id: Id,
    name: Name,
    projectId: Id,
    isEphemeral: z.boolean(),
    canAccess: z.boolean(),
    volumeInstances: Volumes,
    serviceInstances: Services,
  }),
);
const Project = z.object({ id: Id, name: Name, primaryEnvironmentId: Id.nullable(), environments: Environments });
type Project = z.infer<typeof Project>;

const VOLUME_FIELDS =
  'edges { node { id volumeId environmentId serviceId isPendingDeletion state currentSizeMB volume { id name } } } pageInfo { hasNextPage endCursor }';
const SERVICE_FIELDS =
  'edges { node { serviceId serviceName latestDeployment { createdAt status } } } pageInfo { hasNextPage endCursor }';
const ENVIRONMENT_FIELDS = `edges { node { id name projectId isEphemeral canAccess volumeInstances(first: ${PAGE}) { ${VOLUME_FIELDS} } serviceInstances(first: ${PAGE}) { ${SERVICE_FIELDS} } } } pageInfo { hasNextPage endCursor }`;
const PROJECT_FIELDS = `id name primaryEnvironmentId environments(first: ${PAGE}) { ${ENVIRONMENT_FIELDS} }`;

/**
 * Everything that a token sees, by the only way there is: projects, their environments, the volume instances in them.
 * Source: there is neither `volume(id)` nor `node(id)` (https://docs.railway.com/reference/public-api).
 */
export async function walk(
  client: RailwayClient,
  credential: Credential,
  reach: TokenReach,
  signal: AbortSignal,
): Promise<Answer<readonly SeenProject[]>> {
  let queries = 0;
  const ask = async <T>(query: string, variables: object, shape: z.ZodType<T>): Promise<T> => {
    queries += 1;
    if (queries > MOST_QUERIES) throw new WalkFault(`the walk takes more than ${MOST_QUERIES} questions`, false);
    const answer = await client.query(credential, query, variables, shape, signal);
    if (!answer.ok) throw new WalkFault(answer.why, answer.refused);
    return answer.data;
  };
  /** All nodes of a connection, of which the first page is there. */
  const rest = async <T>(
    first: z.infer<ReturnType<typeof connectionOf<z.ZodType<T>>>>,
    next: (after: string) => Promise<{ edges: { node: T }[]; pageInfo: z.infer<typeof Page> }>,
  ): Promise<T[]> => {
    const nodes = first.edges.map((edge) => edge.node);
    const cursors = new Set<string>();
    let { pageInfo } = first;
    while (pageInfo.hasNextPage) {
      const after = pageInfo.endCursor;
      if (after === null || cursors.has(after)) throw new WalkFault('Railway gives pages that do not go on', false);
      cursors.add(after);
      const page = await next(after);
      nodes.push(...page.edges.map((edge) => edge.node));
      pageInfo = page.pageInfo;
    }
    return nodes;
  };

  const seenProject = async (project: Project): Promise<SeenProject> => {
    const environments = await rest(project.environments, async (after) => {
      const query = `query($id: String!, $after: String!) { project(id: $id) { environments(first: ${PAGE}, after: $after) { ${ENVIRONMENT_FIELDS} } } }`;
      return (
        await ask(query, { id: project.id, after }, z.object({ project: z.object({ environments: Environments }) }))
      ).project.environments;
    });
    const seen: SeenEnvironment[] = [];
    for (const environment of environments) {
      if (environment.projectId !== project.id)
        throw new WalkFault('Railway contradicts itself about which project an environment is in', false);
      const ids = { id: environment.id };
      const volumes = await rest(environment.volumeInstances, async (after) => {
        const query = `query($id: String!, $after: String!) { environment(id: $id) { volumeInstances(first: ${PAGE}, after: $after) { ${VOLUME_FIELDS} } } }`;
        return (await ask(query, { ...ids, after }, z.object({ environment: z.object({ volumeInstances: Volumes }) })))
          .environment.volumeInstances;
      });
      const services = await rest(environment.serviceInstances, async (after) => {
        const query = `query($id: String!, $after: String!) { environment(id: $id) { serviceInstances(first: ${PAGE}, after: $after) { ${SERVICE_FIELDS} } } }`;
        return (
          await ask(query, { ...ids, after }, z.object({ environment: z.object({ serviceInstances: Services }) }))
        ).environment.serviceInstances;
      });
      for (const volume of volumes) {
        if (volume.environmentId !== environment.id || volume.volume.id !== volume.volumeId) {
          throw new WalkFault('Railway contradicts itself about where a volume is', false);
        }
      }
      seen.push({
        id: environment.id,
        name: environment.name,
        isEphemeral: environment.isEphemeral,
        volumeInstances: volumes.map((one) => ({
          id: one.id,
          volumeId: one.volumeId,
          volumeName: one.volume.name,
          serviceId: one.serviceId,
          state: one.state,
          usedMegabytes: one.currentSizeMB,
        })),
        services: services.map(({ serviceId, serviceName, latestDeployment: latest }) => ({
          id: serviceId,
          name: serviceName,
          deployed: latest === null ? undefined : { atMs: Date.parse(latest.createdAt), status: latest.status },
        })),
      });
    }
    const complete = reach.kind !== 'project-token' && environments.every((one) => one.canAccess);
    return {
      id: project.id,
      name: project.name,
      primaryEnvironmentId: project.primaryEnvironmentId,
      environments: seen,
      complete,
    };
  };

  try {
    const projects: SeenProject[] = [];
    if (reach.kind === 'project-token') {
      const query = `query($id: String!) { project(id: $id) { ${PROJECT_FIELDS} } }`;
      const answer = await ask(query, { id: reach.projectId }, z.object({ project: Project }));
      if (answer.project.id !== reach.projectId) throw new WalkFault('Railway answered about another project', false);
      return { ok: true, data: [await seenProject(answer.project)] };
    }
    const shape = z.object({ projects: connectionOf(Project) });
    const query = `query($workspaceId: String!, $after: String) { projects(workspaceId: $workspaceId, first: ${PAGE}, after: $after) { edges { node { ${PROJECT_FIELDS} } } pageInfo { hasNextPage endCursor } } }`;
    for (const workspace of reach.workspaces) {
      const first = (await ask(query, { workspaceId: workspace.id }, shape)).projects;
      const all = await rest(
        first,
        async (after) => (await ask(query, { workspaceId: workspace.id, after }, shape)).projects,
      );
      for (const project of all) projects.push(await seenProject(project));
    }
    return { ok: true, data: projects };
  } catch (error) {
    if (error instanceof WalkFault) return { ok: false, refused: error.refused, why: error.message };
    throw error;
  }
}

/** Leaves the nested loops of a walk; never leaves this file. */
class WalkFault extends Error {
  readonly refused: boolean;

  constructor(why: string, refused: boolean) {
    super(why);
    this.refused = refused;
  }
}
