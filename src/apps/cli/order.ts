import type { Json } from '../../core/canonical-json.ts';
import type { Order } from '../../ports/people.ts';
import type { HoldView } from '../daemon/service.ts';
import type { Paths } from '../paths.ts';
import { ask, askAsOwner, type Reply } from './client.ts';
import { failed, HOLD_ID, usage } from './holds.ts';
import { EXIT, type Io } from './io.ts';

export interface OrderDeps {
  readonly paths: Paths;
  /** Asks the person for a signature over a statement. */
  sign(
    statement: { readonly [key: string]: Json },
    key: string | undefined,
  ): Promise<{ readonly ok: true; readonly armored: string } | { readonly ok: false; readonly why: string }>;
  nowMs(): number;
}

/** Sends what only a person may ask for: by root's own socket in a system installation, else with a signature. */
export async function askSigned(
  request: object,
  order: Order,
  key: string | undefined,
  deps: OrderDeps,
): Promise<Reply> {
  if (deps.paths.system !== undefined) return askAsOwner(deps.paths, request);
  const statement = { type: 'holdpoint/order/v1', ...order, atMs: deps.nowMs() };
  const signed = await deps.sign(statement, key);
  if (!signed.ok) return { ok: false, error: `not signed: ${signed.why}` };
  return ask(deps.paths, { ...request, order: JSON.stringify({ statement, signature: signed.armored }) });
}

/** `holdpoint reopen ID | --task NAME [--key NAME|FILE]`: forgets what was denied for a task, and opens its door. */
export async function runReopen(args: readonly string[], io: Io, deps: OrderDeps): Promise<number> {
  const named = args[0] === '--task';
  const [id, flag, key, ...rest] = named ? args.slice(1) : args;
  if (
    id === undefined ||
    (!named && !HOLD_ID.test(id)) ||
    rest.length > 0 ||
    (flag !== undefined && (flag !== '--key' || key === undefined))
  )
    return usage(io, 'reopen: `holdpoint reopen h-abcd2345 [--key NAME]`, or `--task NAME` in place of the hold');
  const shown = named ? undefined : await ask(deps.paths, { op: 'show', id });
  if (shown?.ok === false) return failed(io, shown);
  const task = shown === undefined ? id : (shown.hold as HoldView).task;
  const reply = await askSigned({ op: 'reopen', task }, { order: 'reopen', subject: task }, key, deps);
  if (!reply.ok) return failed(io, reply);
  io.out(`forgot ${String(reply.forgotten)} refusals of that task; each effect is asked about again\n`);
  return EXIT.ok;
}
