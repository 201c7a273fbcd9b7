import { visibleText } from '../../core/visible-text.ts';
import type { ReceiptRecord } from '../../ports/store.ts';
import type { Paths } from '../paths.ts';
import { ask } from './client.ts';
import { failed, usage } from './holds.ts';
import { EXIT, type Io } from './io.ts';
import { askSigned, type OrderDeps } from './order.ts';

const FOLLOW_MS = 500;
const PAGE = 1_000;

/** `holdpoint log [--json] [--follow] [--kind K] [--since 2h] [--limit N]`, `holdpoint log checkpoint`, `holdpoint log erase INDEX [--key NAME|FILE]` */
export async function runLog(args: readonly string[], io: Io, deps: OrderDeps): Promise<number> {
  const { paths } = deps;
  const [first, second, flag, key] = args;
  if (first === 'checkpoint' && args.length === 1) {
    const reply = await ask(paths, { op: 'checkpoint' });
    if (!reply.ok) return failed(io, reply);
    io.out(String(reply.checkpoint));
    return EXIT.ok;
  }
  const keyed = args.length === 4 && flag === '--key';
  if (first === 'erase' && second !== undefined && /^\d{1,15}$/.test(second) && (args.length === 2 || keyed)) {
    const index = Number(second);
    const leaf = await leafOf(index, paths);
    if (leaf === undefined) return usage(io, `log: there is no record ${second} to be seen`);
    const reply = await askSigned({ op: 'erase', index }, { order: 'erase', subject: leaf }, key, deps);
    if (!reply.ok) return failed(io, reply);
    io.out(
      reply.erased === true
        ? `erased the payload of record ${second}; the log still verifies\n`
        : `record ${second} has no payload\n`,
    );
    return EXIT.ok;
  }
  if (first === 'erase')
    return usage(io, 'log: `holdpoint log erase INDEX [--key NAME|FILE]`; `holdpoint log` shows the index');
  if (first === 'checkpoint') return usage(io, 'log: `checkpoint` takes no arguments');
  const options = parseOptions(args);
  if (typeof options === 'string') return usage(io, `log: ${options}`);
  let fromIndex = 0;
  let shown = 0;
  for (;;) {
    const { kind, sinceMs } = options;
    const reply = await ask(paths, {
      op: 'log',
      fromIndex,
      limit: PAGE,
      ...(kind === undefined ? {} : { kind }),
      ...(sinceMs === undefined ? {} : { sinceMs }),
    });
    if (!reply.ok) return failed(io, reply);
    const receipts = reply.receipts as readonly ReceiptRecord[];
    for (const receipt of receipts) {
      io.out(options.json ? `${JSON.stringify(receipt)}\n` : `${lineOf(receipt)}\n`);
      fromIndex = receipt.index + 1;
      shown += 1;
      if (shown >= options.limit) return EXIT.ok;
    }
    if (receipts.length === PAGE) continue;
    if (!options.follow) return EXIT.ok;
    await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS));
  }
}

/** What a signature names. Root's own socket takes none, and asks nothing first. */
async function leafOf(index: number, paths: Paths): Promise<string | undefined> {
  if (paths.system !== undefined) return '';
  const found = await ask(paths, { op: 'log', fromIndex: index, limit: 1 });
  const [record] = found.ok ? (found.receipts as readonly ReceiptRecord[]) : [];
  return record?.index === index ? record.leaf : undefined;
}

interface LogOptions {
  readonly json: boolean;
  readonly follow: boolean;
  readonly kind: string | undefined;
  readonly sinceMs: number | undefined;
  readonly limit: number;
}

function parseOptions(args: readonly string[]): LogOptions | string {
  let json = false;
  let follow = false;
  let kind: string | undefined;
  let sinceMs: number | undefined;
  let limit = Number.POSITIVE_INFINITY;
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    const value = args[i + 1];
    if (arg === '--json') json = true;
    else if (arg === '--follow' || arg === '-f') follow = true;
    else if (arg === '--kind') {
      if (value === undefined || !['refusal', 'intent', 'outcome'].includes(value))
        return '`--kind` takes refusal, intent or outcome';
      kind = args[++i];
    } else if (arg === '--limit') {
      if (value === undefined || !/^[1-9]\d*$/.test(value)) return '`--limit` takes a number from 1';
      limit = Number(args[++i]);
    } else if (arg === '--since') {
      const match = /^(\d+)([smhd])$/.exec(value ?? '');
      if (match === null) return '`--since` takes a number and s, m, h or d, such as `2h`';
      const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] as 's' | 'm' | 'h' | 'd'];
      sinceMs = Date.now() - Number(match[1]) * unitMs;
      i += 1;
    } else return `cannot use \`${arg}\``;
  }
  return { json, follow, kind, sinceMs, limit };
}

function lineOf(receipt: ReceiptRecord): string {
  const time = new Date(receipt.atMs).toISOString();
  const payload = receipt.payload as { action?: { text?: string }; reason?: string; shadowed?: boolean } | undefined;
  const text =
    payload === undefined ? '(erased)' : visibleText(payload.action?.text ?? payload.reason ?? '').slice(0, 120);
  const head = `${String(receipt.index).padStart(6)}  ${time}  `;
  switch (receipt.kind) {
    case 'refusal':
      return `${head}${receipt.says.padEnd(8)} ${receipt.rules.join(', ')}  ${text}`;
    case 'intent':
      return `${head}${payload?.shadowed === true ? 'shadow' : 'intent'}   ${text}`;
    case 'outcome':
      return `${head}${receipt.outcome.padEnd(8)} of ${receipt.intent}`;
    default:
      return receipt satisfies never;
  }
}
