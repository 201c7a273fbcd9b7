// `npm run oracle -- [--json] [CORPUS.jsonl]...`: the project's own shell scenarios, or any corpus with a command a line
// (`input`, `example` or `command`). Every command really runs, in a throw-away view without a network; see oracle.ts.
// Exit 1 where something was missed.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { skipUnless } from '../platform.ts';
import { consult, type Finding } from './oracle.ts';

const scenarios = path.resolve(import.meta.dirname, '../scenarios');
const args = process.argv.slice(2);
const json = args.includes('--json');
const named = args.filter((arg) => !arg.startsWith('--'));
const files =
  named.length > 0
    ? named
    : readdirSync(scenarios)
        .filter((name) => name.startsWith('shell-') && !name.includes('windows'))
        .map((name) => path.join(scenarios, name));

const why = skipUnless('rehearsal', 'bash', 'git');
if (why !== false) {
  process.stderr.write(`oracle: ${why}\n`);
  process.exit(69);
}
const commands = [...new Set(files.flatMap(commandsOf))];
const findings = await consult(commands);
const of = (result: Finding['result']): readonly Finding[] => findings.filter((one) => one.result === result);
const destroyed = findings.filter((one) => [...one.lost.values()].some((kind) => kind !== 'kept'));
const figures = {
  commands: commands.length,
  ran: findings.length - of('not-run').length,
  destroyed: destroyed.length,
  held: destroyed.filter((one) => one.says !== 'allow').length,
  missed: of('missed').length,
  carried: of('carried').length,
  needless: of('needless').length,
};
if (json) {
  const plain = findings.map(({ command, says, result, why: reason }) => ({ command, says, result, why: reason }));
  process.stdout.write(`${JSON.stringify({ figures, findings: plain })}\n`);
} else {
  for (const result of ['missed', 'carried', 'needless', 'not-run'] as const) {
    const list = of(result);
    if (list.length > 0) process.stdout.write(`\n${result}: ${list.length}\n`);
    for (const one of list) process.stdout.write(`  ${JSON.stringify(one.command)}\n    ${one.says}: ${one.why}\n`);
  }
  process.stdout.write(`\n${JSON.stringify(figures)}\n`);
}
process.exitCode = figures.missed > 0 ? 1 : 0;

function commandsOf(file: string): readonly string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => {
      const row = JSON.parse(line) as { readonly [member: string]: unknown };
      if ((row.action_kind ?? row.kind ?? 'shell') !== 'shell' || (row.dialect ?? 'bash') !== 'bash') return [];
      const command = row.input ?? row.example ?? row.command;
      return typeof command === 'string' ? [command] : [];
    });
}
