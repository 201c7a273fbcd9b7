import { type Question, questionKey } from '../../core/evidence.ts';
import { LIMITS } from '../../core/limits.ts';
import type { ResourceRef } from '../../core/resource.ts';
import type { Reading, ReadingContext } from '../reading.ts';
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

/** The reader of SQL asks about the database that the door knows; here it is the one that the client connects to. */
function isDoors({ check, about }: Question): boolean {
  return check === 'environment' && about.kind === 'database' && about.path[0] === '';
}

function contextOver(connection: ResourceRef, context: ReadingContext): ReadingContext {
  return {
    ...context,
    fact: (check, about) => context.fact(check, isDoors({ check, about }) ? connection : about),
  };
}

function over(connection: ResourceRef, reading: Reading): Reading {
  const questions = reading.questions.map((one) => (isDoors(one) ? { ...one, about: connection } : one));
  return { ...reading, questions };
}

const DESTROYS =
  /(^|;|\bas\s*\(|\()\s*(drop|truncate|delete\s+from|vacuum\s+full|alter\s+table[^;]*\b(drop|delete|truncate|disable\s+row)\b|update\s+\S+\s+set\s+(?![^;]*\bwhere\b)|replace\s+into|reindex|revoke|reset\s+master|purge\s+binary|optimize\s+table[^;]*final|detach)\b/i;

/** SQL in an argument, a file or standard input. Unknown stretches count as opaque where the statement writes. */
export function readSqlText(
  text: string,
  dialect: string,
  _scope: Scope,
  machine: Machine,
  source: string,
  connection?: ResourceRef,
): void {
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
    const action = { kind: 'sql', bytes: new TextEncoder().encode(shown(text)), dialect } as const;
    if (connection === undefined) adopt(reader(action, machine.context), machine);
    else adopt(over(connection, reader(action, contextOver(connection, machine.context))), machine);
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
