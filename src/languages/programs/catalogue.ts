import type { Does, Entry, Gives, ProgramCatalogue } from '../../catalog/programs/entry.ts';
import { JAVASCRIPT_CALLS } from '../../catalog/programs/javascript.ts';
import { PERL_CALLS } from '../../catalog/programs/perl.ts';
import { PHP_CALLS } from '../../catalog/programs/php.ts';
import { PYTHON_CALLS } from '../../catalog/programs/python.ts';
import { RUBY_CALLS } from '../../catalog/programs/ruby.ts';
import type { Tongue } from './names.ts';

interface Index {
  readonly calls: ReadonlyMap<string, Does>;
  readonly methods: ReadonlyMap<string, Does>;
  readonly gives: ReadonlyMap<string, Gives>;
}

function indexOf(catalogue: ProgramCatalogue): Index {
  return {
    calls: byName(catalogue.calls),
    methods: byName(catalogue.methods),
    gives: new Map(
      Object.entries(catalogue.gives).flatMap(([how, names]) => names.split(' ').map((name) => [name, how as Gives])),
    ),
  };
}

function byName(entries: readonly Entry[]): ReadonlyMap<string, Does> {
  return new Map(entries.flatMap((entry) => entry.names.split(' ').map((name) => [name, entry.does])));
}

export const CATALOGUES: Readonly<Record<Tongue, Index>> = {
  python: indexOf(PYTHON_CALLS),
  javascript: indexOf(JAVASCRIPT_CALLS),
  ruby: indexOf(RUBY_CALLS),
  perl: indexOf(PERL_CALLS),
  php: indexOf(PHP_CALLS),
};

export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
