import type { EgressLimits, EgressOptions, GatewayDecision, GatewayOutcome, GatewayRequest } from './contract.ts';
import { ownRefusal, type Refusal } from './refusal.ts';

/** What the requests of one gateway share. */
export interface Gateway {
  readonly options: EgressOptions;
  readonly limits: EgressLimits;
  inFlight: number;
  closing: boolean;
  /** Outcomes on their way to the record. */
  readonly recording: Set<Promise<void>>;
}

/** The gateway's own no, before or instead of a verdict. */
export class Refused {
  readonly code: string;
  readonly refusal: Refusal;
  constructor(status: number, code: string, detail: string, retryAfterSeconds?: number) {
    this.code = code;
    this.refusal = ownRefusal(status, code, detail, retryAfterSeconds);
  }
}

/** INVARIANT: whatever the judge does (throws, hangs, answers nonsense), the result is a decision or a refusal. */
export async function judgeInTime(
  gateway: Gateway,
  request: GatewayRequest,
  gone: AbortSignal,
): Promise<GatewayDecision | Refused> {
  const late = Promise.withResolvers<Refused>();
  const timer = setTimeout(
    () => late.resolve(new Refused(503, 'judge-timeout', 'no verdict in time; nothing was sent', 5)),
    gateway.limits.judgeTimeoutMs,
  );
  const onGone = (): void => late.resolve(new Refused(499, 'client-gone', 'the client went away before the verdict'));
  gone.addEventListener('abort', onGone, { once: true });
  // SECURITY: an async wrapper, so that a judge that throws at once is treated like one that rejects.
  const asking = (async () => gateway.options.judge(request, gone))();
  try {
    const first = await Promise.race([asking, late.promise]);
    if (first instanceof Refused) {
      // A verdict that comes later has an intent on record: it must end as not started.
      void asking.then(
        (decision) => {
          if (isPass(decision))
            record(gateway, decision, { outcome: 'not-started', detail: 'the verdict came too late' });
        },
        () => undefined,
      );
      return first;
    }
    return isPass(first) || isRefusal(first)
      ? first
      : new Refused(503, 'judge', 'the verdict could not be understood; nothing was sent');
  } catch {
    return new Refused(503, 'judge', 'the request could not be judged; nothing was sent');
  } finally {
    clearTimeout(timer);
    gone.removeEventListener('abort', onGone);
  }
}

function isPass(decision: unknown): decision is GatewayDecision & { kind: 'pass' } {
  return (
    typeof decision === 'object' &&
    decision !== null &&
    'kind' in decision &&
    decision.kind === 'pass' &&
    'done' in decision &&
    typeof decision.done === 'function'
  );
}

function isRefusal(decision: GatewayDecision): boolean {
  return (
    decision?.kind === 'refuse' &&
    Number.isInteger(decision.status) &&
    decision.status >= 400 &&
    decision.status <= 599 &&
    typeof decision.problem?.detail === 'string'
  );
}

export function record(gateway: Gateway, decision: GatewayDecision & { kind: 'pass' }, outcome: GatewayOutcome): void {
  const recording = (async () => decision.done(outcome))()
    .catch((error: unknown) => gateway.options.onRecordFailure?.(error))
    .finally(() => gateway.recording.delete(recording));
  gateway.recording.add(recording);
}
