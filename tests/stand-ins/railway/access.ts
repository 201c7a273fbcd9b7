import type { Environment, Project, RailwayState, Service, Token, Volume, VolumeInstance } from './state.ts';

/** What a token may touch. Throws the provider's own words. */
export class Access {
  readonly state: RailwayState;
  readonly token: Token | undefined;

  constructor(state: RailwayState, token: Token | undefined) {
    this.state = state;
    this.token = token;
  }

  project(projectId: string): Project {
    const project = this.state.projects.get(projectId);
    if (project === undefined || !this.seesProject(project)) throw new Error('Not Authorized');
    return project;
  }

  seesProject(project: Project): boolean {
    const { token } = this;
    if (token === undefined) return false;
    if (token.kind === 'account') return true;
    return token.kind === 'workspace' ? token.workspaceId === project.workspaceId : token.projectId === project.id;
  }

  seesEnvironment(environment: Environment): boolean {
    const project = this.state.projects.get(environment.projectId);
    if (project === undefined || !this.seesProject(project)) return false;
    return this.token?.kind !== 'project' || this.token.environmentId === environment.id;
  }

  environment(environmentId: string): Environment {
    const environment = this.state.environments.get(environmentId);
    if (environment === undefined || !this.seesEnvironment(environment)) throw new Error('Not Authorized');
    return environment;
  }

  service(serviceId: string): Service {
    const service = this.state.services.get(serviceId);
    if (service === undefined) throw new Error('Service not found');
    this.project(service.projectId);
    return service;
  }

  instance(instanceId: string): VolumeInstance {
    const instance = this.state.volumeInstances.get(instanceId);
    if (instance === undefined) throw new Error('Volume instance not found');
    this.environment(instance.environmentId);
    return instance;
  }

  /** A project token owns a volume only if it sees all of its instances. */
  volume(volumeId: string): Volume {
    const volume = this.state.volumes.get(volumeId);
    if (volume === undefined) throw new Error('Volume not found');
    this.project(volume.projectId);
    for (const instance of this.state.volumeInstances.values()) {
      if (instance.volumeId === volumeId) this.environment(instance.environmentId);
    }
    return volume;
  }

  wholeProject(): void {
    if (this.token === undefined || this.token.kind === 'project') throw new Error('Not Authorized');
  }
}
