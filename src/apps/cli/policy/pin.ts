import { realpathSync } from 'node:fs';
import path from 'node:path';
import { createTwoFilesPatch } from 'diff';
import { visibleText } from '../../../core/visible-text.ts';
import { showProblem } from '../../../ports/policy-layers.ts';
import type { PolicyTools, RegoSources } from '../../../ports/policy-tools.ts';
import { digestOfSources, REPOSITORY_POLICY, readRegoFolder } from '../../policy/rego-folder.ts';
import { ask } from '../client.ts';
import { failed, usage } from '../holds.ts';
import { EXIT, type Io } from '../io.ts';
import { askSigned, type OrderDeps } from '../order.ts';
import { readArguments } from './arguments.ts';

export interface PinDeps extends OrderDeps {
  workspaceOf(cwd: string): string;
  openTools(): PolicyTools;
}

interface PinView {
  readonly digest: string;
  readonly pinnedAtMs: number;
  readonly signer: string;
  readonly because?: string;
  readonly sources: RegoSources;
}

/** `holdpoint policy pin [DIR] [--because TEXT] [--key NAME|FILE]` */
export async function runPolicyPin(argv: readonly string[], io: Io, deps: PinDeps): Promise<number> {
  const read = readArguments(argv, { options: { because: 'value', key: 'value' } });
  if (!read.ok) return usage(io, `policy pin: ${read.why}`);
  const { args } = read;
  if (args.words.length > 1) return usage(io, 'policy pin: give one folder, or none for this one');
  const workspace = workspaceAt(args.words[0], io, deps);
  if (workspace === undefined) return refuse(io, `\`${args.words[0] ?? io.cwd}\` cannot be read`);
  const tree = readRegoFolder(workspace, REPOSITORY_POLICY);
  if (!tree.ok) return refuse(io, `nothing to pin: ${tree.why}`);
  const { sources } = tree;
  const rules = await rulesOf(sources, io, deps);
  if (rules === undefined) return EXIT.failed;
  const before = await ask(deps.paths, { op: 'policy-pinned', workspace });
  if (!before.ok) return failed(io, before);
  const pin = before.pin as PinView | undefined;
  const digest = digestOfSources(sources);
  if (pin?.digest === digest) {
    io.out(`already pinned: ${digest}, signed by ${pin.signer} at ${new Date(pin.pinnedAtMs).toISOString()}\n`);
    return EXIT.ok;
  }
  if (typeof before.fault === 'string') io.err(`now        ${visibleText(before.fault)}\n`);
  io.err(describe(workspace, digest, sources, rules));
  io.err(visibleText(changes(pin?.sources, sources), { multiline: true }));
  const because = args.value('because');
  const statement = {
    type: 'holdpoint/policy-pin/v1',
    workspace,
    digest,
    pinnedAtMs: deps.nowMs(),
    ...(because === undefined ? {} : { because }),
  };
  const signed = await deps.sign(statement, args.value('key'));
  if (!signed.ok) {
    io.err(`holdpoint: not pinned: ${signed.why}\n`);
    return EXIT.deny;
  }
  const document = JSON.stringify({ statement, signature: signed.armored });
  const reply = await ask(deps.paths, { op: 'policy-pin', document, ...sources });
  if (!reply.ok) return failed(io, reply);
  io.out(`pinned ${digest} for ${workspace}, signed by ${String(reply.signer)}; in force now\n`);
  return EXIT.ok;
}

/** `holdpoint policy unpin [DIR] [--key NAME|FILE]` */
export async function runPolicyUnpin(
  argv: readonly string[],
  io: Io,
  deps: Omit<PinDeps, 'openTools'>,
): Promise<number> {
  const read = readArguments(argv, { options: { key: 'value' } });
  if (!read.ok) return usage(io, `policy unpin: ${read.why}`);
  const { args } = read;
  if (args.words.length > 1) return usage(io, 'policy unpin: give one folder, or none for this one');
  // A workspace that is gone is named as it was.
  const workspace = workspaceAt(args.words[0], io, deps) ?? path.resolve(io.cwd, args.words[0] ?? '.');
  const reply = await askSigned(
    { op: 'policy-unpin', workspace },
    { order: 'policy-unpin', subject: workspace },
    args.value('key'),
    deps,
  );
  if (!reply.ok) return failed(io, reply);
  io.out(`unpinned: ${workspace} has no policy of its own now\n`);
  return EXIT.ok;
}

/** The workspace by its real path, as the daemon names it. */
function workspaceAt(given: string | undefined, io: Io, deps: Pick<PinDeps, 'workspaceOf'>): string | undefined {
  try {
    return deps.workspaceOf(realpathSync(path.resolve(io.cwd, given ?? '.')));
  } catch {
    return undefined;
  }
}

async function rulesOf(sources: RegoSources, io: Io, deps: PinDeps): Promise<readonly string[] | undefined> {
  const tools = deps.openTools();
  const checked = await tools.check(sources);
  await tools.close();
  if (checked.ok)
    return checked.value.map(
      (rule) => `${rule.path.replace('data.holdpoint.policies.', '')} (${rule.file}:${rule.row})`,
    );
  for (const problem of checked.problems) io.err(`${visibleText(showProblem(problem))}\n`);
  io.err('holdpoint: not pinned: the policy does not compile\n');
  return undefined;
}

function describe(workspace: string, digest: string, sources: RegoSources, rules: readonly string[]): string {
  const files = [...sources.modules.map((one) => one.name), ...(sources.data === undefined ? [] : ['data.json'])];
  const lines = [
    `workspace  ${visibleText(workspace)}`,
    `files      ${files.map((one) => visibleText(one)).join(', ')}`,
    ...rules.map((rule) => `rule       ${visibleText(rule)}`),
    `digest     ${digest}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** What changes in force, as a diff; all of it where nothing was pinned. */
function changes(before: RegoSources | undefined, after: RegoSources): string {
  const textOf = (sources: RegoSources | undefined): ReadonlyMap<string, string> =>
    new Map([
      ...(sources?.modules ?? []).map(({ name, text }) => [name, text] as const),
      ...(sources?.data === undefined
        ? []
        : [['data.json', `${JSON.stringify(sources.data, undefined, 2)}\n`] as const]),
    ]);
  const [old, now] = [textOf(before), textOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .sort()
    .filter((name) => old.get(name) !== now.get(name))
    .map((name) =>
      createTwoFilesPatch(
        name,
        name,
        old.get(name) ?? '',
        now.get(name) ?? '',
        old.has(name) ? 'pinned' : 'not pinned',
        'to sign',
      ),
    )
    .join('');
}

function refuse(io: Io, why: string): number {
  io.err(`holdpoint: ${visibleText(why)}\n`);
  return EXIT.failed;
}
