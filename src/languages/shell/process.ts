import { WATCHER_WORDS } from '../../catalog/guard.ts';
import type { ProcessFact } from '../../core/facts.ts';
import { isKnown } from '../../core/tri.ts';
import { parseArgs, setOf } from './argv.ts';
import { isGuardProgram, processOfGuard, tampers } from './guard-command.ts';
import { type Call, type Handler, harmlessRun, isVisible } from './machine.ts';
import { resolvePath } from './paths.ts';
import { HOLE, literal, shown } from './value.ts';

const SERVICES =
  /^(postgres|postgresql|mysqld?|mariadbd?|mongod|redis-server|redis|sshd|systemd|init|dockerd|containerd|kubelet|etcd|launchd|nginx|rabbitmq|kafka|elasticsearch|cron|crond|NetworkManager)([-@.].*)?$/;

function watcher(name: string): boolean {
  const lower = name.toLowerCase();
  return WATCHER_WORDS.some((word) => lower.includes(word));
}

/** Whether a number is that of the guard, where this machine can be asked. */
function isGuardProcess(written: string, { machine, argv }: Call): boolean {
  // `-9` in front is a signal; anywhere else a number below zero is a group, which bears its leader's number.
  if (written.startsWith('-') && written === argv[0]?.s) return false;
  const pid = written.replace(/^-/, '');
  if (!/^[1-9]\d*$/.test(pid) || pid === '1' || !isVisible(machine)) return false;
  const answer = machine.ask('dependents', { system: 'host', kind: 'process', path: [pid] });
  if (answer === undefined || !isKnown(answer)) return false;
  const { words, isThisProgram } = answer.known as unknown as ProcessFact;
  return isThisProgram || [0, 1].some((at) => isGuardProgram(words[at] ?? '', words.slice(at + 1).map(literal), '/'));
}

/** `kill`, `pkill`: stopping one's own server is everyday; stopping what guards, or what others use, is not. */
const kill: Handler = (call) => {
  const { machine } = call;
  // `-STOP` is one word for `kill`.
  const spec =
    call.name === 'kill'
      ? { valued: setOf('-s -n --signal'), bundles: false }
      : { valued: setOf('-s -u -U -g -G -t -P --signal -n') };
  const args = parseArgs(call.argv, spec);
  const source = `catalog/${call.name}`;
  const signal = call.argv.map((field) => field.s).find((s) => /^-(0|l|L|list)$/.test(s));
  if (signal !== undefined) {
    harmlessRun(machine, source, call.name);
    return HOLE;
  }
  for (const operand of [
    ...args.operands,
    ...call.argv.filter((field) => field.s === '-1').slice(call.argv[0]?.s === '-1' ? 1 : 0),
  ]) {
    const found = /^pgrep:(.*)$/.exec(operand.s);
    const name = found?.[1] ?? (call.name === 'kill' ? '' : operand.s);
    const base = name.replace(/^\^|\$$/g, '');
    if (call.name === 'kill' && isGuardProcess(operand.s, call)) {
      tampers(machine, operand.s, `stops process ${operand.s}, which is the guard`);
      continue;
    }
    if (name !== '' && watcher(base)) {
      machine.emit({
        verb: 'destroy',
        target: { system: 'holdpoint', kind: 'guard', path: [shown(base)] },
        reversal: 'irreversible',
        source,
        summary: `stops ${shown(base)}, which guards this machine`,
        tags: ['guard-tampering'],
      });
    } else if (
      SERVICES.test(base) ||
      base === '.' ||
      base === '.*' ||
      (call.name === 'kill' && (operand.s === '1' || operand.s === '-1'))
    ) {
      machine.emit({
        verb: 'change',
        target: { system: 'host', kind: 'process', path: [shown(base === '' ? operand.s : base)] },
        reversal: 'unknown',
        source,
        summary: `stops ${base === '' ? 'every process' : shown(base)}`,
        max: 'unbounded',
      });
    }
  }
  if ((call.name === 'pkill' || call.name === 'killall') && args.has('-u', '-U') && args.operands.length === 0) {
    machine.emit({
      verb: 'change',
      target: { system: 'host', kind: 'process', path: ['all'] },
      reversal: 'unknown',
      source,
      summary: 'stops every process of a user',
      max: 'unbounded',
    });
  }
  if (call.name === 'killall5')
    machine.emit({
      verb: 'change',
      target: { system: 'host', kind: 'process', path: ['all'] },
      reversal: 'unknown',
      source,
      summary: 'stops every process',
      max: 'unbounded',
    });
  harmlessRun(machine, source, call.name);
  return '';
};

const pgrep: Handler = (call) => {
  const args = parseArgs(call.argv, { valued: setOf('-u -U -g -G -t -P -d') });
  harmlessRun(call.machine, `catalog/${call.name}`, call.name);
  return `pgrep:${args.operands[0]?.s ?? HOLE}`;
};

/** `lsof -t`, `fuser`: processes by a file that they hold open. */
const holders: Handler = (call) => {
  const own = call.argv
    .map((field) => processOfGuard(resolvePath(field.s, call.scope.cwd)))
    .find((found) => found !== undefined);
  harmlessRun(call.machine, `catalog/${call.name}`, call.name);
  if (own === undefined) return HOLE;
  if (call.name === 'fuser' && call.argv.some((field) => /^-\w*k|^--kill$/.test(field.s)))
    tampers(call.machine, 'process', 'stops whoever holds a file of the guard open');
  return own;
};

export const PROCESSES: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ...['kill', 'pkill', 'killall', 'killall5', 'skill', 'taskkill', 'xkill'].map((name) => [name, kill] as const),
  ['pgrep', pgrep],
  ['lsof', holders],
  ['fuser', holders],
  ['pidof', pgrep],
]);
