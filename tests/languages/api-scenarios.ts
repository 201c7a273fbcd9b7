import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import type { Action, ActionKind } from '../../src/core/attempt.ts';
import { canonicalBytes, type Json } from '../../src/core/canonical-json.ts';
import { type Danger, worstDanger } from '../../src/core/danger.ts';
import { resourceKey } from '../../src/core/resource.ts';
import type { Reader, Reading, ReadingContext } from '../../src/languages/reading.ts';

/** One line of `tests/scenarios/KIND-NAME.jsonl`. `target`: the resource key that one of the effects has. */
interface Scenario {
  readonly note: string;
  readonly input: Json;
  readonly want: Danger;
  readonly dialect?: string;
  readonly target?: string;
}

const KEYS = new Set(['note', 'input', 'want', 'dialect', 'target']);

export const NO_FACTS: ReadingContext = { workspace: '', cwd: '', fact: () => undefined };

export function actionOf(kind: ActionKind, input: Json, dialect?: string): Action {
  const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : canonicalBytes(input);
  return dialect === undefined ? { kind, bytes } : { kind, bytes, dialect };
}

export function readScenarios(file: string): readonly Scenario[] {
  const text = readFileSync(new URL(`../scenarios/${file}`, import.meta.url), 'utf8');
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const row = JSON.parse(line) as Scenario;
    for (const key of Object.keys(row)) assert.ok(KEYS.has(key), `${file}:${index + 1} has the unknown key \`${key}\``);
    assert.ok(['harmless', 'opaque', 'destructive'].includes(row.want), `${file}:${index + 1} wants \`${row.want}\``);
    return [row];
  });
}

/** One test for each row of a table. */
export function runScenarios(file: string, kind: ActionKind, reader: Reader): void {
  const rows = readScenarios(file);
  assert.ok(rows.length > 0);
  assert.equal(new Set(rows.map((row) => row.note)).size, rows.length, 'notes differ');
  for (const row of rows) {
    it(`${row.want}: ${row.note}`, () => {
      const reading = reader(actionOf(kind, row.input, row.dialect), NO_FACTS);
      assert.equal(worstDanger(reading.effects), row.want, describeReading(reading));
      if (row.target !== undefined) {
        const keys = reading.effects.map((effect) =>
          'known' in effect.target ? resourceKey(effect.target.known) : `unknown: ${effect.target.unknown}`,
        );
        assert.ok(keys.includes(row.target), `no target \`${row.target}\` among ${keys.join(' ')}`);
      }
    });
  }
}

export function describeReading(reading: Reading): string {
  return reading.effects
    .map((effect) => `${effect.verb} (${effect.reversal}, ${effect.basis}, ${effect.source}): ${effect.summary}`)
    .join('\n');
}
