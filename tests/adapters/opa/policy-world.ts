import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { loadEngineModule } from '../../../src/adapters/opa/artefact.ts';
import { type OpaEngine, type OpaEngineOptions, openOpaEngine } from '../../../src/adapters/opa/opa-engine.ts';
import { type Action, type Attempt, attemptKey } from '../../../src/core/attempt.ts';
import type { Effect } from '../../../src/core/effect.ts';
import { type Check, type Evidence, evidenceOf } from '../../../src/core/evidence.ts';
import type { ResourceRef } from '../../../src/core/resource.ts';
import type { PolicyInput } from '../../../src/ports/policy-engine.ts';
import { type PolicyLayer, type RegoModule, showProblem } from '../../../src/ports/policy-layers.ts';

/** Compiled once a process. */
const shared = loadEngineModule();

export const NOW_MS = Date.UTC(2026, 3, 25, 12);
export const VOLUME: ResourceRef = { system: 'railway', kind: 'volume', path: ['project-1', 'volume-1'] };

export function attemptOf(
  action: Partial<Action> & { readonly text?: string } = {},
  parts: Partial<Attempt> = {},
): Attempt {
  const { text = 'curl https://backboard.railway.com', ...rest } = action;
  const origin = { door: 'hook', person: 'ada', agent: 'claude-code', task: 'task-1', workspace: '/w' } as const;
  const full: Action = { kind: 'shell', bytes: new TextEncoder().encode(text), cwd: '/w', ...rest };
  return { id: 'a-1', atMs: NOW_MS, action: full, ...origin, key: attemptKey(full, origin), ...parts };
}

export function effectOf(parts: Partial<Effect> = {}): Effect {
  return {
    verb: 'destroy',
    target: { known: VOLUME },
    count: { min: 1, max: 1 },
    reversal: 'irreversible',
    basis: 'documented',
    source: 'railway:volumeDelete',
    summary: 'deletes a volume',
    ...parts,
  };
}

export const HARMLESS: Effect = effectOf({
  verb: 'read',
  target: { known: { system: 'file', kind: 'path', path: ['/w/README.md'] } },
  reversal: 'undoable',
  basis: 'parsed',
  source: 'catalog/cat',
  summary: 'reads a file',
});

export function factOf(check: Check, answer: Evidence['answer'], parts: Partial<Evidence> = {}): Evidence {
  const fact = evidenceOf({
    question: { check, about: VOLUME },
    answer,
    source: 'railway api',
    atMs: NOW_MS - 1_000,
    maxAgeMs: 60_000,
  });
  return { ...fact, ...parts };
}

export function inputOf(parts: Partial<PolicyInput> = {}): PolicyInput {
  return { attempt: attemptOf(), effects: [effectOf()], evidence: [], nowMs: NOW_MS, ...parts };
}

/** A module of one policy; its rules follow the package line, so that the first of them stands in row 2. */
export function moduleOf(rules: string, name = 'policy.rego', packageName = 'holdpoint.policies.team'): RegoModule {
  return { name, text: `package ${packageName}\n${rules}\n` };
}

export function layerOf(modules: RegoModule | readonly RegoModule[], parts: Partial<PolicyLayer> = {}): PolicyLayer {
  return { layer: 'organisation', modules: 'name' in modules ? [modules] : modules, ...parts };
}

export const HOLD_ALL = moduleOf(
  'hold contains {"id": "all", "reason": "all of it", "effect": e.index} if { some e in input.effects }',
);

export async function openEngine(options: OpaEngineOptions): Promise<OpaEngine> {
  const module = options.artefact === undefined ? { module: await shared } : {};
  const opened = await openOpaEngine({ warmUpRounds: 0, timeoutMs: 60_000, ...module, ...options });
  assert.ok(opened.ok, opened.ok ? '' : opened.problems.map(showProblem).join('\n'));
  return opened.engine;
}

/** What the engine says against a layer, as OPA writes places. */
export async function refusalOf(layers: PolicyLayer | readonly PolicyLayer[]): Promise<string> {
  const opened = await openOpaEngine({
    warmUpRounds: 0,
    module: await shared,
    layers: 'layer' in layers ? [layers] : layers,
  });
  if (!opened.ok) return opened.problems.map(showProblem).join('\n');
  await opened.engine.close();
  return 'accepted';
}

export function fixturePack(): readonly RegoModule[] {
  const folder = path.join(import.meta.dirname, 'fixtures/pack');
  return globSync('*.rego', { cwd: folder })
    .sort()
    .map((name) => ({ name, text: readFileSync(path.join(folder, name), 'utf8') }));
}
