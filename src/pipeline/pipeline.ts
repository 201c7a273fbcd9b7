import type { Approval } from '../core/approval.ts';
import { refusedWays } from '../core/denial.ts';
import type { Evidence } from '../core/evidence.ts';
import type { Receipt } from '../core/receipt.ts';
import type { SafeguardTaken } from '../core/safeguard.ts';
import type { Reader } from '../languages/reading.ts';
import type { Approver } from '../ports/approver.ts';
import type { Clock } from '../ports/clock.ts';
import type { DecisionLog } from '../ports/decision-log.ts';
import type { Executor } from '../ports/executor.ts';
import type { PolicyEngine } from '../ports/policy-engine.ts';
import type { Safeguarder } from '../ports/safeguard.ts';
import type { HoldRecord, Store } from '../ports/store.ts';
import type { Verifier } from '../ports/verifier.ts';
import {
  type Acceptance,
  acceptApproval,
  approve,
  DEFAULT_LIFETIME_MS,
  differences,
  expireOverdue,
} from './approve.ts';
import { authorize, reauthorize } from './authorize.ts';
import { begin } from './begin.ts';
import { classify } from './classify.ts';
import { decide } from './decide.ts';
import { execute } from './execute.ts';
import { floor } from './floor.ts';
import { observe, type RawAttempt } from './observe.ts';
import { intentPayload, notStarted, refusalDraft } from './payload.ts';
import { type AnyJudged, type Authorization, isRefused, type Judged, type Refused } from './products.ts';
import { record } from './record.ts';
import { safeguard } from './safeguard.ts';
import { verify } from './verify.ts';

export interface JudgePorts {
  readonly read: Reader;
  readonly verifiers: readonly Verifier[];
  /** Layers above the floor. The floor is always there and always first. */
  readonly engines: readonly PolicyEngine[];
  readonly approver: Pick<Approver, 'exceptions'>;
  readonly safeguarders: readonly Safeguarder[];
  readonly store: Pick<Store, 'denials'>;
  readonly clock: Clock;
  mode(): 'shadow' | 'enforce';
  /** Sees each verdict with all that it was made from. */
  readonly decisions?: Pick<DecisionLog, 'record'>;
  readonly verifyTimeoutMs?: number;
}

export interface PipelinePorts extends JudgePorts {
  readonly approver: Approver;
  readonly store: Store;
  /** 32 random bytes as lower-case hex. */
  nonce(): string;
  readonly approvalLifetimeMs?: number;
}

/** `ran`: through all stages. `receipt` is undefined where the outcome is reported later, against `intent`. */
export interface Ran {
  readonly kind: 'ran';
  readonly judged: AnyJudged;
  readonly intent: Promise<Receipt>;
  readonly taken: readonly SafeguardTaken[];
  readonly receipt: Receipt | undefined;
}

export interface Pipeline {
  /** Stages one to four: judges and changes nothing. */
  readonly judge: Judge;
  /** Stages five to nine, for what `judge` made. Refusals are on the record before this resolves. */
  proceed(raw: RawAttempt, judged: AnyJudged | Refused, executor: Executor): Promise<Ran | Refused>;
  /** The standing approval of what is held, not spent yet; else the hold is opened and goes on the record. */
  standing(raw: RawAttempt, judged: Judged<'hold'>): Promise<HoldRecord | Refused>;
  /** All stages. */
  run(raw: RawAttempt, executor: Executor): Promise<Ran | Refused>;
  /** A person's approval of an open hold. */
  accept(approval: Approval): Promise<Acceptance>;
  /** Ends the holds whose time is over. */
  expire(nowMs: number, rolledBack: boolean): Promise<void>;
}

export type Judge = (raw: RawAttempt) => Promise<AnyJudged | Refused>;

/** Stages one to four alone: judges and changes nothing. */
export function makeJudge(ports: JudgePorts): Judge {
  const engines: readonly PolicyEngine[] = [floor, ...ports.engines];
  return async (raw) => {
    const observed = observe(raw, ports.clock.nowMs());
    if (isRefused(observed)) return observed;
    const reclassify = (evidence: readonly Evidence[]) => classify(observed, evidence, ports.read);
    const verified = await verify(reclassify([]), reclassify, ports);
    const nowMs = ports.clock.nowMs();
    return decide(verified, {
      engines,
      safeguarders: ports.safeguarders,
      exceptions: await ports.approver.exceptions(nowMs),
      denials: await ports.store.denials(raw.origin.task),
      nowMs,
      mode: ports.mode(),
      monotonicMs: () => ports.clock.monotonicMs(),
      ...(ports.decisions === undefined ? {} : { decisions: ports.decisions }),
    });
  };
}

/** The stages in their order; the table of contents of this folder. */
export function makePipeline(ports: PipelinePorts): Pipeline {
  const judge = makeJudge(ports);

  /** From a verdict to permission: policy's own, or a person's that still fits. */
  async function permit(judged: AnyJudged): Promise<Authorization | Refused> {
    switch (judged.says) {
      case 'allow':
        return authorize(judged);
      case 'deny': {
        const finding = judged.verdict.findings.find((one) => one.says === 'deny');
        return {
          kind: 'refused',
          says: 'deny',
          rule: finding?.rule ?? 'floor/deny',
          reason: finding?.reason ?? 'policy denies it',
        };
      }
      case 'hold': {
        const approved = await approve(judged, ports.clock.nowMs(), approvePorts);
        if (isRefused(approved)) return approved;
        return reauthorize(approved, judged, differences(approved.hold.claim, judged), ports.store);
      }
      default:
        return judged satisfies never;
    }
  }

  const approvePorts = {
    store: ports.store,
    approver: ports.approver,
    nonce: () => ports.nonce(),
    lifetimeMs: ports.approvalLifetimeMs ?? DEFAULT_LIFETIME_MS,
  };

  async function refuse(raw: RawAttempt, refusal: Refused, judged: AnyJudged | undefined): Promise<Refused> {
    await ports.store.append(refusalDraft(raw, refusal, judged, ports.clock.nowMs()));
    return refusal;
  }

  /** Another way to what is refused counts for the task, over a restart too. */
  async function countWay(judged: Judged<'deny'>): Promise<void> {
    const denials = await ports.store.denials(judged.attempt.task);
    for (const way of refusedWays(judged, denials, ports.clock.nowMs())) await ports.store.addDenial(way);
  }

  async function proceed(raw: RawAttempt, judged: AnyJudged | Refused, executor: Executor): Promise<Ran | Refused> {
    if (isRefused(judged)) return refuse(raw, judged, undefined);
    const permission = await permit(judged);
    if (isRefused(permission)) {
      if (judged.says === 'deny') await countWay(judged);
      return refuse(raw, permission, judged);
    }
    const begun = await begin(permission, ports.clock.nowMs(), intentPayload(judged), ports.store);
    if (isRefused(begun)) return refuse(raw, begun, judged);
    const safe = await safeguard(begun, ports.safeguarders);
    if (isRefused(safe)) {
      await ports.store.append(notStarted(judged.attempt, await begun.intent, safe, ports.clock.nowMs()));
      return safe;
    }
    const executed = await execute(safe, executor);
    const receipt = await record(executed, ports.clock.nowMs(), ports.store);
    return { kind: 'ran', judged, intent: begun.intent, taken: safe.taken, receipt };
  }

  return {
    judge,
    proceed,
    async standing(raw, judged) {
      const approved = await approve(judged, ports.clock.nowMs(), approvePorts);
      if (isRefused(approved)) return refuse(raw, approved, judged);
      const permission = await reauthorize(approved, judged, differences(approved.hold.claim, judged), ports.store);
      return isRefused(permission) ? refuse(raw, permission, judged) : approved.hold;
    },
    run: async (raw, executor) => proceed(raw, await judge(raw), executor),
    expire: (nowMs, rolledBack) => expireOverdue(ports.store, nowMs, rolledBack),
    accept: (approval) => acceptApproval(approval, ports.clock.nowMs(), ports),
  };
}
