import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { worstDanger } from '../../../src/core/danger.ts';
import { unknown } from '../../../src/core/tri.ts';
import { readHttp } from '../../../src/languages/http/read-http.ts';
import { makeShellReader } from '../../../src/languages/shell/read-shell.ts';
import { loadSqlParser, readSql } from '../../../src/languages/sql/read-sql.ts';
import { loadPrograms } from '../../program-parser.ts';

await loadPrograms();

const folder = new URL('../../scenarios/', import.meta.url);
const read = makeShellReader({ sql: readSql, http: readHttp });
const context = { workspace: '', cwd: '', fact: () => unknown('judged by text alone') };

before(loadSqlParser);

for (const file of readdirSync(folder).filter((name) => name.startsWith('shell-'))) {
  test(`scenarios of ${file}`, () => {
    const wrong: string[] = [];
    for (const line of readFileSync(new URL(file, folder), 'utf8').trim().split('\n')) {
      const row = JSON.parse(line) as Record<string, unknown>;
      assert.deepEqual(
        Object.keys(row).filter((key) => !['note', 'input', 'want', 'dialect'].includes(key)),
        [],
      );
      const { note, input, want, dialect } = row as { note: string; input: string; want: string; dialect?: string };
      const { effects } = read(
        { kind: 'shell', bytes: new TextEncoder().encode(input), ...(dialect === undefined ? {} : { dialect }) },
        context,
      );
      const danger = worstDanger(effects);
      const got = danger === 'harmless' ? 'harmless' : 'blocked';
      if (got !== want)
        wrong.push(
          `${note}: \`${input}\` is ${got}: ${effects.map((effect) => `${effect.verb} ${effect.basis} ${effect.source}: ${effect.summary}`).join('; ')}`,
        );
    }
    assert.deepEqual(wrong, []);
  });
}
