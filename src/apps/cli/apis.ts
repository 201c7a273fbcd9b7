import { visibleText } from '../../core/visible-text.ts';
import type { ApiDocuments, ApiState } from '../../ports/api-documents.ts';
import { describeDocuments } from '../described-documents.ts';
import { usage } from './holds.ts';
import { EXIT, type Io } from './io.ts';

const FETCH_TIMEOUT_MS = 60_000;

/** `holdpoint apis [--fetch] [--json]`: how things stand with the documents that requests are judged by. */
export async function runApis(args: readonly string[], io: Io, documents: ApiDocuments): Promise<number> {
  const unknown = args.find((arg) => arg !== '--fetch' && arg !== '--json');
  if (unknown !== undefined) return usage(io, `cannot use \`${unknown}\`; see \`holdpoint help apis\``);
  if (args.includes('--fetch')) await documents.refresh(AbortSignal.timeout(FETCH_TIMEOUT_MS));
  const { faults } = describeDocuments(documents.documents, documents.githubHosts);
  const states = documents.states().map((one): ApiState => {
    const why = faults.get(one.name);
    return why === undefined ? one : { ...one, state: 'unusable', why };
  });
  if (args.includes('--json')) io.out(`${JSON.stringify(states, null, 2)}\n`);
  else if (states.length === 0) io.out('no documents of APIs\n');
  else
    for (const state of states)
      io.out(
        `${linesOf(state)
          .map((line) => visibleText(line))
          .join('\n')}\n`,
      );
  return states.some((one) => one.state === 'unusable') ? EXIT.dataFormat : EXIT.ok;
}

const WORDS: Record<ApiState['state'], string> = {
  'in-effect': 'in effect',
  changed: 'changed: what is there now is not what was confirmed',
  unconfirmed: 'not in effect: nobody confirmed it',
  unusable: 'not in effect: cannot be used',
};

function linesOf(one: ApiState): string[] {
  const lines = [`${one.name}  ${one.kind}  ${one.hosts.join(', ') || '-'}  ${WORDS[one.state]}`];
  const date = one.atMs === undefined ? '' : `, of ${new Date(one.atMs).toISOString().slice(0, 10)}`;
  lines.push(`  from ${one.from}${date}`);
  if (one.why !== undefined) lines.push(`  ${one.why}`);
  for (const difference of one.differences ?? []) lines.push(`  now: ${difference}`);
  if (one.digest !== undefined && one.state !== 'in-effect')
    lines.push(
      `  to confirm: read it, write \`"digest": "${one.digest}"\` into ${one.file}, and start the daemon again`,
    );
  return lines;
}
