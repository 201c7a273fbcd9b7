import { readFileSync } from 'node:fs';
import type { Clock } from '../../ports/clock.ts';

/** The machine's clock. */
export function makeSystemClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
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
