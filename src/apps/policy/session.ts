import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { parseStrictJson } from '../../core/strict-json.ts';
import type { PolicyLayer, RegoModule } from '../../ports/policy-layers.ts';
import { replaceFile } from '../cli/install/replace-file.ts';
import { namesIn, readKept } from './kept-files.ts';
import { digestOfSources } from './rego-folder.ts';

/** Rules of one task. They only tighten, so whoever works on the task may add them; taking them out is a person's doing. */
export interface SessionRules {
  readonly id: string;
  readonly task: string;
  readonly addedAtMs: number;
  readonly untilMs: number;
  readonly modules: readonly RegoModule[];
}

export type SessionRead = SessionRules | { readonly key: string; readonly id: string; readonly fault: string };

export interface SessionPolicies {
  /** Without those whose time is over. */
  read(nowMs: number): { readonly rules: readonly SessionRead[]; readonly closed: boolean };
  make(task: string, modules: readonly RegoModule[], nowMs: number, lifetimeMs: number): SessionRules | string;
  keep(rules: SessionRules): void;
  drop(id: string): boolean;
}

export const SESSION_LIMITS = {
  sets: 32,
  files: 16,
  chars: 128 * 1024,
  lifetimeMs: 7 * 24 * 60 * 60 * 1000,
  defaultLifetimeMs: 24 * 60 * 60 * 1000,
} as const;
const FILE_BYTES = 1024 * 1024;

const fileSchema = z.strictObject({
  version: z.literal(1),
  task: z.string().max(200),
  addedAtMs: z.number(),
  untilMs: z.number(),
  modules: z.array(z.strictObject({ name: z.string(), text: z.string() })).max(SESSION_LIMITS.files),
});

/** The first part of a file's name, so that a file which cannot be read still says whose rules it held. */
export function keyOfTask(task: string): string {
  return createHash('sha256').update(task).digest('hex').slice(0, 16);
}

export function openSessionPolicies(folder: string): SessionPolicies {
  const fileOf = (id: string): string => path.join(folder, `${id}.json`);

  function one(id: string): SessionRead {
    const fault = (why: string): SessionRead => ({ key: id.split('-')[0] ?? '', id, fault: why });
    const kept = readKept(fileOf(id), FILE_BYTES);
    if (!kept.ok) return fault(`the rules of the task cannot be used: ${kept.why}`);
    const json = parseStrictJson(new TextDecoder().decode(kept.bytes), 8);
    const parsed = fileSchema.safeParse(json.ok ? json.value : undefined);
    if (!parsed.success || idOf(parsed.data.task, parsed.data.modules) !== id)
      return fault('the rules of the task are not as they were kept');
    const { task, addedAtMs, untilMs, modules } = parsed.data;
    return { id, task, addedAtMs, untilMs, modules };
  }

  return {
    read(nowMs) {
      const { names, closed } = namesIn(folder, '.json');
      const rules = names.map((name) => one(name.slice(0, -'.json'.length)));
      return { rules: rules.filter((each) => 'fault' in each || each.untilMs > nowMs), closed };
    },
    make(task, modules, nowMs, lifetimeMs) {
      const { rules } = this.read(nowMs);
      const id = idOf(task, modules);
      if (rules.length >= SESSION_LIMITS.sets && !rules.some((each) => each.id === id))
        return `more than ${SESSION_LIMITS.sets} sets of rules are in force`;
      if (modules.reduce((sum, module) => sum + module.text.length, 0) > SESSION_LIMITS.chars)
        return `more than ${SESSION_LIMITS.chars} characters of rules`;
      if (lifetimeMs <= 0 || lifetimeMs > SESSION_LIMITS.lifetimeMs) return 'rules of a task last at most seven days';
      // Added again it only ever lasts longer.
      const before = rules.find((each) => each.id === id);
      const untilMs = Math.max(nowMs + lifetimeMs, before !== undefined && 'untilMs' in before ? before.untilMs : 0);
      return { id, task, addedAtMs: nowMs, untilMs, modules };
    },
    keep({ id, ...rules }) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      for (const name of namesIn(folder, '.json').names) {
        const kept = one(name.slice(0, -'.json'.length));
        if ('untilMs' in kept && kept.untilMs <= rules.addedAtMs) rmSync(path.join(folder, name), { force: true });
      }
      replaceFile(fileOf(id), `${JSON.stringify({ version: 1, ...rules })}\n`, 0o600);
    },
    drop(id) {
      const there = namesIn(folder, '.json').names.includes(`${id}.json`);
      if (there) rmSync(fileOf(id), { force: true });
      return there;
    },
  };
}

export function sessionLayer(rules: SessionRules): PolicyLayer {
  return {
    layer: 'session',
    modules: rules.modules,
    scope: { task: rules.task },
    revision: `${rules.id} until ${new Date(rules.untilMs).toISOString()}`,
  };
}

function idOf(task: string, modules: readonly RegoModule[]): string {
  return `${keyOfTask(task)}-${digestOfSources({ modules }).slice(0, 16)}`;
}
