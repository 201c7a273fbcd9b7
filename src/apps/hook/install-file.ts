/** What the fallback client needs of install.json. */
export interface ClientSettings {
  readonly socket: string;
  /** The only uid that may own the socket. */
  readonly ownerUid: number;
  /** Argument list that starts the daemon and returns; `undefined` where the installation does not start it from here. */
  readonly start?: readonly string[];
}

/**
 * Tolerates other members: the file belongs to `holdpoint init`, which checks it whole. Read by the built-in parser, since
 * the strict one costs a millisecond when it is called for the first time, which here is each time.
 */
export function parseClientSettings(text: string): ClientSettings | undefined {
  const parsed = jsonOf(text);
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { socket, ownerUid, start } = parsed as { readonly [key: string]: unknown };
  if (typeof socket !== 'string' || !socket.startsWith('/') || typeof ownerUid !== 'number') return undefined;
  if (start === undefined || start === null) return { socket, ownerUid };
  if (!Array.isArray(start) || start.length === 0 || !start.every((word): word is string => typeof word === 'string'))
    return undefined;
  return start[0]?.startsWith('/') === true ? { socket, ownerUid, start } : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
