import { type RailwayMutation, rowsAs } from './mutation.ts';

/** Mutations that add something beside what is there, or only look. */
export const RAILWAY_ADDITIONS: readonly (readonly [string, RailwayMutation])[] = [
  ...rowsAs('create', 'undoable', [
    ['volumeCreate', 'project', 'input.projectId', 'creates a volume'],
    ['volumeInstanceBackupCreate', 'volume-instance', 'volumeInstanceId', 'makes a backup of a volume'],
    ['volumeInstancePITRRestore', 'volume-instance', 'volumeInstanceId', 'restores a point in time into a new service'],
    ['projectCreate', 'account', '', 'creates a project'],
    ['environmentCreate', 'project', 'input.projectId', 'creates an environment'],
    ['serviceCreate', 'project', 'input.projectId', 'creates a service'],
    ['serviceDuplicate', 'service', 'serviceId', 'copies a service'],
    ['serviceDomainCreate', 'service', 'input.serviceId', 'creates a domain for a service'],
    ['customDomainCreate', 'service', 'input.serviceId', 'creates a custom domain'],
    ['bucketCreate', 'project', 'input.projectId', 'creates a bucket'],
    ['pluginCreate', 'project', 'input.projectId', 'creates a plugin'],
    ['privateNetworkCreateOrGet', 'environment', 'input.environmentId', 'creates a private network'],
    ['privateNetworkEndpointCreateOrGet', 'environment', 'input.environmentId', 'creates a private network endpoint'],
    ['egressGatewayAssociationCreate', 'service', 'input.serviceId', 'gives a service static outbound addresses'],
    ['observabilityDashboardCreate', 'environment', 'input.environmentId', 'creates a dashboard'],
    ['notificationRuleCreate', 'workspace', 'input.workspaceId', 'creates a notification rule'],
    ['sandboxCreate', 'environment', 'input.environmentId', 'creates a sandbox'],
    ['sandboxCheckpointCreate', 'sandbox', 'sandboxId', 'makes a checkpoint of a sandbox'],
    ['sandboxTemplateBuild', 'environment', 'environmentId', 'builds a sandbox template'],
    ['signalCreate', 'signal', 'input.owner input.name', 'creates a signal'],
    ['templateClone', 'template', '', 'copies a template'],
    ['templateGenerate', 'project', 'input.projectId', 'makes a template of a project'],
    ['loginSessionCreate', 'account', '', 'begins a login'],
    ['cliEventTrack', 'account', '', 'sends usage data of the CLI'],
    ['cliAuthEventTrack', 'account', '', 'sends usage data of the CLI'],
    ['setupAgentEventTrack', 'account', '', 'sends usage data of the CLI'],
  ]),
  ...rowsAs('read', 'regenerable', [
    ['environmentPreviewChangeSet', 'environment', 'environmentId', 'previews a change set'],
    ['egressGatewayHAMigrationPreview', 'service', 'input.serviceId', 'previews outbound addresses'],
    ['loginSessionVerify', 'account', '', 'checks a login'],
  ]),
];
