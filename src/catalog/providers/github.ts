import type { DocumentationFact } from '../../core/facts.ts';
import { GITHUB_AUTOMATION } from './github-automation.ts';
import { GITHUB_CODE } from './github-code.ts';
import { GITHUB_PEOPLE } from './github-people.ts';
import type { ProviderOperation } from './operation.ts';

/** Hosts of GitHub's own REST API. An Enterprise Server is declared by a person: its paths begin with `/api/v3`. */
export const GITHUB_HOSTS: ReadonlySet<string> = new Set(['api.github.com', 'uploads.github.com']);

/** What the API does to data by REST; what is not listed and is no read holds. Source: https://docs.github.com/en/rest */
export const GITHUB_OPERATIONS: readonly ProviderOperation[] = [...GITHUB_CODE, ...GITHUB_PEOPLE, ...GITHUB_AUTOMATION];

/**
 * What the provider's pages say, in our words, by kind of resource. Dated, since pages change. It may raise a
 * classification and never lowers one.
 */
export const GITHUB_DOCUMENTATION: ReadonlyMap<string, DocumentationFact> = new Map([
  [
    'repository',
    {
      text:
        'private forks are deleted with a private repository, public forks stay; a deleted repository can be restored for 90 days, but not if it belongs to a network ' +
        'of forks that is not empty, and release attachments and team permissions do not come back',
      url: 'https://docs.github.com/en/repositories/creating-and-managing-repositories/restoring-a-deleted-repository',
      date: '2026-11-25',
    },
  ],
  [
    'branch',
    {
      text: 'deleting or force-updating a ref leaves its commits without a name; pull requests from or into a deleted branch are closed',
      url: 'https://docs.github.com/en/rest/git/refs',
      date: '2026-11-25',
    },
  ],
  [
    'tag',
    {
      text: 'a release whose tag is deleted becomes a draft; whoever fetched the tag keeps the old one',
      url: 'https://docs.github.com/en/rest/git/refs',
      date: '2026-11-25',
    },
  ],
  [
    'pull-request',
    {
      text: 'a merge adds commits to the base branch and starts whatever runs on a push there; undoing it takes a revert',
      url: 'https://docs.github.com/en/rest/pulls/pulls',
      date: '2026-11-25',
    },
  ],
]);
