import { decodeHook, encodeHook } from '../../protocols/hooks/agents.ts';
import { type HookAgent, type HookOutput, refuseUndecoded } from '../../protocols/hooks/hook.ts';
import type { ClientSettings } from './install-file.ts';
import { isPlainRead, type ReadWorld } from './plain-read.ts';

/** What the client does to the world; each resolves and never rejects. */
export interface ClientWorld extends ReadWorld {
  /** One call over the socket. `unreachable`: nobody listens there; `silent`: someone does, but no whole reply came in time. */
  ask(settings: ClientSettings, agent: HookAgent, payload: Uint8Array): Promise<HookOutput | 'unreachable' | 'silent'>;
  /** Runs the start command and waits for it, briefly. */
  start(command: readonly string[]): Promise<void>;
  pause(ms: number): Promise<void>;
}

const FIX = 'fix: run `holdpoint up`';
const RETRY_PAUSES_MS = [50, 100, 200, 400, 800];

/** Socket again, then the daemon is started and asked, then the built-in list of plain reads. Fails closed. */
export async function answerHook(
  agent: HookAgent,
  payload: Uint8Array,
  settings: ClientSettings | undefined,
  world: ClientWorld,
): Promise<HookOutput> {
  if (settings !== undefined) {
    const reply = await askAndStart(agent, payload, settings, world);
    if (reply !== undefined) return reply;
  }
  const decoded = decodeHook(agent, payload, { home: world.home });
  if (!decoded.ok) return refuseUndecoded(decoded.error);
  // The act is over; the record will show its outcome as unknown.
  if (decoded.call.event === 'after') return encodeHook({ kind: 'nothing' }, decoded.call);
  if (isPlainRead(decoded.call, world)) return encodeHook({ kind: 'allow' }, decoded.call);
  return {
    exitCode: 2,
    stderr: `holdpoint: the guard is not running, so this call is refused; ${FIX} (plain reads inside the workspace still pass)`,
  };
}

/** `undefined` where no reply is to be had. A daemon that is there and silent is not started again: that would only cost time. */
async function askAndStart(
  agent: HookAgent,
  payload: Uint8Array,
  settings: ClientSettings,
  world: ClientWorld,
): Promise<HookOutput | undefined> {
  let answer = await world.ask(settings, agent, payload);
  if (answer === 'unreachable' && settings.start !== undefined) {
    await world.start(settings.start);
    for (const pauseMs of RETRY_PAUSES_MS) {
      answer = await world.ask(settings, agent, payload);
      if (answer !== 'unreachable') break;
      await world.pause(pauseMs);
    }
  }
  return typeof answer === 'string' ? undefined : answer;
}
