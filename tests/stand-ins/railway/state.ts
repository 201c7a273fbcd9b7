/** What a stand-in holds. Everything is plain data in maps by id, so that a test can look at what is left. */
export interface Workspace {
  readonly id: string;
  readonly name: string;
}
export interface Project {
  readonly id: string;
  readonly name: string;
  readonly workspaceId: string;
}
export interface Environment {
  readonly id: string;
  name: string;
  readonly projectId: string;
  readonly isEphemeral: boolean;
  /** Milliseconds since the Unix epoch; the oldest non-ephemeral one is the project's primary environment. */
  readonly createdAtMs: number;
}
export interface Service {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
}
export interface ServiceInstance {
  readonly id: string;
  readonly serviceId: string;
  readonly environmentId: string;
  startCommand: string | null;
  deploys: number;
}
export interface TcpProxy {
  readonly id: string;
  readonly serviceId: string;
  readonly environmentId: string;
  readonly applicationPort: number;
  readonly domain: string;
  readonly proxyPort: number;
}
export interface Volume {
  readonly id: string;
  name: string;
  readonly projectId: string;
  /** The data on it: one row a booking in the fixture. */
  readonly rows: readonly { readonly [column: string]: string | number }[];
}
export interface VolumeInstance {
  readonly id: string;
  readonly volumeId: string;
  readonly environmentId: string;
  readonly serviceId: string | null;
  readonly mountPath: string;
}
export interface Backup {
  readonly id: string;
  readonly name: string;
  readonly volumeInstanceId: string;
  readonly createdAtMs: number;
  readonly rows: Volume['rows'];
}

export type Token =
  | { readonly kind: 'account'; readonly userId: string }
  | { readonly kind: 'workspace'; readonly workspaceId: string }
  | { readonly kind: 'project'; readonly projectId: string; readonly environmentId: string };

/** One request as it came in. `operations`: kind and root fields of what was executed, in order. */
export interface JournalEntry {
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly token: Token['kind'] | 'none' | 'invalid';
  readonly body: string;
  readonly operations: readonly string[];
  readonly status: number;
}

/** A way to go wrong, for every request until it is set back to undefined. */
export type Fault =
  /** No answer, or one only when it is released; `seen` hears of each request. */
  | { readonly kind: 'hang'; readonly seen?: () => void; readonly released?: Promise<void> }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'not-authorized' }
  | { readonly kind: 'rate-limited'; readonly retryAfterSeconds: number }
  /** Answers as ever, with these headers. */
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> }
  /** A refusal with a status of its own. */
  | { readonly kind: 'busy'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  /** The answer's JSON, changed before it is sent. */
  | { readonly kind: 'rewrite'; readonly rewrite: (answer: unknown) => unknown };

export interface RailwayState {
  readonly user: { readonly id: string; readonly email: string; readonly name: string };
  readonly workspaces: Map<string, Workspace>;
  readonly projects: Map<string, Project>;
  readonly environments: Map<string, Environment>;
  readonly services: Map<string, Service>;
  readonly serviceInstances: Map<string, ServiceInstance>;
  readonly volumes: Map<string, Volume>;
  readonly volumeInstances: Map<string, VolumeInstance>;
  readonly backups: Map<string, Backup>;
  readonly tcpProxies: Map<string, TcpProxy>;
  /** By `project/environment/service/name`; an empty service for shared variables. */
  readonly variables: Map<string, string>;
  /** By the token's text. */
  readonly tokens: Map<string, Token>;
  readonly journal: JournalEntry[];
  fault: Fault | undefined;
  nextId: number;
}

export function emptyRailway(): RailwayState {
  return {
    user: { id: id(1), email: 'owner@wheels.example', name: 'Owner' },
    workspaces: new Map(),
    projects: new Map(),
    environments: new Map(),
    services: new Map(),
    serviceInstances: new Map(),
    volumes: new Map(),
    volumeInstances: new Map(),
    backups: new Map(),
    tcpProxies: new Map(),
    variables: new Map(),
    tokens: new Map(),
    journal: [],
    fault: undefined,
    nextId: 0x1000,
  };
}

/** A UUID that is the same in every run. */
export function id(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

export function addTo<T extends { readonly id: string }>(map: Map<string, T>, item: T): T {
  map.set(item.id, item);
  return item;
}

/** `volumeDelete` of the provider: at once, with all instances and the backups inside them. */
export function removeVolume(state: RailwayState, volumeId: string): void {
  for (const instance of state.volumeInstances.values()) {
    if (instance.volumeId === volumeId) removeVolumeInstance(state, instance.id);
  }
  state.volumes.delete(volumeId);
}

export function removeVolumeInstance(state: RailwayState, instanceId: string): void {
  for (const backup of state.backups.values()) {
    if (backup.volumeInstanceId === instanceId) state.backups.delete(backup.id);
  }
  state.volumeInstances.delete(instanceId);
}

/** A service's volume instances go with it; a volume without instances goes too. */
export function removeService(state: RailwayState, serviceId: string): void {
  const volumes = new Set<string>();
  for (const instance of state.volumeInstances.values()) {
    if (instance.serviceId !== serviceId) continue;
    volumes.add(instance.volumeId);
    removeVolumeInstance(state, instance.id);
  }
  for (const instance of state.serviceInstances.values()) {
    if (instance.serviceId === serviceId) state.serviceInstances.delete(instance.id);
  }
  state.services.delete(serviceId);
  removeBareVolumes(state, volumes);
}

export function removeEnvironment(state: RailwayState, environmentId: string): void {
  const volumes = new Set<string>();
  for (const instance of state.volumeInstances.values()) {
    if (instance.environmentId !== environmentId) continue;
    volumes.add(instance.volumeId);
    removeVolumeInstance(state, instance.id);
  }
  for (const instance of state.serviceInstances.values()) {
    if (instance.environmentId === environmentId) state.serviceInstances.delete(instance.id);
  }
  for (const key of state.variables.keys()) {
    if (key.split('/')[1] === environmentId) state.variables.delete(key);
  }
  state.environments.delete(environmentId);
  removeBareVolumes(state, volumes);
}

export function removeProject(state: RailwayState, projectId: string): void {
  for (const volume of state.volumes.values()) if (volume.projectId === projectId) removeVolume(state, volume.id);
  for (const service of state.services.values()) if (service.projectId === projectId) removeService(state, service.id);
  for (const environment of state.environments.values()) {
    if (environment.projectId === projectId) removeEnvironment(state, environment.id);
  }
  state.projects.delete(projectId);
}

function removeBareVolumes(state: RailwayState, volumeIds: ReadonlySet<string>): void {
  const used = new Set([...state.volumeInstances.values()].map((instance) => instance.volumeId));
  for (const volumeId of volumeIds) if (!used.has(volumeId)) state.volumes.delete(volumeId);
}
