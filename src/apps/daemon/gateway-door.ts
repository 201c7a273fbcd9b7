import { randomBytes } from 'node:crypto';
import type { Action } from '../../core/attempt.ts';
import { dangerOf } from '../../core/danger.ts';
import { visibleText } from '../../core/visible-text.ts';
import { type AnyJudged, isRefused, type Refused } from '../../pipeline/products.ts';
import { problemType } from '../../protocols/http/problem.ts';
import { alternativesFor, messageForAgent } from '../advice.ts';
import type { GatewayDecision, GatewayIdentity, GatewayRefusal, GatewayRequest } from '../egress/contract.ts';
import type { Service } from './service.ts';

export interface Registration extends GatewayIdentity {
  readonly workspace: string;
}

/** Agents that were given the gateway's environment; the password makes the task's name more than a claim. */
export interface Registry {
  register(identity: Registration): string;
  identify(task: string, password: string): Registration | undefined;
  /** Of an identity that `identify` gave: another agent may have been registered under the same task elsewhere. */
  workspaceOf(identity: GatewayIdentity): string;
}

export function makeRegistry(): Registry {
  const byPassword = new Map<string, Registration>();
  return {
    register(identity) {
      const password = randomBytes(18).toString('base64url');
      byPassword.set(password, identity);
      return password;
    },
    identify(task, password) {
      const found = byPassword.get(password);
      return found?.task === task ? found : undefined;
    },
    workspaceOf: (identity) => [...byPassword.values()].find((one) => one === identity)?.workspace ?? '',
  };
}

export interface GatewayDoorOptions {
  /** How long a held request waits for a person before it is refused. */
  readonly holdWaitMs: number;
  toAction(request: GatewayRequest): { readonly action: Action; readonly keep: (attemptId: string) => void };
  readonly registry: Registry;
}

const POLL_MS = 250;

/** The egress gateway's judge: one request, the same engine as every other door. */
export function makeGatewayDoor(service: Service, options: GatewayDoorOptions) {
  return {
    async judge(request: GatewayRequest, signal: AbortSignal): Promise<GatewayDecision> {
      const { action, keep } = options.toAction(request);
      const { agent, task } = request.identity;
      const origin = {
        door: 'egress',
        person: service.person,
        agent,
        task,
        workspace: options.registry.workspaceOf(request.identity),
      } as const;
      const untilMs = service.clock.monotonicMs() + options.holdWaitMs;
      for (;;) {
        const attempt = service.raw(action, origin);
        keep(attempt.id);
        const judged = await service.pipeline.judge(attempt);
        const ran = await service.pipeline.proceed(attempt, judged, service.releaser);
        if (!isRefused(ran)) {
          const intent = await ran.intent;
          return {
            kind: 'pass',
            done: ({ outcome, status, detail }) =>
              service.report(
                intent,
                ran.judged,
                outcome,
                { status: status ?? null, detail: detail ?? null },
                ran.taken,
              ),
          };
        }
        if (ran.hold === undefined || !(await approvedMeanwhile(service, ran.hold.id, untilMs, signal))) {
          return refusal(ran, isRefused(judged) ? undefined : judged);
        }
      }
    },

    /** What the gateway refused by itself goes on the record like any refusal. */
    async recordRefusal(refused: GatewayRefusal): Promise<void> {
      const text = JSON.stringify({ method: refused.method ?? '', url: refused.url ?? '' }).toWellFormed();
      const attempt = service.raw(
        { kind: 'http', bytes: new TextEncoder().encode(text) },
        {
          door: 'egress',
          person: service.person,
          agent: refused.identity?.agent ?? 'unknown',
          task: refused.identity?.task ?? 'unknown',
          workspace: '',
        },
      );
      const reason = `${refused.detail} (status ${refused.status})`;
      await service.pipeline.proceed(
        attempt,
        { kind: 'refused', says: 'deny', rule: `floor/gateway-${refused.code}`, reason },
        service.releaser,
      );
    },
  };
}

async function approvedMeanwhile(service: Service, id: string, untilMs: number, signal: AbortSignal): Promise<boolean> {
  while (service.clock.monotonicMs() < untilMs && !signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const hold = await service.store.hold(id);
    if (hold?.state === 'approved') return true;
    if (hold?.state !== 'open') return false;
  }
  return false;
}

/** RFC 9457: the hold, the effect that is stopped, the rule, and what may be done instead, beside the words for the agent. */
function refusal(refused: Refused, judged: AnyJudged | undefined): GatewayDecision {
  const effects = judged?.effects ?? refused.hold?.effects ?? [];
  const stopped = effects.find((effect) => dangerOf(effect) !== 'harmless');
  const advice = alternativesFor(stopped).map(({ action, says }) => `${action}: ${says}`);
  return {
    kind: 'refuse',
    status: 403,
    problem: {
      type: problemType(refused.rule),
      title: refused.hold === undefined ? 'denied by policy' : 'held until a person signs',
      detail: messageForAgent(refused, judged),
      rule: refused.rule,
      ...(stopped === undefined ? {} : { effect: visibleText(stopped.summary) }),
      ...(advice.length === 0 ? {} : { advice }),
      ...(refused.hold === undefined ? {} : { hold: refused.hold.id }),
    },
    ...(refused.hold === undefined ? {} : { retryAfterSeconds: 30 }),
  };
}
