// `npm run oracle -- [--json] [CORPUS.jsonl]...`: the project's own shell scenarios, or any corpus with a command a line
// (`input`, `example` or `command`). Every command really runs, in a throw-away view without a network; see oracle.ts.
// Exit 1 where something was missed.
import { skipUnless } from '../platform.ts';
import { commandsOf, scenarioFiles } from './corpus.ts';
import { consult, type Finding } from './oracle.ts';

const args = process.argv.slice(2);
const json = args.includes('--json');
const named = args.filter((arg) => !arg.startsWith('--'));
const files = named.length > 0 ? named : scenarioFiles();

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
