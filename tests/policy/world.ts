import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { credentialFact } from '../../src/adapters/railway/credential.ts';
import { backupsFact, dependentsFact, environmentFact } from '../../src/adapters/railway/facts.ts';
import type { Place } from '../../src/adapters/railway/place.ts';
import { makeAction, rawOf } from '../../src/apps/cli/check.ts';
import { allReaders } from '../../src/apps/readers.ts';
import { statedFacts } from '../../src/apps/stated-facts.ts';
import type { ActionKind, Door } from '../../src/core/attempt.ts';
import type { Json } from '../../src/core/canonical-json.ts';
import { evidenceOf } from '../../src/core/evidence.ts';
import { factAsJson, type StatedFacts } from '../../src/core/facts.ts';
import type { Tri } from '../../src/core/tri.ts';
import { makeJudge } from '../../src/pipeline/pipeline.ts';
import { isRefused } from '../../src/pipeline/products.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { PolicyInput } from '../../src/ports/policy-engine.ts';
import type { Verifier } from '../../src/ports/verifier.ts';

/** An attempt of a table, and what is known of the world that it is tried in. */
export interface AttemptRow {
  readonly kind: ActionKind;
  readonly input: Json;
  readonly dialect?: string;
  /** Absolute; empty: nothing is known of where it runs. */
  readonly cwd?: string;
  readonly facts?: StatedFacts;
  /** One of `RAILWAY_WORLDS`: what Railway's API would have said. */
  readonly railway?: string;
  readonly at?: string;
  readonly door?: Door;
  /** Every fact is this much older than it may be. */
  readonly staleMs?: number;
}

const READERS = allReaders();
const MONDAY = '2026-09-21T14:00:00Z';

/** What the policies are asked about an attempt: made by the real readers, verifiers and stages. */
export async function policyInputOf(row: AttemptRow): Promise<PolicyInput | undefined> {
  const atMs = Date.parse(row.at ?? MONDAY);
  const clock: Clock = { nowMs: () => atMs, monotonicMs: () => atMs };
  const cwd = row.cwd ?? '';
  const made = makeAction(row.kind, row.input, cwd, row.dialect);
  assert.ok(made.ok, JSON.stringify(row.input));
  const seen: PolicyInput[] = [];
  const judge = makeJudge({
    read: await READERS,
    verifiers: [
      ...(row.facts === undefined ? [] : [aged(statedFacts(row.facts, clock), row.staleMs ?? 0)]),
      ...(row.railway === undefined ? [] : [aged(railwayIn(row.railway, clock), row.staleMs ?? 0)]),
    ],
    engines: [
      {
        evaluate: (input) => {
          seen.push(input);
          return Promise.resolve([]);
        },
      },
    ],
    approver: { exceptions: () => Promise.resolve([]) },
    safeguarders: [],
    store: { denials: () => Promise.resolve([]) },
    clock,
    mode: () => 'enforce',
  });
  const raw = rawOf(made.action, { workspaceOf: () => cwd, person: 'test' }, cwd);
  const judged = await judge({ ...raw, origin: { ...raw.origin, door: row.door ?? raw.origin.door } });
  if (isRefused(judged)) return undefined;
  assert.equal(seen.length, 1);
  return seen[0];
}

function aged(verifier: Verifier, byMs: number): Verifier {
  return {
    ...verifier,
    answer: async (question, attempt, signal) => {
      const { digest: _, ...parts } = await verifier.answer(question, attempt, signal);
      return evidenceOf({ ...parts, atMs: byMs === 0 ? parts.atMs : parts.atMs - parts.maxAgeMs - byMs });
    },
  };
}

const HOUR_MS = 3_600_000;
const production = { id: 'e1', name: 'production', isEphemeral: false };
const staging = { id: 'e2', name: 'staging', isEphemeral: false };

function placeOf(environments: readonly (typeof production)[], projectIsComplete = true): Place {
  const seen = environments.map((one) => ({
    ...one,
    volumeInstances: [
      {
        id: `i-${one.id}`,
        volumeId: 'v1',
        volumeName: 'data',
        serviceId: `s-${one.id}`,
        state: 'READY',
        usedMegabytes: 8,
      },
    ],
    services: [{ id: `s-${one.id}`, name: `api-${one.name}`, deployed: { atMs: 0, status: 'SUCCESS' } }],
  }));
  return {
    project: {
      id: 'p1',
      name: 'acme',
      primaryEnvironmentId: 'e1',
      environments: seen,
      complete: projectIsComplete,
    },
    environments: seen,
    instances: seen.flatMap((environment) =>
      environment.volumeInstances.map((instance) => ({ environment, instance })),
    ),
  };
}

interface RailwayWorld {
  readonly place: Place;
  readonly backupAgesH: readonly number[];
  readonly token: 'account-token' | 'project-token';
}

/** Facts come out of the adapter's own functions; only the answers of the API behind them are written down here. */
const RAILWAY_WORLDS: Readonly<Record<string, RailwayWorld>> = {
  'staging and production': { place: placeOf([production, staging]), backupAgesH: [3, 27], token: 'account-token' },
  'production without backups': { place: placeOf([production]), backupAgesH: [], token: 'project-token' },
  'staging by its name': { place: placeOf([staging]), backupAgesH: [3], token: 'project-token' },
  'an old second backup': { place: placeOf([production]), backupAgesH: [2, 400], token: 'project-token' },
  'a token that sees half': { place: placeOf([staging], false), backupAgesH: [], token: 'project-token' },
};

function railwayIn(name: string, clock: Clock): Verifier {
  const world = RAILWAY_WORLDS[name];
  assert.ok(world !== undefined, `no world is called \`${name}\``);
  const backups = world.backupAgesH.map((ageH, index) => ({
    id: `b${index + 1}`,
    name: '',
    atMs: clock.nowMs() - ageH * HOUR_MS,
  }));
  const reach =
    world.token === 'account-token'
      ? { kind: world.token, workspaces: [{ id: 'w1', name: 'acme' }] }
      : { kind: world.token, projectId: 'p1', environmentId: 'e1' };
  return {
    name: 'railway',
    canAnswer: ({ about }) => about.system === 'railway',
    answer: (question) => {
      const { check, about } = question;
      const answer: Tri<object> =
        check === 'credential'
          ? { known: credentialFact(reach) }
          : check === 'environment'
            ? environmentFact(world.place, about, { of: () => [], coversAll: false })
            : check === 'dependents'
              ? dependentsFact(world.place)
              : check === 'recovery'
                ? { known: backupsFact(about, backups) }
                : { unknown: 'not asked in this world' };
      return Promise.resolve(
        evidenceOf({
          question,
          answer: 'known' in answer ? { known: factAsJson(answer.known) } : answer,
          source: 'railway api',
          atMs: clock.nowMs(),
          maxAgeMs: 30_000,
        }),
      );
    },
  };
}

/** Rows of a JSON-lines table beside this file, or in `folder`. A key that nobody knows is fatal. */
export function tableOf<T extends object>(
  file: string,
  keys: readonly string[],
): readonly (T & { readonly line: number })[] {
  return readFileSync(path.resolve(import.meta.dirname, file), 'utf8')
    .split('\n')
    .flatMap((text, index) => {
      if (text.trim() === '') return [];
      const row = JSON.parse(text) as T;
      for (const key of Object.keys(row)) assert.ok(keys.includes(key), `${file}:${index + 1}: unknown key \`${key}\``);
      return [{ ...row, line: index + 1 }];
    });
}
