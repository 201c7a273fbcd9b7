/**
 * The part of Railway's public GraphQL schema that the stand-in serves. Names, arguments and types equal the published
 * ones (https://docs.railway.com/reference/public-api); a test compares the two where the published schema is at hand.
 */
export const RAILWAY_SDL = `
scalar DateTime
scalar EnvironmentVariables
scalar JSON

interface Node { id: ID! }

enum Builder { HEROKU NIXPACKS PAKETO RAILPACK }
enum ProjectsOrderBy { CREATED_AT_DESC NAME_ASC UPDATED_AT_DESC }
enum DeploymentStatus { BUILDING CRASHED DEPLOYING FAILED REMOVED SLEEPING SUCCESS }
enum RestartPolicyType { ALWAYS NEVER ON_FAILURE }
enum SortOrder { asc desc }
enum TCPProxySyncStatus { ACTIVE CREATING DELETED DELETING UNSPECIFIED UPDATING }
enum VolumeState { DELETED DELETING ERROR MIGRATING MIGRATION_PENDING READY RESTORING UPDATING }

type PageInfo { endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String }

type Workspace implements Node { id: ID! name: String! createdAt: DateTime! }

type User implements Node { id: ID! email: String! name: String createdAt: DateTime! workspaces: [Workspace!]! }

type ApiTokenWorkspace { id: String! name: String! }
type ApiTokenContext { workspaces: [ApiTokenWorkspace!]! }

type ProjectToken implements Node {
  id: ID! name: String! displayToken: String! createdAt: DateTime!
  projectId: String! environmentId: String! project: Project! environment: Environment!
}

type Project implements Node {
  id: ID! name: String! description: String createdAt: DateTime! updatedAt: DateTime! deletedAt: DateTime
  workspaceId: String baseEnvironmentId: String primaryEnvironmentId: String
  environments(after: String, before: String, first: Int, isEphemeral: Boolean, last: Int, sort: SortOrder): ProjectEnvironmentsConnection!
  services(after: String, before: String, first: Int, last: Int): ProjectServicesConnection!
  volumes(after: String, before: String, first: Int, last: Int): ProjectVolumesConnection!
}

type Environment implements Node {
  id: ID! name: String! createdAt: DateTime! updatedAt: DateTime! deletedAt: DateTime
  projectId: String! isEphemeral: Boolean! canAccess: Boolean! sourceEnvironment: Environment
  serviceInstances(after: String, before: String, first: Int, last: Int): EnvironmentServiceInstancesConnection!
  volumeInstances(after: String, before: String, first: Int, last: Int): EnvironmentVolumeInstancesConnection!
}

type Service implements Node {
  id: ID! name: String! icon: String createdAt: DateTime! updatedAt: DateTime! deletedAt: DateTime
  projectId: String! project: Project!
}

type ServiceInstance implements Node {
  id: ID! serviceId: String! serviceName: String! environmentId: String! service: Service!
  startCommand: String buildCommand: String cronSchedule: String numReplicas: Int latestDeployment: Deployment
  createdAt: DateTime! updatedAt: DateTime! deletedAt: DateTime
}

type Deployment implements Node {
  id: ID! projectId: String! environmentId: String! serviceId: String status: DeploymentStatus!
  createdAt: DateTime! updatedAt: DateTime!
}

type TCPProxy {
  id: ID! serviceId: String! environmentId: String! applicationPort: Int! domain: String! proxyPort: Int!
  syncStatus: TCPProxySyncStatus! createdAt: DateTime deletedAt: DateTime
}

type Volume implements Node {
  id: ID! name: String! createdAt: DateTime! projectId: String! project: Project!
  volumeInstances(after: String, before: String, first: Int, last: Int): VolumeVolumeInstancesConnection!
}

type VolumeInstance implements Node {
  id: ID! volumeId: String! volume: Volume! environmentId: String! environment: Environment!
  serviceId: String service: Service! mountPath: String! region: String state: VolumeState
  sizeMB: Int! currentSizeMB: Float! createdAt: DateTime! deletedAt: DateTime isPendingDeletion: Boolean!
}

type VolumeInstanceBackup {
  id: String! name: String externalId: String! createdAt: DateTime! expiresAt: DateTime
  usedMB: Int referencedMB: Int scheduleId: String
}

type WorkflowId { workflowId: String }

type QueryProjectsConnection { edges: [QueryProjectsConnectionEdge!]! pageInfo: PageInfo! }
type QueryProjectsConnectionEdge { cursor: String! node: Project! }
type ProjectEnvironmentsConnection { edges: [ProjectEnvironmentsConnectionEdge!]! pageInfo: PageInfo! }
type ProjectEnvironmentsConnectionEdge { cursor: String! node: Environment! }
type ProjectServicesConnection { edges: [ProjectServicesConnectionEdge!]! pageInfo: PageInfo! }
type ProjectServicesConnectionEdge { cursor: String! node: Service! }
type ProjectVolumesConnection { edges: [ProjectVolumesConnectionEdge!]! pageInfo: PageInfo! }
type ProjectVolumesConnectionEdge { cursor: String! node: Volume! }
type EnvironmentServiceInstancesConnection { edges: [EnvironmentServiceInstancesConnectionEdge!]! pageInfo: PageInfo! }
type EnvironmentServiceInstancesConnectionEdge { cursor: String! node: ServiceInstance! }
type EnvironmentVolumeInstancesConnection { edges: [EnvironmentVolumeInstancesConnectionEdge!]! pageInfo: PageInfo! }
type EnvironmentVolumeInstancesConnectionEdge { cursor: String! node: VolumeInstance! }
type VolumeVolumeInstancesConnection { edges: [VolumeVolumeInstancesConnectionEdge!]! pageInfo: PageInfo! }
type VolumeVolumeInstancesConnectionEdge { cursor: String! node: VolumeInstance! }

input EnvironmentRenameInput { name: String! }
input ServiceInstanceUpdateInput {
  buildCommand: String builder: Builder cronSchedule: String healthcheckPath: String multiRegionConfig: JSON
  numReplicas: Int preDeployCommand: [String!] region: String restartPolicyMaxRetries: Int
  restartPolicyType: RestartPolicyType rootDirectory: String sleepApplication: Boolean startCommand: String
}
input VariableUpsertInput {
  environmentId: String! name: String! projectId: String! serviceId: String skipDeploys: Boolean = false value: String!
}
input VolumeCreateInput { environmentId: String mountPath: String! projectId: String! region: String serviceId: String }
input VolumeUpdateInput { name: String }

type Query {
  apiToken: ApiTokenContext!
  environment(id: String!, projectId: String): Environment!
  me: User!
  project(id: String!): Project!
  projectToken: ProjectToken!
  projects(after: String, before: String, first: Int, includeDeleted: Boolean, last: Int, orderBy: ProjectsOrderBy, userId: String, workspaceId: String): QueryProjectsConnection!
  service(id: String!): Service!
  serviceInstance(environmentId: String!, serviceId: String!): ServiceInstance!
  tcpProxies(environmentId: String!, serviceId: String!): [TCPProxy!]!
  variables(environmentId: String!, projectId: String!, serviceId: String, unrendered: Boolean): EnvironmentVariables!
  volumeInstance(id: String!): VolumeInstance!
  volumeInstanceBackupList(volumeInstanceId: String!): [VolumeInstanceBackup!]!
}

type Mutation {
  environmentDelete(id: String!): Boolean!
  environmentRename(id: String!, input: EnvironmentRenameInput!): Environment!
  projectDelete(id: String!): Boolean!
  serviceDelete(environmentId: String, id: String!): Boolean!
  serviceInstanceRedeploy(environmentId: String!, serviceId: String!): Boolean!
  serviceInstanceUpdate(environmentId: String, input: ServiceInstanceUpdateInput!, serviceId: String!): Boolean!
  variableUpsert(input: VariableUpsertInput!): Boolean!
  volumeCreate(input: VolumeCreateInput!): Volume!
  volumeDelete(volumeId: String!): Boolean!
  volumeInstanceBackupCreate(name: String, volumeInstanceId: String!): WorkflowId!
  volumeInstanceBackupDelete(volumeInstanceBackupId: String!, volumeInstanceId: String!): WorkflowId!
  volumeUpdate(input: VolumeUpdateInput!, volumeId: String!): Volume!
}
`;
