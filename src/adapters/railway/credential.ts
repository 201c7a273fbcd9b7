import { z } from 'zod';
import type { CredentialFact } from '../../core/facts.ts';
import type { Credential } from '../../ports/credentials.ts';
import type { Answer, RailwayClient } from './client.ts';

/** What a token is, and which projects it can be asked about. */
export type TokenReach =
  | {
      readonly kind: 'account-token' | 'workspace-token';
      readonly workspaces: readonly { readonly id: string; readonly name: string }[];
    }
  | { readonly kind: 'project-token'; readonly projectId: string; readonly environmentId: string };

const Id = z.string().min(1).max(200);
const Workspaces = z.array(z.object({ id: Id, name: z.string() })).max(500);

/** Account tokens alone may ask `me`; workspace tokens may ask `apiToken`; project tokens have a header of their own. */
export async function reachOf(
  client: RailwayClient,
  credential: Credential,
  signal: AbortSignal,
): Promise<Answer<TokenReach>> {
  if (credential.header === 'project-access-token') {
    const shape = z.object({ projectToken: z.object({ projectId: Id, environmentId: Id }) });
    const answer = await client.query(
      credential,
      'query { projectToken { projectId environmentId } }',
      {},
      shape,
      signal,
    );
    return answer.ok ? { ok: true, data: { kind: 'project-token', ...answer.data.projectToken } } : answer;
  }
  const me = z.object({ me: z.object({ workspaces: Workspaces }) });
  const account = await client.query(credential, 'query { me { workspaces { id name } } }', {}, me, signal);
  if (account.ok) return { ok: true, data: { kind: 'account-token', workspaces: account.data.me.workspaces } };
  if (!account.refused) return account;
  const apiToken = z.object({ apiToken: z.object({ workspaces: Workspaces }) });
  const workspace = await client.query(
    credential,
    'query { apiToken { workspaces { id name } } }',
    {},
    apiToken,
    signal,
  );
  return workspace.ok
    ? { ok: true, data: { kind: 'workspace-token', workspaces: workspace.data.apiToken.workspaces } }
    : workspace;
}

export function credentialFact(reach: TokenReach): CredentialFact {
  switch (reach.kind) {
    case 'account-token':
      return {
        kind: reach.kind,
        scope: `every project of the account (${reach.workspaces.length} workspaces)`,
        broad: true,
      };
    case 'workspace-token':
      return {
        kind: reach.kind,
        scope: `every project of workspace ${reach.workspaces.map((one) => one.id).join(', ')}`,
        broad: true,
      };
    case 'project-token':
      return {
        kind: reach.kind,
        scope: `project ${reach.projectId}, environment ${reach.environmentId}`,
        broad: false,
      };
    default:
      return reach satisfies never;
  }
}
