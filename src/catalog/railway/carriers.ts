import type { Json } from '../../core/canonical-json.ts';
import type { Reversal, Verb } from '../../core/effect.ts';

/** A part of an input that does more than the mutation's name says: another effect on the same target. */
export interface RailwayCarrier {
  /** Dotted path of the argument. */
  readonly path: string;
  /** `given`: any value but null; else one of these values. */
  readonly when: 'given' | readonly Json[];
  readonly verb: Verb;
  readonly reversal: Reversal;
  /** A verb phrase, as in the catalogue. */
  readonly does: string;
  readonly tags?: readonly string[];
}

/** Runs later, out of any door's sight: what a service is told to execute. */
const command = (path: string, does: string): RailwayCarrier => ({
  path,
  when: 'given',
  verb: 'run',
  reversal: 'unknown',
  does,
  tags: ['opaque'],
});

const PUBLIC = { when: [true], verb: 'expose', reversal: 'irreversible' } as const;

/**
 * By mutation. Names, members and enum values are the published schema's (August 2026).
 * Source: https://docs.railway.com/reference/public-api
 */
export const RAILWAY_CARRIERS: ReadonlyMap<string, readonly RailwayCarrier[]> = new Map([
  [
    'volumeInstanceUpdate',
    [
      {
        path: 'input.state',
        when: ['DELETED', 'DELETING'],
        verb: 'destroy',
        reversal: 'irreversible',
        does: 'marks a volume as deleted',
      },
      {
        path: 'input.mountPath',
        when: 'given',
        verb: 'change',
        reversal: 'unknown',
        does: 'mounts a volume elsewhere, where its service does not find the data',
      },
    ],
  ],
  [
    'volumeInstanceBackupScheduleUpdate',
    [
      {
        path: 'kinds',
        when: [[]],
        verb: 'destroy',
        reversal: 'unknown',
        does: 'switches off the backups of a volume',
        tags: ['backup'],
      },
    ],
  ],
  [
    'volumeInstanceBackupRestore',
    [
      {
        path: 'wipeServiceIds',
        when: 'given',
        verb: 'destroy',
        reversal: 'irreversible',
        does: 'wipes the volumes of other services',
      },
    ],
  ],
  [
    'variableCollectionUpsert',
    [
      {
        path: 'input.replace',
        when: [true],
        verb: 'destroy',
        reversal: 'safeguardable',
        does: 'deletes every variable that is not in the new collection',
      },
    ],
  ],
  [
    'serviceInstanceUpdate',
    [
      command('input.startCommand', 'has a service run another command at its next start'),
      command('input.preDeployCommand', 'has a service run a command before its next deployment'),
      command('input.buildCommand', 'has a service run another command at its next build'),
      command('input.nixpacksPlan', 'has a service build by another plan'),
      command('input.railwayConfigFile', 'has a service take its settings from another file'),
      command('input.cronSchedule', 'has a service run by another schedule'),
      {
        path: 'input.source',
        when: 'given',
        verb: 'change',
        reversal: 'unknown',
        does: 'has a service run other code',
      },
      {
        path: 'input.numReplicas',
        when: [0],
        verb: 'change',
        reversal: 'unknown',
        does: 'stops a service',
      },
    ],
  ],
  ['serviceCreate', [command('input.registryCredentials', 'hands credentials of a registry to a new service')]],
  [
    'templateDeploy',
    [command('input.services', 'creates services that run what the request says, some with start commands')],
  ],
  [
    'templateDeployV2',
    [
      {
        path: 'input.existingRootServiceId',
        when: 'given',
        verb: 'change',
        reversal: 'unknown',
        does: 'makes an existing service the root of a cluster',
      },
    ],
  ],
  ['projectUpdate', [{ path: 'input.isPublic', ...PUBLIC, does: 'makes a project public' }]],
  ['projectCreate', [{ path: 'input.isPublic', ...PUBLIC, does: 'creates a project that anybody can see' }]],
  ['userProfileUpdate', [{ path: 'input.isPublic', ...PUBLIC, does: 'makes a profile public' }]],
]);
