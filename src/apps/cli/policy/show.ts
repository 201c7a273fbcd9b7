import { visibleText } from '../../../core/visible-text.ts';
import type { LayerInForce } from '../../../ports/policy-layers.ts';
import type { Paths } from '../../paths.ts';
import type { PolicyReport } from '../../policy/assemble.ts';
import { ask } from '../client.ts';
import { failed, usage } from '../holds.ts';
import { EXIT, type Io } from '../io.ts';

/** `holdpoint policy show [--json]`: the layers in force, as the daemon judges by them. */
export async function runPolicyShow(argv: readonly string[], io: Io, deps: { readonly paths: Paths }): Promise<number> {
  if (argv.some((arg) => arg !== '--json')) return usage(io, `policy show: cannot use \`${argv.join(' ')}\``);
  const reply = await ask(deps.paths, { op: 'policy-show' });
  if (!reply.ok) return failed(io, reply);
  const report = reply.policy as PolicyReport;
  if (argv.includes('--json')) {
    io.out(`${JSON.stringify(report)}\n`);
    return EXIT.ok;
  }
  const lines = [
    `preset        ${report.preset}`,
    'floor         part of the program, always first',
    ...report.layers.map(layerLine),
    ...report.reload.problems.map((one) => `NOT RELOADED  ${visibleText(one)}`),
    ...report.troubles.map((one) => `note          ${visibleText(one)}`),
    ...report.faults.map((one) => `DENIED        ${visibleText(one)}`),
    ...report.drifted.map(
      (one) => `note          ${visibleText(one)}: the working tree differs from the pinned policy, which is in force`,
    ),
  ];
  io.out(`${lines.join('\n')}\n`);
  return EXIT.ok;
}

function layerLine({ layer, digest, scope, revision, rules }: LayerInForce): string {
  const where =
    scope === undefined ? '' : 'workspace' in scope ? `  workspace ${scope.workspace}` : `  task ${scope.task}`;
  const count = rules === undefined ? '' : `  ${rules} rule${rules === 1 ? '' : 's'}`;
  return `${layer.padEnd(13)} ${digest.slice(0, 16)}${count}${visibleText(`${where}${revision === undefined ? '' : `  ${revision}`}`)}`;
}
