import type { DocumentationFact } from '../../core/facts.ts';

/** Hosts of the provider's public GraphQL API. */
export const RAILWAY_HOSTS: readonly string[] = ['backboard.railway.com', 'backboard.railway.app'];

export const RAILWAY_API = 'https://backboard.railway.com/graphql/v2';

/**
 * What the provider's pages say about deleting, and claims of ours about them, by kind of resource. Dated, since pages
 * change. It may raise a classification and never lowers one.
 */
export const RAILWAY_DOCUMENTATION: ReadonlyMap<string, DocumentationFact> = new Map([
  [
    'volume',
    {
      text:
        'the API reference calls volumeDelete “Delete a persistent volume in a project”; the backups page says that wiping a volume deletes ' +
        'all backups of it; the pages disagree on the rest: the volumes reference speaks of 48 hours in which a link sent by e-mail restores ' +
        'it, the page on managing volumes by API calls the deletion permanent; there is no mutation that undoes it, and it takes no environment',
      url: 'https://docs.railway.com/reference/backups',
      date: '2026-08-01',
    },
  ],
  [
    'backup',
    {
      text: 'backups of a volume lie with the volume and are deleted with it; a backup that is deleted cannot be restored',
      url: 'https://docs.railway.com/reference/backups',
      date: '2026-08-01',
    },
  ],
  [
    'volume-instance',
    {
      text:
        'the API reference calls volumeInstanceBackupRestore “Restore a volume instance from a backup”; what the volume holds now is replaced by the backup, ' +
        'and nothing there says that it is kept',
      url: 'https://docs.railway.com/reference/backups',
      date: '2026-08-01',
    },
  ],
  [
    'service',
    {
      text: 'serviceDelete takes an environment, which limits it only where that is a fork; otherwise the service goes from every environment that is not one',
      url: 'https://docs.railway.com/guides/services',
      date: '2026-08-01',
    },
  ],
  [
    'environment',
    {
      text: 'deleting an environment deletes the service and volume instances in it, and their backups',
      url: 'https://docs.railway.com/guides/environments',
      date: '2026-08-01',
    },
  ],
  [
    'project',
    {
      text: 'deleting a project deletes all environments, services and volumes in it; projectScheduleDelete waits 48 hours, projectDelete does not say so',
      url: 'https://docs.railway.com/guides/projects',
      date: '2026-08-01',
    },
  ],
]);
