import { existsSync, readFileSync } from 'node:fs';
import { dangerOf } from '../../src/core/danger.ts';
import { unknown } from '../../src/core/tri.ts';
import { readFile } from '../../src/languages/file/read-file.ts';
import { readHttp } from '../../src/languages/http/read-http.ts';
import type { Reader } from '../../src/languages/reading.ts';
import { makeShellReader } from '../../src/languages/shell/read-shell.ts';
import { loadSqlParser, readSql } from '../../src/languages/sql/read-sql.ts';
import { loadPrograms } from '../program-parser.ts';

await loadPrograms();

/** Recall and false positives over labelled actions of the kinds shell, git and file, judged by text alone. */
const file =
  process.argv.slice(2).find((one) => !one.startsWith('-')) ??
  new URL('../../../shared/scenarios/labelled-actions.jsonl', import.meta.url).pathname;
if (!existsSync(file)) {
  console.log(`labelled actions are absent (${file}); nothing measured`);
  process.exit(0);
}
const verbose = process.argv.includes('-v');
await loadSqlParser();
const shell: Reader = makeShellReader({ sql: readSql, http: readHttp });
const context = { workspace: '', cwd: '', fact: () => unknown('judged by text alone') };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function judge(kind: string, example: string, dialect: string | undefined): ReturnType<Reader> {
  if (kind !== 'file')
    return shell({ kind: 'shell', bytes: bytes(example), ...(dialect === undefined ? {} : { dialect }) }, context);
  const write = /^write (\S+): (.*)$/s.exec(example);
  if (write !== null)
    return readFile(
      { kind: 'file', bytes: bytes(JSON.stringify({ op: 'write', path: write[1], content: write[2] })) },
      context,
    );
  if (!example.startsWith('{')) return shell({ kind: 'shell', bytes: bytes(example) }, context);
  const call = JSON.parse(example) as { readonly tool: string; readonly path: string };
  const op = /delete|remove/.test(call.tool) ? 'delete' : /write|edit/i.test(call.tool) ? 'write' : 'read';
  return readFile({ kind: 'file', bytes: bytes(JSON.stringify({ op, path: call.path, tool: call.tool })) }, context);
}

let caught = 0;
let destructive = 0;
const missed: string[] = [];
const needless: string[] = [];
let total = 0;
for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
  const one = JSON.parse(line) as {
    id: string;
    action_kind: string;
    example: string;
    destructive: boolean;
    dialect?: string;
  };
  if (!['shell', 'git', 'file'].includes(one.action_kind)) continue;
  total += 1;
  const { effects } = judge(one.action_kind, one.example, one.dialect);
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
console.log(`actions ${total}, destructive ${destructive}`);
console.log(`recall ${((caught / destructive) * 100).toFixed(1)} % (${caught}/${destructive})`);
console.log(`false positives ${needless.length} of ${total - destructive}`);
for (const one of missed) console.log(`missed    ${one}`);
for (const one of needless) console.log(`needless  ${one}`);
