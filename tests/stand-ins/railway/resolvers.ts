import { Access } from './access.ts';
import {
  addTo,
  type Environment,
  id,
  type Project,
  type RailwayState,
  removeEnvironment,
  removeProject,
  removeService,
  removeVolume,
  type Service,
  type ServiceInstance,
  type Token,
  type Volume,
  type VolumeInstance,
} from './state.ts';

type PageArguments = { readonly first?: number; readonly after?: string };
type Resolvers = Readonly<Record<string, unknown>>;

function connection(items: readonly (Resolvers & { readonly id: string })[], page: PageArguments) {
  const start =
    page.after === undefined || page.after === null ? 0 : items.findIndex((item) => item.id === page.after) + 1;
  const size = page.first ?? 50;
  const nodes = items.slice(start, start + Math.max(0, size));
  return {
    edges: nodes.map((node) => ({ cursor: node.id, node })),
    pageInfo: {
      startCursor: nodes[0]?.id ?? null,
      endCursor: nodes.at(-1)?.id ?? null,
      hasNextPage: start + nodes.length < items.length,
      hasPreviousPage: start > 0,
    },
  };
}

/** Root values for graphql-js, for one request with one token. */
export function railwayRoot(state: RailwayState, token: Token | undefined, nowMs: () => number): Resolvers {
  const access = new Access(state, token);
  const iso = (atMs: number) => new Date(atMs).toISOString();
  const dates = { createdAt: iso(Date.UTC(2025, 0, 1)), updatedAt: iso(Date.UTC(2026, 0, 1)), deletedAt: null };
  const freshId = () => id(state.nextId++);

  const projectNode = (project: Project): Resolvers & { id: string } => {
    const own = [...state.environments.values()].filter((one) => one.projectId === project.id && !one.isEphemeral);
    const primary = own.sort((a, b) => a.createdAtMs - b.createdAtMs)[0];
    return {
      ...dates,
      ...project,
      description: null,
      baseEnvironmentId: null,
      primaryEnvironmentId: primary?.id ?? null,
      environments: (page: PageArguments) =>
        connection(
          [...state.environments.values()]
            .filter((one) => one.projectId === project.id && access.seesEnvironment(one))
            .map(environmentNode),
          page,
        ),
      services: (page: PageArguments) =>
        connection([...state.services.values()].filter((one) => one.projectId === project.id).map(serviceNode), page),
      volumes: (page: PageArguments) =>
        connection([...state.volumes.values()].filter((one) => one.projectId === project.id).map(volumeNode), page),
    };
  };
  const environmentNode = (environment: Environment): Resolvers & { id: string } => ({
    ...dates,
    ...environment,
    createdAt: iso(environment.createdAtMs),
    canAccess: true,
    sourceEnvironment: null,
    serviceInstances: (page: PageArguments) =>
      connection(
        [...state.serviceInstances.values()]
          .filter((one) => one.environmentId === environment.id)
          .map(serviceInstanceNode),
        page,
      ),
    volumeInstances: (page: PageArguments) =>
      connection(
        [...state.volumeInstances.values()]
          .filter((one) => one.environmentId === environment.id)
          .map(volumeInstanceNode),
        page,
      ),
  });
  const serviceNode = (service: Service): Resolvers & { id: string } => ({
    ...dates,
    ...service,
    icon: null,
    project: () => projectNode(access.project(service.projectId)),
  });
  const serviceInstanceNode = (instance: ServiceInstance): Resolvers & { id: string } => ({
    ...dates,
    ...instance,
    buildCommand: null,
    cronSchedule: null,
    numReplicas: 1,
    latestDeployment: {
      ...dates,
      id: `d-${instance.id}`,
      projectId: state.services.get(instance.serviceId)?.projectId ?? '',
      environmentId: instance.environmentId,
      serviceId: instance.serviceId,
      status: 'SUCCESS',
    },
    serviceName: state.services.get(instance.serviceId)?.name ?? '',
    service: () => serviceNode(access.service(instance.serviceId)),
  });
  const volumeNode = (volume: Volume): Resolvers & { id: string } => ({
    id: volume.id,
    name: volume.name,
    projectId: volume.projectId,
    createdAt: dates.createdAt,
    project: () => projectNode(access.project(volume.projectId)),
    volumeInstances: (page: PageArguments) =>
      connection(
        [...state.volumeInstances.values()].filter((one) => one.volumeId === volume.id).map(volumeInstanceNode),
        page,
      ),
  });
  const volumeInstanceNode = (instance: VolumeInstance): Resolvers & { id: string } => ({
    ...dates,
    ...instance,
    region: 'us-west2',
    state: 'READY',
    sizeMB: 5000,
    currentSizeMB: 812.5,
    isPendingDeletion: false,
    volume: () => {
      const volume = state.volumes.get(instance.volumeId);
      if (volume === undefined) throw new Error('Volume not found');
      return volumeNode(volume);
    },
    environment: () => environmentNode(access.environment(instance.environmentId)),
    service: () => serviceNode(access.service(instance.serviceId ?? '')),
  });

  const queries = {
    me: () => {
      if (token?.kind !== 'account') throw new Error('Not Authorized');
      return {
        ...state.user,
        createdAt: dates.createdAt,
        workspaces: [...state.workspaces.values()].map((one) => ({ ...one, createdAt: dates.createdAt })),
      };
    },
    apiToken: () => {
      if (token === undefined || token.kind === 'project') throw new Error('Not Authorized');
      return {
        workspaces: [...state.workspaces.values()].filter(
          (one) => token.kind === 'account' || one.id === token.workspaceId,
        ),
      };
    },
    projectToken: () => {
      if (token?.kind !== 'project') throw new Error('project token not found');
      return {
        id: id(0xff),
        name: 'project token',
        displayToken: '****',
        createdAt: dates.createdAt,
        projectId: token.projectId,
        environmentId: token.environmentId,
        project: () => projectNode(access.project(token.projectId)),
        environment: () => environmentNode(access.environment(token.environmentId)),
      };
    },
    project: (args: { readonly id: string }) => projectNode(access.project(args.id)),
    projects: (args: PageArguments & { readonly workspaceId?: string }) => {
      access.wholeProject();
      const seen = [...state.projects.values()].filter(
        (one) => access.seesProject(one) && (isAbsent(args.workspaceId) || one.workspaceId === args.workspaceId),
      );
      return connection(seen.map(projectNode), args);
    },
    environment: (args: { readonly id: string }) => environmentNode(access.environment(args.id)),
    service: (args: { readonly id: string }) => serviceNode(access.service(args.id)),
    serviceInstance: (args: { readonly environmentId: string; readonly serviceId: string }) =>
      serviceInstanceNode(findServiceInstance(args.environmentId, args.serviceId)),
    variables: (args: { readonly environmentId: string; readonly projectId: string; readonly serviceId?: string }) => {
      access.environment(args.environmentId);
      const prefix = `${args.projectId}/${args.environmentId}/${args.serviceId ?? ''}/`;
      return Object.fromEntries(
        [...state.variables]
          .filter(([key]) => key.startsWith(prefix))
          .map(([key, value]) => [key.slice(prefix.length), value]),
      );
    },
    tcpProxies: (args: { readonly environmentId: string; readonly serviceId: string }) => {
      access.environment(args.environmentId);
      return [...state.tcpProxies.values()]
        .filter((one) => one.environmentId === args.environmentId && one.serviceId === args.serviceId)
        .map((one) => ({ ...one, syncStatus: 'ACTIVE', createdAt: dates.createdAt, deletedAt: null }));
    },
    volumeInstance: (args: { readonly id: string }) => volumeInstanceNode(access.instance(args.id)),
    volumeInstanceBackupList: (args: { readonly volumeInstanceId: string }) => {
      access.instance(args.volumeInstanceId);
      return [...state.backups.values()]
        .filter((one) => one.volumeInstanceId === args.volumeInstanceId)
        .map((one) => ({
          id: one.id,
          name: one.name,
          externalId: `ext-${one.id}`,
          createdAt: iso(one.createdAtMs),
          expiresAt: null,
          usedMB: 800,
          referencedMB: 800,
          scheduleId: null,
        }));
    },
  };

  function findServiceInstance(environmentId: string, serviceId: string): ServiceInstance {
    access.environment(environmentId);
    for (const instance of state.serviceInstances.values()) {
      if (instance.environmentId === environmentId && instance.serviceId === serviceId) return instance;
    }
    throw new Error('ServiceInstance not found');
  }

  const mutations = {
    volumeDelete: (args: { readonly volumeId: string }) => {
      removeVolume(state, access.volume(args.volumeId).id);
      return true;
    },
    volumeUpdate: (args: { readonly volumeId: string; readonly input: { readonly name?: string } }) => {
      const volume = access.volume(args.volumeId);
      volume.name = args.input.name ?? volume.name;
      return volumeNode(volume);
    },
    volumeCreate: (args: {
      readonly input: {
        readonly projectId: string;
        readonly mountPath: string;
        readonly environmentId?: string;
        readonly serviceId?: string;
      };
    }) => {
      const { input } = args;
      access.project(input.projectId);
      const environments = [...state.environments.values()].filter(
        (one) =>
          one.projectId === input.projectId &&
          access.seesEnvironment(one) &&
          (isAbsent(input.environmentId) || one.id === input.environmentId),
      );
      const volume = addTo(state.volumes, { id: freshId(), name: 'volume', projectId: input.projectId, rows: [] });
      for (const environment of environments) {
        addTo(state.volumeInstances, {
          id: freshId(),
          volumeId: volume.id,
          environmentId: environment.id,
          serviceId: input.serviceId ?? null,
          mountPath: input.mountPath,
        });
      }
      return volumeNode(volume);
    },
    volumeInstanceBackupCreate: (args: { readonly volumeInstanceId: string; readonly name?: string }) => {
      const instance = access.instance(args.volumeInstanceId);
      const rows = state.volumes.get(instance.volumeId)?.rows ?? [];
      addTo(state.backups, {
        id: freshId(),
        name: args.name ?? 'backup',
        volumeInstanceId: instance.id,
        createdAtMs: nowMs(),
        rows,
      });
      return { workflowId: freshId() };
    },
    volumeInstanceBackupDelete: (args: {
      readonly volumeInstanceId: string;
      readonly volumeInstanceBackupId: string;
    }) => {
      access.instance(args.volumeInstanceId);
      if (state.backups.get(args.volumeInstanceBackupId)?.volumeInstanceId !== args.volumeInstanceId)
        throw new Error('Backup not found');
      state.backups.delete(args.volumeInstanceBackupId);
      return { workflowId: freshId() };
    },
    serviceDelete: (args: { readonly id: string; readonly environmentId?: string }) => {
      access.wholeProject();
      removeService(state, access.service(args.id).id);
      return true;
    },
    serviceInstanceUpdate: (args: {
      readonly serviceId: string;
      readonly environmentId?: string;
      readonly input: { readonly startCommand?: string | null };
    }) => {
      access.service(args.serviceId);
      if (isAbsent(args.environmentId)) access.wholeProject();
      for (const instance of state.serviceInstances.values()) {
        if (
          instance.serviceId !== args.serviceId ||
          (!isAbsent(args.environmentId) && instance.environmentId !== args.environmentId)
        )
          continue;
        access.environment(instance.environmentId);
        if (args.input.startCommand !== undefined) instance.startCommand = args.input.startCommand;
      }
      return true;
    },
    serviceInstanceRedeploy: (args: { readonly environmentId: string; readonly serviceId: string }) => {
      findServiceInstance(args.environmentId, args.serviceId).deploys += 1;
      return true;
    },
    environmentDelete: (args: { readonly id: string }) => {
      access.wholeProject();
      removeEnvironment(state, access.environment(args.id).id);
      return true;
    },
    environmentRename: (args: { readonly id: string; readonly input: { readonly name: string } }) => {
      access.wholeProject();
      const environment = access.environment(args.id);
      environment.name = args.input.name;
      return environmentNode(environment);
    },
    projectDelete: (args: { readonly id: string }) => {
      access.wholeProject();
      removeProject(state, access.project(args.id).id);
      return true;
    },
    variableUpsert: (args: {
      readonly input: {
        readonly projectId: string;
        readonly environmentId: string;
        readonly serviceId?: string;
        readonly name: string;
        readonly value: string;
      };
    }) => {
      const { input } = args;
      access.environment(input.environmentId);
      state.variables.set(
        `${input.projectId}/${input.environmentId}/${input.serviceId ?? ''}/${input.name}`,
        input.value,
      );
      return true;
    },
  };
  return { ...queries, ...mutations };
}

/** An argument that is left out, or null: GraphQL makes no difference here. */
function isAbsent(value: string | null | undefined): boolean {
  return (value ?? undefined) === undefined;
}
