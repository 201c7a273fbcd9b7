import { parseStrictJson } from '../../core/strict-json.ts';

/** What the fallback client needs of install.json. */
export interface ClientSettings {
  readonly socket: string;
  /** The only uid that may own the socket. */
  readonly ownerUid: number;
  /** Argument list that starts the daemon and returns; `undefined` where the installation does not start it from here. */
  readonly start?: readonly string[];
}

/** Tolerates other members: the file belongs to `holdpoint init`, which checks it whole. */
export function parseClientSettings(text: string): ClientSettings | undefined {
  const parsed = parseStrictJson(text, 16);
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null) return undefined;
  const { socket, ownerUid, start } = parsed.value as { readonly [key: string]: unknown };
  if (typeof socket !== 'string' || !socket.startsWith('/') || typeof ownerUid !== 'number') return undefined;
  if (start === undefined || start === null) return { socket, ownerUid };
  if (!Array.isArray(start) || start.length === 0 || !start.every((word): word is string => typeof word === 'string'))
    return undefined;
  return start[0]?.startsWith('/') === true ? { socket, ownerUid, start } : undefined;
}
