import { visibleText } from '../../../core/visible-text.ts';
import { EXIT, type Io } from '../io.ts';
import { readArguments, spanMs } from './arguments.ts';
import { type PolicyDeps, usageOf } from './deps.ts';
import { recordedOf } from './recorded.ts';

/** `holdpoint policy decisions [--since 24h] [--says allow|hold|deny] [--limit N] [--json]` */
export async function runPolicyDecisions(argv: readonly string[], io: Io, deps: PolicyDeps): Promise<number> {
  const read = readArguments(argv, { options: { since: 'value', says: 'value', limit: 'value', json: 'flag' } });
  if (!read.ok) return usageOf(io, 'decisions', read.why);
  const { args } = read;
  const span = spanMs(args.value('since') ?? '24h');
  const says = args.value('says');
  const limit = args.value('limit');
  if (args.words.length > 0) return usageOf(io, 'decisions', `cannot use \`${args.words[0] ?? ''}\``);
  if (span === undefined) return usageOf(io, 'decisions', SINCE);
  if (says !== undefined && !['allow', 'hold', 'deny'].includes(says))
    return usageOf(io, 'decisions', '`--says` takes allow, hold or deny');
  if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit)) return usageOf(io, 'decisions', '`--limit` takes a number');
  const reader = deps.readDecisions();
  let shown = 0;
  let strange = 0;
  try {
    for await (const entry of reader.read(deps.nowMs() - span)) {
      const recorded = recordedOf(entry);
      if (recorded === undefined) strange += 1;
      else if (says === undefined || recorded.says === says) {
        const text = recorded.replay?.text ?? '(too large to keep)';
        const line = args.has('json')
          ? JSON.stringify(entry)
          : `${recorded.time}  ${recorded.shadowed ? 'shadow' : recorded.says.padEnd(6)}  ${visibleText(text).slice(0, 120)}`;
        io.out(`${line}\n`);
        await io.drained?.();
        shown += 1;
        if (limit !== undefined && shown >= Number(limit)) break;
      }
    }
  } catch (error) {
    io.err(`holdpoint policy decisions: ${whyClosed(error, deps)}\n`);
    return EXIT.failed;
  }
  const unread = strange + reader.malformed;
  if (unread > 0) io.err(`${unread} entries could not be read\n`);
  return EXIT.ok;
}

export const SINCE = '`--since` takes a number and s, m, h or d, such as `7d`';

/** In a system installation the log is closed to all but the guard's account and root, which is meant so. */
export function whyClosed(error: unknown, deps: Pick<PolicyDeps, 'paths'>): string {
  const { code } = error as NodeJS.ErrnoException;
  const why = error instanceof Error ? error.message : String(error);
  if (code !== 'EACCES' && code !== 'EPERM') return `the decision log cannot be read: ${why}`;
  return `the decision log in ${deps.paths.state} is closed to this account: run it as root, with \`sudo\``;
}
