import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { ask, type Reply } from '../../../src/apps/cli/client.ts';
import { workspaceOf } from '../../../src/apps/daemon/origin.ts';
import type { Engine } from '../../../src/apps/engine.ts';
import type { Paths } from '../../../src/apps/paths.ts';
import { digestOfSources } from '../../../src/apps/policy/rego-folder.ts';
import { openEngine } from '../../../src/apps/wire.ts';
import type { Json } from '../../../src/core/canonical-json.ts';
import type { Says } from '../../../src/core/verdict.ts';
import { isRefused } from '../../../src/pipeline/products.ts';
import type { RegoSources } from '../../../src/ports/policy-tools.ts';
import { type FakePerson, makePerson, makeRegistry } from '../../fakes/people.ts';

/** An installation of its own with real adapters, in this process. */
export interface World {
  readonly folder: string;
  readonly paths: Paths;
  readonly ann: FakePerson;
  /** Enrolled, with a key that any process could use. */
  readonly plain: FakePerson;
  readonly engine: () => Engine;
  /** A folder with `.git`, and what it holds. */
  workspace(name: string, files?: Readonly<Record<string, string>>): string;
  ask(request: object): Promise<Reply>;
  /** What becomes of a command at the command line's door. */
  judge(command: string, cwd: string, task?: string): Promise<Judgement>;
  /** Ends the daemon and starts it again over the same state. */
  restart(): Promise<void>;
}

export interface Judgement {
  readonly says: Says;
  readonly rules: readonly string[];
  readonly reasons: string;
}

export async function makeWorld(
  t: TestContext,
  config?: object,
  mode: 'shadow' | 'enforce' = 'enforce',
): Promise<World> {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'hp-policy-')));
  const at = (name: string): string => path.join(folder, name);
  const paths: Paths = {
    config: at('config'),
    state: at('state'),
    runtime: at('run'),
    socket: at('run/holdpoint.sock'),
    trust: 'advisory',
    ownerUid: process.getuid?.() ?? 0,
  };
  mkdirSync(paths.config, { mode: 0o700 });
  if (config !== undefined) writeFileSync(path.join(paths.config, 'policy.json'), JSON.stringify(config));
  const ann = makePerson('ann');
  const plain = makePerson('plain', 'unproven');
  const { registryFile, trustedOwnerUids } = makeRegistry([ann, plain]);
  const start = async (): Promise<Engine> => {
    const opened = await openEngine({
      paths,
      home: folder,
      person: 'ann',
      version: 'test',
      execCommand: ['holdpoint', 'exec'],
      mode: () => mode,
      registry: { registryFile, trustedOwnerUids },
    });
    assert.ok(opened.ok, opened.ok ? '' : opened.why);
    return opened.engine;
  };
  const state = { engine: await start() };
  t.after(async () => {
    await state.engine.daemon.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    paths,
    ann,
    plain,
    engine: () => state.engine,
    workspace(name, files = {}) {
      mkdirSync(path.join(folder, name, '.git'), { recursive: true });
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(path.dirname(path.join(folder, name, file)), { recursive: true });
        writeFileSync(path.join(folder, name, file), text);
      }
      return path.join(folder, name);
    },
    ask: (request) => ask(paths, request),
    async judge(command, cwd, task = 't') {
      const { service } = state.engine;
      const raw = service.shellAttempt(command, cwd, { agent: 'test', task, workspace: workspaceOf(cwd) });
      const judged = await service.pipeline.judge(raw);
      assert.ok(!isRefused(judged), isRefused(judged) ? judged.reason : '');
      const stopping = judged.verdict.findings.filter((one) => one.says !== 'allow');
      return {
        says: judged.says,
        rules: [...new Set(stopping.map((one) => one.rule))],
        reasons: stopping.map((one) => one.reason).join('\n'),
      };
    },
    async restart() {
      await state.engine.daemon.close();
      state.engine = await start();
    },
  };
}

/** Rules that deny or hold each effect whose summary or text has a word. */
export function rules(name: string, says: 'deny' | 'hold' | 'allow', word: string): string {
  return `package holdpoint.policies.${name}

${says} contains {"id": "${word}", "reason": "the rules of ${name} are about ${word}", "effect": some_effect.index} if {
	some some_effect in input.effects
	contains(input.attempt.action.text, "${word}")
}
`;
}

export function signedBy(person: FakePerson, statement: { readonly [key: string]: Json }): string {
  return JSON.stringify({ statement, signature: person.signStatement(statement) });
}

export const REGO = '.holdpoint/policy/rules.rego';

export function sourcesOf(text: string): RegoSources {
  return { modules: [{ name: REGO, text }] };
}

/** The request that pins these rules for a workspace. */
export function pinRequest(
  person: FakePerson,
  workspace: string,
  text: string,
  more: { readonly pinnedAtMs?: number; readonly digest?: string } = {},
): { readonly op: 'policy-pin'; readonly document: string; readonly modules: RegoSources['modules'] } {
  const sources = sourcesOf(text);
  const statement = {
    type: 'holdpoint/policy-pin/v1',
    workspace,
    digest: more.digest ?? digestOfSources(sources),
    pinnedAtMs: more.pinnedAtMs ?? Date.now(),
  };
  return { op: 'policy-pin', document: signedBy(person, statement), modules: sources.modules };
}
