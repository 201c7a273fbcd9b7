import { randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * One-time secrets that tie a later request to an earlier answer: the ticket that lets the repeat of an approved call
 * begin, and the token by which whoever runs it reports the outcome. In memory: a restart forgets them, and the call is
 * repeated.
 */
export interface Tickets<T> {
  /** 64 hex characters. */
  issue(value: T, nowMs: number): string;
  /** The value, once; `undefined` for a wrong, spent or late ticket. */
  redeem(ticket: string, nowMs: number): T | undefined;
}

export function makeTickets<T>(lifetimeMs: number, most: number): Tickets<T> {
  const open = new Map<string, { readonly value: T; readonly untilMs: number }>();
  return {
    issue(value, nowMs) {
      for (const [ticket, entry] of open) {
        if (open.size < most && entry.untilMs > nowMs) break;
        open.delete(ticket);
      }
      const ticket = randomBytes(32).toString('hex');
      open.set(ticket, { value, untilMs: nowMs + lifetimeMs });
      return ticket;
    },
    redeem(ticket, nowMs) {
      const asked = Buffer.from(ticket);
      for (const [known, entry] of open) {
        const bytes = Buffer.from(known);
        if (bytes.length !== asked.length || !timingSafeEqual(bytes, asked)) continue;
        open.delete(known);
        return entry.untilMs > nowMs ? entry.value : undefined;
      }
      return undefined;
    },
  };
}
