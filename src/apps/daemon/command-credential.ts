import type { Action } from '../../core/attempt.ts';
import type { Credential } from '../../ports/credentials.ts';

const HEADER = /\b(authorization|project-access-token)\s*:\s*([^"'\\\r\n$`]{1,512})/gi;

/**
 * The credential that a command line carries in a literal header, so that a verifier can ask its provider, with exactly
 * that reach, what the command would hit. `undefined` where there is none, or more than one. It goes to no other server
 * than the provider's own, whose address the agent does not choose.
 */
export function commandCredential(action: Action): Credential | undefined {
  if (action.kind !== 'shell') return undefined;
  const found = new Map<string, Credential>();
  for (const match of new TextDecoder().decode(action.bytes).matchAll(HEADER)) {
    const header = match[1]?.toLowerCase() === 'authorization' ? 'authorization' : 'project-access-token';
    const value = match[2]?.trim() ?? '';
    if (value !== '') found.set(`${header} ${value}`, { header, value });
  }
  const [only] = found.values();
  return found.size === 1 ? only : undefined;
}

/** Keeps the credential of each command for whoever verifies its attempt. */
export function keepCommandCredentials(table: {
  remember(attemptId: string, credential: Credential): void;
}): (attemptId: string, action: Action) => void {
  return (attemptId, action) => {
    const credential = commandCredential(action);
    if (credential !== undefined) table.remember(attemptId, credential);
  };
}
