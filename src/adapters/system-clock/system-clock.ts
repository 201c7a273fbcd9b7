import { readFileSync } from 'node:fs';
import type { Clock } from '../../ports/clock.ts';

/**
 * The machine's clock, but within one process never behind the time that has really passed: setting the clock back
 * would otherwise stretch every deadline. A leap forward is followed.
 */
export function makeSystemClock(
  wall: () => number = () => Date.now(),
  monotonic: () => number = () => performance.now(),
): Clock {
  const anchor = { wallMs: wall(), monotonicMs: monotonic() };
  return {
    nowMs: () => {
      const atMs = monotonic();
      const passedMs = Math.floor(anchor.wallMs + (atMs - anchor.monotonicMs));
      const wallMs = wall();
      if (wallMs > passedMs) {
        anchor.wallMs = wallMs;
        anchor.monotonicMs = atMs;
      }
      return Math.max(wallMs, passedMs);
    },
    monotonicMs: monotonic,
  };
}

/**
 * Changes with every boot: a monotonic time means something only together with it. `undefined` where the system has
 * none to give (anything but Linux).
 */
export function readBootId(path = '/proc/sys/kernel/random/boot_id'): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^[0-9a-f-]{36}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
