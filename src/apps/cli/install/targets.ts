import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { HOOK_AGENTS, type HookAgent } from '../../../protocols/hooks/hook.ts';

export type Scope = 'user' | 'project' | 'managed';

/** Where the settings of the agents are. Absolute. */
export interface SettingsPlaces {
  readonly home: string;
  readonly project: string;
  /** Managed settings of Claude Code; `/etc/claude-code/managed-settings.json` unless a test says otherwise. */
  readonly managedFile: string;
  /** Cursor's enterprise file, `/etc/cursor/hooks.json`: only a system installation writes it. */
  readonly cursorManagedFile?: string;
}

export interface TargetPlace {
  readonly agent: HookAgent;
  readonly scope: Scope;
  readonly file: string;
}

export function settingsFile(agent: HookAgent, scope: Scope, places: SettingsPlaces): string | undefined {
  const base = scope === 'project' ? places.project : places.home;
  switch (agent) {
    case 'claude-code':
      return scope === 'managed' ? places.managedFile : path.join(base, '.claude/settings.json');
    case 'cursor':
      return scope === 'managed' ? places.cursorManagedFile : path.join(base, '.cursor/hooks.json');
    default:
      return agent satisfies never;
  }
}

/** The agents whose folders are there, in the home or in the project. */
export function presentAgents(places: SettingsPlaces): readonly HookAgent[] {
  const folder = { 'claude-code': '.claude', cursor: '.cursor' } as const;
  return HOOK_AGENTS.filter((agent) =>
    [places.home, places.project].some((base) => existsSync(path.join(base, folder[agent]))),
  );
}

/** Text of a settings file; `undefined` where there is none. Throws where it is there and cannot be read as UTF-8. */
export function readSettings(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
}
