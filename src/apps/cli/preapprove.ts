import type { Json } from '../../core/canonical-json.ts';
import { digestOfEffects } from '../../core/effect.ts';
import { isRefused } from '../../pipeline/products.ts';
import { type CheckDeps, makeAction, rawOf } from './check.ts';
import { joinWords } from './exec.ts';
import { usage } from './holds.ts';
import { EXIT, type Io } from './io.ts';

export interface PreapproveDeps extends CheckDeps {
  sign(
    statement: { readonly [key: string]: Json },
    key: string | undefined,
  ): Promise<{ readonly ok: true; readonly armored: string } | { readonly ok: false; readonly why: string }>;
  nowMs(): number;
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `holdpoint preapprove --commit SHA --job NAME [--uses N] [--for 1h] [--key NAME] --because TEXT -- COMMAND` */
export async function runPreapprove(args: readonly string[], io: Io, deps: PreapproveDeps): Promise<number> {
  const split = args.indexOf('--');
  const words = split === -1 ? [] : args.slice(split + 1);
  const given = new Map<string, string>();
  const options = split === -1 ? args : args.slice(0, split);
  for (let i = 0; i < options.length; i += 2) {
    const [name, value] = [options[i] ?? '', options[i + 1]];
    if (!['--commit', '--job', '--uses', '--for', '--because', '--key'].includes(name))
      return usage(io, `preapprove: cannot use \`${name}\`; see \`holdpoint help preapprove\``);
    if (value === undefined || given.has(name)) return usage(io, `preapprove: \`${name}\` takes one value, once`);
    given.set(name, value);
  }
  const commit = given.get('--commit') ?? '';
  const job = given.get('--job') ?? '';
  const because = given.get('--because') ?? '';
  const uses = Number(given.get('--uses') ?? '1');
  const span = /^(\d+)([mhd])$/.exec(given.get('--for') ?? '1h');
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit))
    return usage(io, 'preapprove: `--commit` takes a full commit hash, such as `git rev-parse HEAD` prints');
  if (job === '' || because === '' || words.length === 0)
    return usage(io, 'preapprove: `--job`, `--because` and a command after `--` are needed');
  if (!Number.isInteger(uses) || uses < 1 || uses > 1000 || span === null)
    return usage(io, 'preapprove: `--uses` takes 1 to 1000, `--for` a time such as `30m`, `1h` or `2d`');
  const command = joinWords(words);
  const made = makeAction('shell', command, io.cwd, undefined);
  if (!made.ok) return usage(io, `preapprove: ${made.error}`);
  const judged = await deps.judge(rawOf(made.action, deps, io.cwd), undefined);
  if (isRefused(judged) || judged.says !== 'hold') {
    io.err(`holdpoint: nothing to sign: this is ${isRefused(judged) ? 'refused' : judged.says} as it stands\n`);
    return EXIT.failed;
  }
  const statement = {
    type: 'holdpoint/preapproval/v1',
    effects: digestOfEffects(judged.effects),
    commit,
    job,
    uses,
    expiresAtMs: deps.nowMs() + Number(span[1]) * (UNIT_MS[span[2] ?? ''] ?? 0),
    because,
  };
  for (const effect of judged.effects) io.err(`  ${effect.summary}\n`);
  const signed = await deps.sign(statement, given.get('--key'));
  if (!signed.ok) {
    io.err(`holdpoint: not signed: ${signed.why}\n`);
    return EXIT.deny;
  }
  io.out(`${JSON.stringify({ statement, signature: signed.armored })}\n`);
  return EXIT.ok;
}
