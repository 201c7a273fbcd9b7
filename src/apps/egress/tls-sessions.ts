import type { Clock } from '../../ports/clock.ts';
import type { Authority } from '../../protocols/http/target.ts';

/** What a server gave for a shorter handshake the next time. */
export interface TlsSessions {
  take(task: string, authority: Authority): Buffer | undefined;
  keep(task: string, authority: Authority, session: Buffer): void;
}

const LIMITS = { sessions: 256, sessionBytes: 16 * 1024, lifetimeMs: 10 * 60 * 1000 } as const;

/**
 * TLS sessions of one gateway's servers. SECURITY: they carry no request and no answer, and are kept apart by task and
 * destination, since on a resumed connection the certificate is not looked at again; that is why they are also short-lived.
 * Not for destinations that were shown a certificate of ours: there a session says who asks.
 */
export function makeTlsSessions(clock: Clock): TlsSessions {
  const kept = new Map<string, { readonly session: Buffer; readonly atMs: number }>();
  const keyOf = (task: string, { host, port }: Authority): string => JSON.stringify([task, host, port]);
  return {
    take(task, authority) {
      const key = keyOf(task, authority);
      const found = kept.get(key);
      if (found === undefined) return undefined;
      if (clock.monotonicMs() - found.atMs < LIMITS.lifetimeMs) return found.session;
      kept.delete(key);
      return undefined;
    },
    keep(task, authority, session) {
      if (session.length > LIMITS.sessionBytes) return;
      const key = keyOf(task, authority);
      // The certificate was checked when the first of them was made, not when it was renewed.
      const atMs = kept.get(key)?.atMs ?? clock.monotonicMs();
      kept.delete(key);
      kept.set(key, { session, atMs });
      const [oldest] = kept.keys();
      if (kept.size > LIMITS.sessions && oldest !== undefined) kept.delete(oldest);
    },
  };
}
