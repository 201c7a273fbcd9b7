import { visibleText } from '../../../core/visible-text.ts';
import type { DecisionReader } from '../../../ports/decision-log.ts';
import type { PolicyInput } from '../../../ports/policy-engine.ts';
import { type PolicyProblem, showProblem } from '../../../ports/policy-layers.ts';
import type { PolicyTools } from '../../../ports/policy-tools.ts';
import type { CheckDeps } from '../check.ts';
import { EXIT, type Io } from '../io.ts';
import type { OrderDeps } from '../order.ts';

/** What the commands of `holdpoint policy` need from the real world. */
export interface PolicyDeps extends OrderDeps {
  readonly version: string;
  /** Starts nothing before the first operation. */
  openTools(): PolicyTools;
  /** Judges as `holdpoint check` does. */
  openJudge(): Promise<CheckDeps & { close(): Promise<void> }>;
  /** The document `holdpoint/v1` of an attempt, as JSON text. */
  documentOf(
    input: PolicyInput,
  ): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };
  workspaceOf(cwd: string): string;
  readDecisions(): DecisionReader;
}

export function usageOf(io: Io, command: string, why: string): number {
  io.err(`holdpoint policy ${command}: ${visibleText(why)}; see \`holdpoint policy ${command} --help\`\n`);
  return EXIT.usage;
}

/** Complaints as OPA writes them, one a line. */
export function tellProblems(io: Io, problems: readonly PolicyProblem[]): void {
  for (const problem of problems) io.err(`${visibleText(showProblem(problem))}\n`);
}

export function problemsAsJson(problems: readonly PolicyProblem[]): string {
  return `${JSON.stringify({ errors: problems }, undefined, 2)}\n`;
}

/** Gives the tools to `run` and closes them after it, however it ends. */
export async function withTools(
  deps: Pick<PolicyDeps, 'openTools'>,
  run: (tools: PolicyTools) => Promise<number>,
): Promise<number> {
  const tools = deps.openTools();
  try {
    return await run(tools);
  } finally {
    await tools.close();
  }
}
