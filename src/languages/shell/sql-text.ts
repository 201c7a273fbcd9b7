import { questionKey } from '../../core/evidence.ts';
import { LIMITS } from '../../core/limits.ts';
import type { Reading } from '../reading.ts';
import { type Machine, opaque, type Scope } from './machine.ts';
import { hasMark, shown } from './value.ts';

/** Takes the effects and questions of another reader into this reading; their spans mean nothing in this text. */
export function adopt(reading: Reading, machine: Machine): void {
  for (const effect of reading.effects) {
    const { span: _span, ...rest } = effect;
    machine.emit({
      verb: rest.verb,
      target: 'known' in rest.target ? rest.target.known : rest.target,
      reversal: rest.reversal,
      source: rest.source,
      summary: rest.summary,
      min: rest.count.min,
      max: rest.count.max,
      basis: rest.basis,
      ...(rest.tags === undefined ? {} : { tags: rest.tags }),
    });
  }
  for (const question of reading.questions)
    if (machine.questions.size < LIMITS.questions) machine.questions.set(questionKey(question), question);
}

const DESTROYS =
  /(^|;|\bas\s*\(|\()\s*(drop|truncate|delete\s+from|vacuum\s+full|alter\s+table[^;]*\b(drop|delete|truncate|disable\s+row)\b|update\s+\S+\s+set\s+(?![^;]*\bwhere\b)|replace\s+into|reindex|revoke|reset\s+master|purge\s+binary|optimize\s+table[^;]*final|detach)\b/i;

/** SQL in an argument, a file or standard input. Unknown stretches count as opaque where the statement writes. */
export function readSqlText(text: string, dialect: string, _scope: Scope, machine: Machine, source: string): void {
  if (text.trim() === '') return;
  if (hasMark(text)) {
    const bare = shown(text).trim();
    const reads =
      /^(select|show|explain|describe|\\d\w*|\\l|\\c|values|with)\b/i.test(bare) &&
      !/;\s*\S/.test(bare) &&
      !/\b(delete|drop|truncate|update|insert)\b/i.test(bare);
    if (!reads && bare.replace(/…/g, '').trim() === '') {
      opaque(machine, source, 'runs SQL that only the running shell would know');
      return;
    }
    if (!reads) {
      if (/^\s*insert\b/i.test(bare)) return;
      opaque(machine, source, 'runs SQL with parts that only the running shell would know');
      return;
    }
  }
  const reader = machine.readers.sql;
  if (reader !== undefined) {
    adopt(reader({ kind: 'sql', bytes: new TextEncoder().encode(shown(text)), dialect }, machine.context), machine);
    return;
  }
  const stripped = text
    .replace(/--[^\n]*/g, ' ')
    .replace(/\/\*[\s\S]*?\*\//g, ' ')
    .replace(/'(?:[^']|'')*'/g, "''");
  if (DESTROYS.test(stripped)) {
    machine.emit({
      verb: 'destroy',
      target: { unknown: 'rows or tables' },
      reversal: 'unknown',
      source,
      summary: `runs SQL that destroys: ${shown(text).slice(0, 120)}`,
      max: 'unbounded',
    });
  }
}
