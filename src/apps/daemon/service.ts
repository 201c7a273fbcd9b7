import type { Signature } from '../../core/approval.ts';
import type { Action, Origin } from '../../core/attempt.ts';
import type { Json } from '../../core/canonical-json.ts';
import { type Card, cardOf } from '../../core/card.ts';
import { claimDigest, claimJson } from '../../core/hold.ts';
import type { Outcome, Receipt } from '../../core/receipt.ts';
import { visibleText } from '../../core/visible-text.ts';
import type { RawAttempt } from '../../pipeline/observe.ts';
import { outcomePayload } from '../../pipeline/payload.ts';
import type { Pipeline, Ran } from '../../pipeline/pipeline.ts';
import { type AnyJudged, isRefused, type Refused } from '../../pipeline/products.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Executor } from '../../ports/executor.ts';
import type { HoldRecord, ReceiptFilter, Store } from '../../ports/store.ts';
import { keyIdOf, parseArmoredSshsig } from '../../protocols/sshsig/index.ts';
import { messageForAgent } from '../advice.ts';
import { newAttemptId, workspaceOf } from './origin.ts';
import { makeTickets } from './tickets.ts';

export interface ServicePorts {
  readonly pipeline: Pipeline;
  readonly store: Store;
  readonly clock: Clock;
  /** The account that the daemon serves. */
  readonly person: string;
  /** Hands the act to whoever asked; the outcome comes later. */
  readonly release: Executor;
  /** Sees every attempt before it is judged: keeps what a command carries as its credential, for the verifiers. */
  onAttempt(attemptId: string, action: Action): void;
  /** Tells the memory of tasks which files an attempt has made. */
  onDone(judged: AnyJudged): void;
}

/** What the exec client needs to run exactly the judged bytes, and to report. */
export interface Release {
  readonly kind: 'release';
  readonly action: { readonly kind: Action['kind']; readonly base64: string; readonly cwd: string };
  readonly report: string;
}

export type BeginAnswer =
  | Release
  | {
      readonly kind: 'refused';
      readonly says: 'hold' | 'deny';
      readonly rule: string;
      readonly reason: string;
      readonly message: string;
      readonly hold?: HoldView;
    };

/** A hold as people and clients see it. */
export interface HoldView {
  readonly id: string;
  readonly state: HoldRecord['state'];
  readonly openedAtMs: number;
  readonly expiresAtMs: number;
  readonly card: Card;
  readonly claim: Json;
  readonly task: string;
  readonly signers: readonly { readonly name: string; readonly presence: string }[];
  readonly say?: string;
}

const TICKET_LIFETIME_MS = 10 * 60 * 1000;
const REPORT_LIFETIME_MS = 24 * 60 * 60 * 1000;

export type Service = ReturnType<typeof makeService>;

/** The engine that every door asks. One instance a daemon. */
export function makeService(ports: ServicePorts) {
  const { pipeline, store, clock } = ports;
  const tickets = makeTickets<{ readonly hold: string }>(TICKET_LIFETIME_MS, 10_000);
  const reports = makeTickets<{ readonly receipt: Receipt; readonly judged: AnyJudged; readonly taken: Ran['taken'] }>(
    REPORT_LIFETIME_MS,
    10_000,
  );

  function raw(action: Action, origin: Origin, statedPurpose?: string): RawAttempt {
    const id = newAttemptId();
    ports.onAttempt(id, action);
    return { id, action, origin, ...(statedPurpose === undefined ? {} : { statedPurpose }) };
  }

  function shellAttempt(
    command: string,
    cwd: string,
    origin: { agent: string; task: string; workspace: string },
    purpose?: string,
  ): RawAttempt {
    return raw(
      { kind: 'shell', bytes: new TextEncoder().encode(command), cwd },
      // SECURITY: the workspace is where the command runs; one that the client names would choose whose exceptions hold.
      { door: 'cli', person: ports.person, ...origin, workspace: workspaceOf(cwd) },
      purpose,
    );
  }

  async function release(ran: Ran): Promise<Release> {
    const { action } = ran.judged.attempt;
    const report = reports.issue({ receipt: await ran.intent, judged: ran.judged, taken: ran.taken }, clock.nowMs());
    return {
      kind: 'release',
      action: { kind: action.kind, base64: Buffer.from(action.bytes).toString('base64'), cwd: action.cwd ?? '' },
      report,
    };
  }

  function refusalAnswer(refusal: Refused, judged: AnyJudged | undefined): BeginAnswer {
    const { says, rule, reason, hold } = refusal;
    return {
      kind: 'refused',
      says,
      rule,
      reason,
      message: messageForAgent(refusal, judged),
      ...(hold === undefined ? {} : { hold: viewOf(hold) }),
    };
  }

  async function beginRaw(attempt: RawAttempt): Promise<BeginAnswer> {
    const judged = await pipeline.judge(attempt);
    const ran = await pipeline.proceed(attempt, judged, ports.release);
    return isRefused(ran) ? refusalAnswer(ran, isRefused(judged) ? undefined : judged) : release(ran);
  }

  async function report(
    receipt: Receipt,
    judged: AnyJudged,
    outcome: Outcome,
    detail: Json,
    taken: Ran['taken'],
  ): Promise<void> {
    const { id, key } = judged.attempt;
    await store.append({
      kind: 'outcome',
      attemptId: id,
      attemptKey: key,
      atMs: clock.nowMs(),
      intent: receipt.index,
      outcome,
      payload: outcomePayload(detail, taken),
    });
    if (outcome === 'done') ports.onDone(judged);
  }

  return {
    raw,
    shellAttempt,
    beginRaw,
    refusalAnswer,
    pipeline,
    store,
    clock,
    person: ports.person,
    report,
    releaser: ports.release,
    issueTicket: (hold: string) => tickets.issue({ hold }, clock.nowMs()),

    async ask(
      command: string,
      cwd: string,
      because: string,
      origin: { agent: string; task: string; workspace: string },
    ) {
      const attempt = shellAttempt(command, cwd, origin, because);
      const judged = await pipeline.judge(attempt);
      if (isRefused(judged)) return refusalAnswer(judged, undefined);
      const card = cardOf({ ...judged, text: command });
      if (judged.says === 'allow') return { kind: 'allowed' as const, card };
      if (judged.says === 'deny') return { kind: 'denied' as const, card };
      const standing = await pipeline.standing(attempt, judged);
      if (!isRefused(standing)) return { kind: 'approved' as const, hold: viewOf(standing) };
      return standing.hold === undefined
        ? refusalAnswer(standing, judged)
        : { kind: 'held' as const, hold: viewOf(standing.hold) };
    },

    begin: (command: string, cwd: string, origin: { agent: string; task: string; workspace: string }) =>
      beginRaw(shellAttempt(command, cwd, origin)),

    /** The repeat of an approved call, by its ticket: judged afresh with the very same bytes and origin. */
    async beginHold(id: string, ticket: string): Promise<BeginAnswer | { readonly kind: 'no-ticket' }> {
      const entry = tickets.redeem(ticket, clock.nowMs());
      const hold = entry?.hold === id ? await store.hold(id) : undefined;
      if (hold === undefined) return { kind: 'no-ticket' };
      const { action, door, person, agent, task, workspace, statedPurpose } = hold.attempt;
      return beginRaw(raw(action, { door, person, agent, task, workspace }, statedPurpose));
    },

    async outcome(token: string, outcome: Outcome, detail: Json): Promise<boolean> {
      const entry = reports.redeem(token, clock.nowMs());
      if (entry === undefined) return false;
      await report(entry.receipt, entry.judged, outcome, detail, entry.taken);
      return true;
    },

    async holds(all: boolean): Promise<readonly HoldView[]> {
      await sweep();
      return (await store.holds(all ? { limit: 200 } : { states: ['open', 'approved'] })).map(viewOf);
    },

    async show(id: string): Promise<HoldView | undefined> {
      await sweep();
      const hold = await store.hold(id);
      return hold === undefined ? undefined : viewOf(hold);
    },

    async approve(id: string, armored: readonly string[]) {
      const hold = await store.hold(id);
      if (hold === undefined) return { ok: false as const, why: `no hold \`${id}\`` };
      const signatures: Signature[] = [];
      for (const text of armored) {
        const bytes = new TextEncoder().encode(text);
        const parsed = parseArmoredSshsig(bytes);
        if (!parsed.ok) return { ok: false as const, why: `not an SSH signature: ${parsed.why}` };
        signatures.push({ key: keyIdOf(parsed.sshsig.publicKey), format: 'sshsig', bytes });
      }
      return pipeline.accept({ hold: id, claim: claimDigest(hold.claim), signatures });
    },

    /** A refusal by a person is remembered for the task, about the effect and its target. */
    async deny(id: string, say: string): Promise<boolean> {
      const hold = await store.hold(id);
      if (hold === undefined) return false;
      const settled = await store.settleHold(id, ['open', 'approved'], 'denied', { say });
      if (!settled) return false;
      for (const finding of hold.verdict.findings) {
        const effect = hold.effects[finding.effect];
        if (finding.says === 'allow' || effect === undefined || !('known' in effect.target)) continue;
        await store.addDenial({
          task: hold.attempt.task,
          verb: effect.verb,
          target: effect.target.known,
          rule: finding.rule,
          atMs: clock.nowMs(),
          attempt: hold.attempt.key,
          hold: id,
          ...(say === '' ? {} : { say }),
        });
      }
      return true;
    },

    withdraw: (id: string) =>
      store.settleHold(id, ['open', 'approved'], 'withdrawn', { say: 'withdrawn by the one who asked' }),
    log: (filter: ReceiptFilter) => store.receipts(filter),
    checkpoint: () => store.checkpoint(),
  };

  async function sweep(): Promise<void> {
    const time = await store.advanceTime(clock.nowMs());
    await pipeline.expire(time.nowMs, time.rolledBack);
  }
}

export function viewOf(hold: HoldRecord): HoldView {
  return {
    id: hold.id,
    state: hold.state,
    openedAtMs: hold.openedAtMs,
    expiresAtMs: hold.claim.expiresAtMs,
    card: cardOf({ ...hold, text: new TextDecoder().decode(hold.attempt.action.bytes) }),
    claim: claimJson(hold.claim),
    task: hold.attempt.task,
    signers: (hold.signers ?? []).map((one) => ({ ...one })),
    // Whoever reaches the socket may have said it, and it is shown on terminals.
    ...(hold.say === undefined ? {} : { say: visibleText(hold.say) }),
  };
}
