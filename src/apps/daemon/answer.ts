import { exceptingOf } from './excepting.ts';
import type { MapOps } from './map-ops.ts';
import type { Orders } from './orders.ts';
import type { PolicyOps } from './policy-ops.ts';
import { type Request, requestSchema } from './requests.ts';
import type { Service } from './service.ts';
import type { SocketAnswer } from './socket-server.ts';

export interface DaemonFacts {
  status(): Promise<object>;
  /** Ends the daemon after the answer is out. */
  stop(): void;
  agentEnvironment(identity: {
    readonly task: string;
    readonly workspace: string;
    readonly agent: string;
  }): Promise<object>;
  preapprove(request: Extract<Request, { op: 'begin' }>): Promise<object | undefined>;
  readonly orders: Orders;
  readonly policy: PolicyOps;
  readonly map: MapOps;
}

/**
 * Whoever reaches the socket. A system installation's socket is open to every account, and Node cannot tell the peer's
 * uid: so what would weaken the guard is heard only on a second socket, in a folder that nobody else may enter.
 */
export type Caller = 'owner' | 'anyone';

/** One request of the socket's line protocol. The answer is always an object with `ok`. */
export function makeAnswer(
  service: Service,
  facts: DaemonFacts,
  caller: Caller = 'owner',
): (value: unknown) => Promise<SocketAnswer> {
  return async (value) => {
    const parsed = requestSchema.safeParse(value);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const where = issue?.path.join('.') ?? '';
      const why = where === 'op' ? 'no such `op`' : `${where} ${issue?.message ?? ''}`.trim();
      return { kind: 'unreadable', why: `not a request: ${why}` };
    }
    if (caller !== 'owner' && OWNER_ONLY.has(parsed.data.op)) {
      const error = `in a system installation \`${parsed.data.op}\` takes root: use sudo`;
      return { kind: 'answer', value: { ok: false, error } };
    }
    return { kind: 'answer', value: await answer(service, facts, parsed.data) };
  };
}

/** Ends the guard, takes from the record or from the rules, forgets what a person denied, or makes the daemon work. */
const OWNER_ONLY: ReadonlySet<Request['op']> = new Set([
  'stop',
  'erase',
  'reopen',
  'policy-reload',
  'policy-unpin',
  'session-drop',
  'map-remove',
]);

async function answer(service: Service, facts: DaemonFacts, request: Request): Promise<object> {
  switch (request.op) {
    case 'status':
      return { ok: true, status: await facts.status() };
    case 'stop':
      facts.stop();
      return { ok: true };
    case 'holds':
      return { ok: true, holds: await service.holds(request.all === true) };
    case 'show': {
      const hold = await service.show(request.id);
      return hold === undefined ? noHold(request.id) : { ok: true, hold };
    }
    case 'approve': {
      const result = await service.approve(request.id, request.signatures);
      return result.ok ? { ok: true, signers: result.signers } : { ok: false, error: result.why };
    }
    case 'deny':
      return (await service.deny(request.id, request.say)) ? { ok: true } : notOpen(service, request.id);
    case 'withdraw':
      return (await service.withdraw(request.id)) ? { ok: true } : notOpen(service, request.id);
    case 'reopen':
      return facts.orders.reopen(request.task, request.order);
    case 'ask':
      return { ok: true, answer: await service.ask(request.command, request.cwd, request.because, request.origin) };
    case 'begin':
      return {
        ok: true,
        answer:
          (await facts.preapprove(request)) ?? (await service.begin(request.command, request.cwd, request.origin)),
      };
    case 'begin-hold': {
      const result = await service.beginHold(request.id, request.ticket);
      return result.kind === 'no-ticket'
        ? {
            ok: false,
            error: `the ticket for ${request.id} is spent, late or not from this daemon; repeat the original call`,
          }
        : { ok: true, answer: result };
    }
    case 'outcome':
      return (await service.outcome(request.report, request.outcome, request.detail))
        ? { ok: true }
        : { ok: false, error: 'nothing waits for this outcome' };
    case 'log': {
      const { fromIndex, sinceMs, kind, limit } = request;
      const filter = {
        ...(fromIndex === undefined ? {} : { fromIndex }),
        ...(sinceMs === undefined ? {} : { sinceMs }),
        ...(kind === undefined ? {} : { kind }),
        ...(limit === undefined ? {} : { limit }),
      };
      return { ok: true, receipts: await service.log(filter) };
    }
    case 'checkpoint':
      return { ok: true, checkpoint: await service.checkpoint() };
    case 'erase':
      return facts.orders.erase(request.index, request.order);
    case 'except-hold': {
      const hold = await service.store.hold(request.id);
      return hold === undefined ? noHold(request.id) : { ok: true, excepting: exceptingOf(hold) };
    }
    case 'policy-reload':
    case 'policy-show':
    case 'policy-pinned':
    case 'policy-pin':
    case 'policy-unpin':
    case 'session-add':
    case 'session-list':
    case 'session-drop':
    case 'except':
    case 'except-list':
    case 'except-end':
      return facts.policy(request);
    case 'map-list':
    case 'map-set':
    case 'map-remove':
      return facts.map(request);
    case 'agent-environment':
      return { ok: true, environment: await facts.agentEnvironment(request) };
    default:
      return request satisfies never;
  }
}

function noHold(id: string): object {
  return { ok: false, error: `no hold \`${id}\`; \`holdpoint holds --all\` lists them` };
}

async function notOpen(service: Service, id: string): Promise<object> {
  const hold = await service.show(id);
  return hold === undefined ? noHold(id) : { ok: false, error: `hold ${id} is ${hold.state}` };
}
