import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const scenarios = path.resolve(import.meta.dirname, '../scenarios');

/** The project's own tables of commands for bash. */
export function scenarioFiles(): readonly string[] {
  return readdirSync(scenarios)
    .filter((name) => name.startsWith('shell-') && !name.includes('windows'))
    .map((name) => path.join(scenarios, name));
}

export function commandsOf(file: string): readonly string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => {
      const row = JSON.parse(line) as { readonly [member: string]: unknown };
      if ((row.action_kind ?? row.kind ?? 'shell') !== 'shell' || (row.dialect ?? 'bash') !== 'bash') return [];
      const command = row.input ?? row.example ?? row.command;
      return typeof command === 'string' ? [command] : [];
    });
}
