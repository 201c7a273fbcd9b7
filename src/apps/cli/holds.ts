import { canonicalJson } from '../../core/canonical-json.ts';
import { visibleText } from '../../core/visible-text.ts';
import type { HoldView } from '../daemon/service.ts';
import type { Paths } from '../paths.ts';
import { ask, type Reply } from './client.ts';
import { ADVISORY, EXIT, type Io } from './io.ts';
import { renderCard, renderOptions } from './render-card.ts';

export interface HoldDeps {
  readonly paths: Paths;
  /** Asks the person for a signature over the claim; opens a key for this one signature. */
  signClaim(
    hold: HoldView,
    key: string | undefined,
  ): Promise<{ readonly ok: true; readonly armored: string } | { readonly ok: false; readonly why: string }>;
}

export const HOLD_ID = /^h-[a-z2-7]{8}$/;

/** `holdpoint holds [--all] [--json]` */
export async function runHolds(args: readonly string[], io: Io, deps: HoldDeps): Promise<number> {
  const json = args.includes('--json');
  const all = args.includes('--all');
  const odd = args.find((arg) => arg !== '--json' && arg !== '--all');
  if (odd !== undefined) return usage(io, `holds: unknown argument \`${odd}\``);
  const reply = await ask(deps.paths, { op: 'holds', all });
  if (!reply.ok) return failed(io, reply);
  const holds = reply.holds as readonly HoldView[];
  if (json) io.out(`${JSON.stringify(holds)}\n`);
  else if (holds.length === 0) io.out(all ? 'no holds\n' : 'nothing waits\n');
  else
    for (const hold of holds)
      io.out(`${hold.id}  ${hold.state.padEnd(9)} ${left(hold).padEnd(9)} ${hold.card.sentence}\n`);
  return EXIT.ok;
}

/** `holdpoint show ID [--json | --claim]`. `--claim` prints the very bytes that are signed, for a signature made elsewhere. */
export async function runShow(args: readonly string[], io: Io, deps: HoldDeps): Promise<number> {
  const json = args.includes('--json');
  const claim = args.includes('--claim');
  const [id, ...rest] = args.filter((arg) => arg !== '--json' && arg !== '--claim');
  if (id === undefined || rest.length > 0 || !HOLD_ID.test(id))
    return usage(io, 'show: give one hold, such as `h-abcd2345`');
  const reply = await ask(deps.paths, { op: 'show', id });
  if (!reply.ok) return failed(io, reply);
  const hold = reply.hold as HoldView;
  if (claim) io.out(canonicalJson(hold.claim));
  else io.out(json ? `${JSON.stringify(hold)}\n` : `${holdText(hold, io)}${trustLine(deps.paths)}`);
  return EXIT.ok;
}

/** `holdpoint approve ID [--key NAME] [--signature FILE]...` */
export async function runApprove(
  args: readonly string[],
  io: Io,
  deps: HoldDeps & { readFile(path: string): string | undefined },
): Promise<number> {
  let id: string | undefined;
  let key: string | undefined;
  const files: string[] = [];
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    const value = args[i + 1];
    if (arg === '--key' || arg === '--signature') {
      if (value === undefined)
        return usage(io, `approve: \`${arg}\` takes ${arg === '--key' ? 'a name or a file' : 'a file'}`);
      if (arg === '--key') key = value;
      else files.push(value);
      i += 1;
    } else if (id === undefined && HOLD_ID.test(arg)) id = arg;
    else return usage(io, `approve: cannot use \`${arg}\`; give one hold, such as \`h-abcd2345\``);
  }
  if (id === undefined) return usage(io, 'approve: which hold? `holdpoint holds` lists them');
  const shown = await ask(deps.paths, { op: 'show', id });
  if (!shown.ok) return failed(io, shown);
  const hold = shown.hold as HoldView;
  if (hold.state !== 'open') {
    io.err(`holdpoint: hold ${id} is ${hold.state}${hold.say === undefined ? '' : `: ${hold.say}`}\n`);
    return EXIT.failed;
  }
  const signatures: string[] = [];
  for (const file of files) {
    const text = deps.readFile(file);
    if (text === undefined) return usage(io, `approve: cannot read \`${file}\``);
    signatures.push(text);
  }
  if (signatures.length === 0) {
    io.err(`${holdText(hold, io)}${trustLine(deps.paths)}`);
    const signed = await deps.signClaim(hold, key);
    if (!signed.ok) {
      io.err(`holdpoint: not approved: ${signed.why}\n`);
      return EXIT.deny;
    }
    signatures.push(signed.armored);
  }
  const reply = await ask(deps.paths, { op: 'approve', id, signatures });
  if (!reply.ok) return failed(io, reply);
  const signers = (reply.signers as readonly { name: string; presence: string }[]).map(
    (one) => `${one.name} (${one.presence})`,
  );
  io.out(`approved ${id}, signed by ${signers.join(', ')}; the agent repeats the same call within ${left(hold)}\n`);
  return EXIT.ok;
}

/** `holdpoint deny ID [--say TEXT]` */
export async function runDeny(args: readonly string[], io: Io, deps: HoldDeps): Promise<number> {
  const [id, flag, say, ...rest] = args;
  if (
    id === undefined ||
    !HOLD_ID.test(id) ||
    rest.length > 0 ||
    (flag !== undefined && (flag !== '--say' || say === undefined))
  ) {
    return usage(io, 'deny: `holdpoint deny h-abcd2345 --say "why"`');
  }
  const reply = await ask(deps.paths, { op: 'deny', id, say: say ?? '' });
  if (!reply.ok) return failed(io, reply);
  io.out(`denied ${id}; other ways to the same effect are refused for this task too\n`);
  return EXIT.ok;
}

/** A card is only as good as the program that shows it. */
function trustLine(paths: Paths): string {
  return paths.trust === 'advisory' ? `trust         ${ADVISORY}\n` : '';
}

export function holdText(hold: HoldView, io: Io): string {
  const signed =
    hold.signers.length === 0
      ? ''
      : `signed by     ${hold.signers.map((one) => `${one.name} (${one.presence})`).join(', ')}\n`;
  const said = hold.say === undefined ? '' : `said          ${hold.say}\n`;
  const state = `hold ${hold.id}, ${hold.state}${hold.state === 'open' || hold.state === 'approved' ? `, ${left(hold)} left` : ''}\n`;
  return `${state}${renderCard(hold.card, renderOptions(io))}${signed}${said}`;
}

function left(hold: HoldView): string {
  const seconds = Math.max(0, Math.round((hold.expiresAtMs - Date.now()) / 1000));
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export function usage(io: Io, text: string): number {
  io.err(`holdpoint ${text}\n`);
  return EXIT.usage;
}

export function failed(io: Io, reply: Extract<Reply, { ok: false }>): number {
  io.err(`holdpoint: ${visibleText(reply.error)}\n`);
  return reply.down === true ? EXIT.unavailable : EXIT.failed;
}
