import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { EXCEPTION_LIFETIME_MAX_MS, POLICY_ERROR } from '../../core/exception.ts';
import { LIMITS } from '../../core/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { People } from '../../ports/people.ts';
import { type Reloaded, showProblem } from '../../ports/policy-layers.ts';
import type { RegoSources } from '../../ports/policy-tools.ts';
import { replaceFile } from '../cli/install/replace-file.ts';
import type { Policy, PolicyReport } from '../policy/assemble.ts';
import { namesIn } from '../policy/kept-files.ts';
import { FOLDER_LIMITS } from '../policy/rego-folder.ts';
import { keyOfWorkspace } from '../policy/repository.ts';
import type { Request } from './requests.ts';

type Asked = Extract<
  Request,
  {
    op:
      | 'policy-reload'
      | 'policy-show'
      | 'policy-pinned'
      | 'policy-pin'
      | 'policy-unpin'
      | 'session-add'
      | 'session-list'
      | 'session-drop'
      | 'except'
      | 'except-list'
      | 'except-end';
  }
>;

export type PolicyOps = (request: Asked) => Promise<object>;

export interface PolicyOpsParts {
  readonly policy: Policy;
  readonly people: People;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Holds signed statements. */
  readonly exceptionsDir: string;
  /** An order needs a signature; false where the socket itself shows that root asks. */
  readonly ordersAreSigned: boolean;
}

/** A pre-approval and an exception of each kind of work; past it somebody should clean up. */
const EXCEPTIONS_MAX = 200;
const ENDED = '.ended';

/** What may be asked about policy by whoever reaches the socket. SECURITY: what loosens takes a person's signature. */
export function makePolicyOps({ policy, people, clock, exceptionsDir, ordersAreSigned }: PolicyOpsParts): PolicyOps {
  async function pin(document: string, sources: RegoSources): Promise<object> {
    const size = sources.modules.reduce((sum, one) => sum + one.text.length, 0);
    if (size > FOLDER_LIMITS.bytes) return no(`more than ${FOLDER_LIMITS.bytes} characters of rules`);
    const checked = await policy.pins.check(document, sources);
    if (!checked.ok) return no(`not pinned: ${checked.why}`);
    const { pin, signer } = checked;
    const done = await policy.change({
      pinned: { key: keyOfWorkspace(pin.workspace), pin, signer, sources },
      keep: () => policy.pins.keep(document, sources, pin),
    });
    return done.ok ? { ok: true, workspace: pin.workspace, digest: pin.digest, signer } : refused('not pinned', done);
  }

  async function unpin(workspace: string, order: string | undefined): Promise<object> {
    if (ordersAreSigned && order === undefined) return no('`policy-unpin` takes a signature by a person');
    const dropped = await policy.pins.drop(workspace, ordersAreSigned ? order : undefined);
    if (!dropped.ok) return no(`not done: ${dropped.why}`);
    policy.forget(workspace);
    return reloaded(await policy.reread());
  }

  async function pinned(workspace: string): Promise<object> {
    const { pinned: all } = await policy.pins.read();
    const one = all.find((each) => each.key === keyOfWorkspace(workspace));
    if (one === undefined) return { ok: true };
    if ('fault' in one) return { ok: true, fault: one.fault };
    return { ok: true, pin: { ...one.pin, signer: one.signer, sources: one.sources } };
  }

  async function addSession(request: Extract<Asked, { op: 'session-add' }>): Promise<object> {
    const { task, modules, lifetimeMs } = request;
    const made = policy.sessions.make(task, modules, clock.nowMs(), lifetimeMs);
    if (typeof made === 'string') return no(`not added: ${made}`);
    const done = await policy.change({ session: made, keep: () => policy.sessions.keep(made) });
    return done.ok ? { ok: true, id: made.id, untilMs: made.untilMs } : refused('not added', done);
  }

  async function dropSession(id: string, order: string | undefined): Promise<object> {
    if (ordersAreSigned) {
      if (order === undefined) return no('`session-drop` takes a signature by a person');
      const check = await people.verifyOrder(new TextEncoder().encode(order), {
        order: 'policy-session-drop',
        subject: id,
      });
      if (!check.ok) return no(`not done: ${check.why}`);
      const ageMs = clock.nowMs() - check.atMs;
      if (ageMs < 0 || ageMs > LIMITS.approvalLifetimeMs)
        return no('not done: the signature is not of the last ten minutes');
      const kept = policy.sessions.read(clock.nowMs()).rules.find((one) => one.id === id);
      if (kept !== undefined && 'addedAtMs' in kept && kept.addedAtMs > check.atMs)
        return no('not done: the rules were added again after this was signed');
    }
    if (!policy.sessions.drop(id)) return no(`there are no rules \`${id}\``);
    return reloaded(await policy.reread());
  }

  async function except(document: string): Promise<object> {
    const nowMs = clock.nowMs();
    const bytes = new TextEncoder().encode(document);
    const check = await people.verifyException(bytes, nowMs);
    if (!check.ok) return no(`not kept: ${check.why}`);
    const { exception } = check;
    if (exception.rule === POLICY_ERROR) return no('not kept: a policy that failed is repaired, not excepted');
    if (exception.expiresAtMs - nowMs > EXCEPTION_LIFETIME_MAX_MS)
      return no('not kept: an exception lasts at most 30 days');
    const id = exception.digest.slice(0, 12);
    if (namesIn(exceptionsDir, ENDED).names.includes(`${id}${ENDED}`))
      return no('not kept: this very exception was ended; sign a new one');
    const { names } = namesIn(exceptionsDir, '.json');
    if (names.length >= EXCEPTIONS_MAX && !names.includes(`${id}.json`))
      return no(`not kept: there are ${EXCEPTIONS_MAX} exceptions already; end some`);
    mkdirSync(exceptionsDir, { recursive: true, mode: 0o700 });
    replaceFile(path.join(exceptionsDir, `${id}.json`), document, 0o600);
    return { ok: true, id, signer: exception.signer };
  }

  async function listExceptions(): Promise<object> {
    const kept = await people.keptExceptions(clock.nowMs());
    return {
      ok: true,
      exceptions: kept.map(({ id, check }) => (check.ok ? { id, ...check.exception } : { id, ignored: check.why })),
    };
  }

  async function endException(id: string): Promise<object> {
    const kept = (await people.keptExceptions(clock.nowMs())).find((one) => one.id === id);
    if (kept === undefined) return no(`there is no exception \`${id}\``);
    // What was signed once is good until it expires, and somebody may have kept it.
    if (kept.check.ok)
      replaceFile(path.join(exceptionsDir, `${kept.check.exception.digest.slice(0, 12)}${ENDED}`), '', 0o600);
    rmSync(kept.file, { force: true });
    return { ok: true };
  }

  return async (request) => {
    switch (request.op) {
      case 'policy-reload':
        return reloaded(await policy.reload());
      case 'policy-show':
        return { ok: true, policy: await policy.report() };
      case 'policy-pinned':
        return pinned(request.workspace);
      case 'policy-pin': {
        const { document, modules, data } = request;
        return pin(document, {
          modules,
          ...(data === undefined ? {} : { data: data as NonNullable<RegoSources['data']> }),
        });
      }
      case 'policy-unpin':
        return unpin(request.workspace, request.order);
      case 'session-add':
        return addSession(request);
      case 'session-list':
        return { ok: true, sessions: policy.sessions.read(clock.nowMs()).rules };
      case 'session-drop':
        return dropSession(request.id, request.order);
      case 'except':
        return except(request.document);
      case 'except-list':
        return listExceptions();
      case 'except-end':
        return endException(request.id);
      default:
        return request satisfies never;
    }
  };
}

/** For `status`: one line, and what is wrong. */
export function policySummary(report: PolicyReport, lostDecisions: number): object {
  const counts = new Map<string, number>();
  for (const { layer } of report.layers) counts.set(layer, (counts.get(layer) ?? 0) + 1);
  const names = [...counts].map(([layer, count]) => (count === 1 ? layer : `${count} × ${layer}`));
  return {
    words: `preset ${report.preset}; floor, ${names.join(', ')}`,
    troubles: [
      ...report.reload.problems.map(
        (one) => `NOT RELOADED at ${new Date(report.reload.atMs).toISOString()}, the last good one stays: ${one}`,
      ),
      ...report.troubles,
      ...report.faults,
      ...report.drifted.map((one) => `${one}: the working tree differs from the pinned policy, which is in force`),
      ...(lostDecisions === 0 ? [] : [`${lostDecisions} decisions could not be kept for \`holdpoint policy try\``]),
    ],
  };
}

function reloaded(done: Reloaded): object {
  return done.ok ? { ok: true } : refused('the last good policy stays in force', done);
}

function refused(what: string, { problems }: Extract<Reloaded, { ok: false }>): object {
  return { ok: false, error: `${what}: ${problems.map(showProblem).join('; ')}`, problems };
}

function no(error: string): object {
  return { ok: false, error };
}
