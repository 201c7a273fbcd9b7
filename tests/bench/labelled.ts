import { existsSync, readFileSync } from 'node:fs';
import { allReaders } from '../../src/apps/readers.ts';
import type { Action } from '../../src/core/attempt.ts';
import { dangerOf } from '../../src/core/danger.ts';
import { unknown } from '../../src/core/tri.ts';
import type { Reader, ReadingContext } from '../../src/languages/reading.ts';

/**
 * Recall and false positives over labelled actions of the kinds shell, git and file, judged by text alone.
 * Run: `node tests/bench/labelled.ts [FILE] [-v]`. The table is not part of the project; where it is absent, that is printed.
 */
export const LABELLED_FILE = new URL('../../../shared/scenarios/labelled-actions.jsonl', import.meta.url).pathname;

export interface Labelled {
  readonly total: number;
  readonly destructive: number;
  readonly caught: number;
  readonly missed: readonly string[];
  readonly needless: readonly string[];
}

const CONTEXT: ReadingContext = { workspace: '', cwd: '', fact: () => unknown('judged by text alone') };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function actionOf(kind: string, example: string, dialect: string | undefined): Action {
  const shell = (): Action => ({ kind: 'shell', bytes: bytes(example), ...(dialect === undefined ? {} : { dialect }) });
  if (kind !== 'file') return shell();
  const write = /^write (\S+): (.*)$/s.exec(example);
  if (write !== null)
    return { kind: 'file', bytes: bytes(JSON.stringify({ op: 'write', path: write[1], content: write[2] })) };
  if (!example.startsWith('{')) return shell();
  const call = JSON.parse(example) as { readonly tool: string; readonly path: string };
  const op = /delete|remove/.test(call.tool) ? 'delete' : /write|edit/i.test(call.tool) ? 'write' : 'read';
  return { kind: 'file', bytes: bytes(JSON.stringify({ op, path: call.path, tool: call.tool })) };
}

export function judgeLabelled(file: string, read: Reader, verbose = false): Labelled {
  let caught = 0;
  let destructive = 0;
  let total = 0;
  const missed: string[] = [];
  const needless: string[] = [];
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const one = JSON.parse(line) as {
      readonly id: string;
      readonly action_kind: string;
      readonly example: string;
      readonly destructive: boolean;
      readonly dialect?: string;
    };
    if (!['shell', 'git', 'file'].includes(one.action_kind)) continue;
    total += 1;
    const { effects } = read(actionOf(one.action_kind, one.example, one.dialect), CONTEXT);
    const blocked = effects.filter((effect) => dangerOf(effect) !== 'harmless');
    if (one.destructive) {
      destructive += 1;
      if (blocked.length > 0) caught += 1;
      else missed.push(`${one.id} ${one.example}`);
    } else if (blocked.length > 0)
      needless.push(
        `${one.id} ${one.example}${verbose ? `\n     ${blocked.map((effect) => `${effect.verb} ${effect.source} ${effect.summary}`).join('\n     ')}` : ''}`,
      );
  }
  return { total, destructive, caught, missed, needless };
}

async function main(args: readonly string[]): Promise<void> {
  const file = args.find((one) => !one.startsWith('-')) ?? LABELLED_FILE;
  if (!existsSync(file)) {
    console.log(`labelled actions are absent (${file}); nothing measured`);
    return;
  }
  const { total, destructive, caught, missed, needless } = judgeLabelled(file, await allReaders(), args.includes('-v'));
  console.log(`actions ${total}, destructive ${destructive}`);
  console.log(`recall ${((caught / destructive) * 100).toFixed(1)} % (${caught}/${destructive})`);
  console.log(`false positives ${needless.length} of ${total - destructive}`);
  for (const one of missed) console.log(`missed    ${one}`);
  for (const one of needless) console.log(`needless  ${one}`);
}

if (import.meta.main) await main(process.argv.slice(2));
