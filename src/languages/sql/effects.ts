import type { Effect, Reversal, Verb } from '../../core/effect.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { opaqueEffect } from '../api-actions.ts';

/** Makes effects of one text in one system (`postgres`, `mysql`, ...), all with the span of the statement they come from. */
export interface SqlEffects {
  readonly system: string;
  make(
    verb: Verb,
    reversal: Reversal,
    target: ResourceRef,
    summary: string,
    options?: { readonly rows?: boolean; readonly tags?: readonly string[] },
  ): Effect;
  opaque(why: string): Effect;
  read(summary: string): Effect;
  /** A thing in the database: its kind and its name, with the schema before it where one is written. */
  ref(kind: string, ...name: readonly string[]): ResourceRef;
}

/** The connection is not part of the text: the door knows it, and answers questions about `database/`. */
export function databaseRef(system: string): ResourceRef {
  return { system, kind: 'database', path: [''] };
}

export function sqlEffects(system: string, span: readonly [number, number]): SqlEffects {
  const source = `sql/${system}`;
  return {
    system,
    make: (verb, reversal, target, summary, options = {}) => ({
      verb,
      target: { known: target },
      count: options.rows === true ? { min: 0, max: 'unbounded' } : { min: 1, max: 1 },
      reversal,
      basis: 'parsed',
      source,
      summary,
      span,
      ...(options.tags === undefined ? {} : { tags: options.tags }),
    }),
    opaque: (why) => ({ ...opaqueEffect(source, why, 'runs SQL that cannot be judged', databaseRef(system)), span }),
    read: (summary) => ({
      verb: 'read',
      target: { known: databaseRef(system) },
      count: { min: 0, max: 'unbounded' },
      reversal: 'regenerable',
      basis: 'parsed',
      source,
      summary,
      span,
    }),
    ref: (kind, ...name) => ({ system, kind, path: ['', ...name.filter((part) => part !== '')] }),
  };
}

/** Names that a scratch object has. Only with other proof do they make anything harmless. */
export function isScratchName(name: string): boolean {
  return /(^|[_-])(tmp|temp|test|tests|scratch)([_-]|\d*$)/i.test(name);
}

/** Columns that pick one row of `table`: its key by a usual name. A foreign key (`customer_id`) picks any number. */
export function isKeyColumn(column: string, table: string): boolean {
  const name = column.toLowerCase();
  if (/^(_?id|uuid|guid|pk|rowid|ctid|email|username|slug|sku)$/.test(name)) return true;
  const singular = table
    .toLowerCase()
    .replace(/ies$/, 'y')
    .replace(/(ss|x|ch|sh)es$/, '$1')
    .replace(/s$/, '');
  return [`${singular}_id`, `${singular}id`, `${singular}_uuid`, `${singular}_key`].includes(name);
}
