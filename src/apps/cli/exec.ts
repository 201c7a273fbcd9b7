import type { Execution } from '../../ports/executor.ts';
import type { BeginAnswer, HoldView, Release } from '../daemon/service.ts';
import type { Paths } from '../paths.ts';
import { ask } from './client.ts';
import { failed, holdText, usage } from './holds.ts';
import { EXIT, type Io, originOf } from './io.ts';

export interface ExecDeps {
  readonly paths: Paths;
  workspaceOf(cwd: string): string;
  /** Runs exactly these bytes in this terminal, once. */
  runShell(run: {
    readonly command: Uint8Array;
    readonly cwd: string;
    readonly env: NodeJS.ProcessEnv;
  }): Promise<Execution>;
  readFile(path: string): string | undefined;
  /** Commit of the workspace and identity of the CI job, for pre-approvals. */
  ciIdentity(cwd: string, env: NodeJS.ProcessEnv): { readonly commit: string; readonly job: string };
}

const POLL_MS = 1_000;
/** Before an approved effect begins, what it destroys may be copied: ten minutes at most. */
const BEGIN_TIMEOUT_MS = 11 * 60_000;

/**
 * `holdpoint exec [--socket PATH] ID --ticket T`: runs an approved hold, as the hook's rewrite asks.
 * `holdpoint exec [--preapproval FILE] -- COMMAND`: judges a command and runs it; a hold waits for a person where one
 * is at hand, else prints JSON and exits 20.
 */
export async function runExec(all: readonly string[], io: Io, given: ExecDeps): Promise<number> {
  const [first, socket, ...others] = all;
  // Another daemon's socket only leads to what that daemon lets run; the hook names the one that judged.
  const named = first === '--socket' && socket !== undefined;
  const args = named ? others : all;
  const deps = named ? { ...given, paths: { ...given.paths, socket } } : given;
  const [id, flag, ticket, ...rest] = args;
  if (flag === '--ticket' && id !== undefined && ticket !== undefined && rest.length === 0) {
    const reply = await ask(deps.paths, { op: 'begin-hold', id, ticket }, BEGIN_TIMEOUT_MS);
    if (!reply.ok) return failed(io, reply);
    return finish(reply.answer as BeginAnswer, io, deps);
  }
  const split = args.indexOf('--');
  const options = split === -1 ? args : args.slice(0, split);
  const words = split === -1 ? [] : args.slice(split + 1);
  let preapproval: object | undefined;
  if (options.length > 0) {
    const [name, file, ...more] = options;
    if (name !== '--preapproval' || file === undefined || more.length > 0)
      return usage(io, `exec: cannot use \`${options.join(' ')}\`; see \`holdpoint help exec\``);
    const document = deps.readFile(file);
    if (document === undefined) return usage(io, `exec: cannot read \`${file}\``);
    preapproval = { document, ...deps.ciIdentity(io.cwd, io.env) };
  }
  if (words.length === 0) return usage(io, 'exec: give a command after `--`');
  const command = joinWords(words);
  const begin = {
    op: 'begin',
    command,
    cwd: io.cwd,
    origin: { ...originOf(io.env), workspace: deps.workspaceOf(io.cwd) },
  };
  const reply = await ask(deps.paths, preapproval === undefined ? begin : { ...begin, preapproval }, BEGIN_TIMEOUT_MS);
  if (!reply.ok) return failed(io, reply);
  const answer = reply.answer as BeginAnswer;
  if (
    answer.kind === 'refused' &&
    answer.hold !== undefined &&
    io.interactive &&
    io.env.HOLDPOINT_NO_WAIT === undefined
  ) {
    return waitThenRun(answer.hold, begin, io, deps);
  }
  return finish(answer, io, deps);
}

/** One word is a whole command line; several are one command's arguments. */
export function joinWords(words: readonly string[]): string {
  const [only] = words;
  if (words.length === 1 && only !== undefined) return only;
  return words
    .map((word) => (/^[A-Za-z0-9_./=:@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}

async function waitThenRun(hold: HoldView, begin: object, io: Io, deps: ExecDeps): Promise<number> {
  io.err(`${holdText(hold, io)}\nwaiting for \`holdpoint approve ${hold.id}\` in another terminal; Ctrl-C withdraws\n`);
  const interrupted = new AbortController();
  const onInterrupt = (): void => interrupted.abort();
  process.once('SIGINT', onInterrupt);
  try {
    for (;;) {
      const shown = await ask(deps.paths, { op: 'show', id: hold.id });
      if (!shown.ok) return failed(io, shown);
      const now = shown.hold as HoldView;
      if (now.state === 'approved') break;
      if (now.state !== 'open') {
        io.err(`holdpoint: hold ${now.id} is ${now.state}${now.say === undefined ? '' : `: ${now.say}`}\n`);
        return EXIT.deny;
      }
      if (interrupted.signal.aborted) {
        await ask(deps.paths, { op: 'withdraw', id: hold.id });
        io.err(`holdpoint: withdrew ${hold.id}; nothing ran\n`);
        return 130;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    process.off('SIGINT', onInterrupt);
  }
  const reply = await ask(deps.paths, begin, BEGIN_TIMEOUT_MS);
  return reply.ok ? finish(reply.answer as BeginAnswer, io, deps) : failed(io, reply);
}

async function finish(answer: BeginAnswer, io: Io, deps: ExecDeps): Promise<number> {
  if (answer.kind === 'release') return runReleased(answer, io, deps);
  if (!io.interactive) {
    const { says, rule, reason, hold } = answer;
    io.out(
      `${JSON.stringify({ verdict: says, rule, reason, ...(hold === undefined ? {} : { hold: hold.id, expiresAtMs: hold.expiresAtMs, card: hold.card }) })}\n`,
    );
  }
  io.err(`${answer.message}\n`);
  return EXIT.deny;
}

async function runReleased(release: Release, io: Io, deps: ExecDeps): Promise<number> {
  const execution = await deps.runShell({
    command: Buffer.from(release.action.base64, 'base64'),
    cwd: release.action.cwd || io.cwd,
    env: io.env,
  });
  const outcome = execution.kind === 'finished' ? execution.outcome : 'unknown';
  const detail =
    execution.kind === 'finished' &&
    execution.detail !== null &&
    typeof execution.detail === 'object' &&
    !Array.isArray(execution.detail)
      ? execution.detail
      : {};
  const plain = Object.fromEntries(
    Object.entries(detail).filter(
      ([, value]) => typeof value === 'string' || typeof value === 'number' || value === null,
    ),
  );
  const reported = await ask(deps.paths, { op: 'outcome', report: release.report, outcome, detail: plain });
  if (!reported.ok) io.err(`holdpoint: the command ran, but its outcome could not be recorded: ${reported.error}\n`);
  const status = plain.exitStatus ?? plain.exitCode ?? plain.status;
  if (outcome === 'done') return EXIT.ok;
  if (outcome === 'not-started')
    io.err(`holdpoint: not started: ${JSON.stringify(plain.why ?? plain.error ?? 'no reason given')}\n`);
  return typeof status === 'number' && status > 0 && status < 256 ? status : EXIT.failed;
}

/** `holdpoint ask --because TEXT -- COMMAND`: opens a hold without trying, and gives the checked facts back. */
export async function runAsk(args: readonly string[], io: Io, deps: ExecDeps): Promise<number> {
  const [flag, because, dashes, ...words] = args;
  if (flag !== '--because' || because === undefined || because === '' || dashes !== '--' || words.length === 0) {
    return usage(io, 'ask: `holdpoint ask --because "what it is for" -- COMMAND`');
  }
  const command = joinWords(words);
  const reply = await ask(deps.paths, {
    op: 'ask',
    because,
    command,
    cwd: io.cwd,
    origin: { ...originOf(io.env), workspace: deps.workspaceOf(io.cwd) },
  });
  if (!reply.ok) return failed(io, reply);
  const answer = reply.answer as { kind: string; hold?: HoldView; card?: HoldView['card']; message?: string };
  if (!io.interactive) io.out(`${JSON.stringify(answer)}\n`);
  else if (answer.hold !== undefined) io.out(holdText(answer.hold, io));
  switch (answer.kind) {
    case 'allowed':
      io.err('allowed: nobody needs to sign; run it\n');
      return EXIT.ok;
    case 'approved':
      io.err(`approved: run \`holdpoint exec -- ${command}\`\n`);
      return EXIT.ok;
    case 'held':
      io.err(`held as ${answer.hold?.id ?? ''}: after approval run \`holdpoint exec -- ${command}\`\n`);
      return EXIT.hold;
    default:
      io.err(`${answer.message ?? 'denied by policy'}\n`);
      return EXIT.deny;
  }
}
