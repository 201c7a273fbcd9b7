import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { Io } from '../../../src/apps/cli/io.ts';
import type { PolicyDeps } from '../../../src/apps/cli/policy/deps.ts';
import { runPolicy } from '../../../src/apps/cli/policy/policy.ts';
import { findPaths } from '../../../src/apps/paths.ts';
import {
  decisionsDir,
  openJudge,
  openPolicyTools,
  policyDocumentOf,
  readDecisions,
  workspaceOf,
} from '../../../src/apps/wire.ts';
import type { PolicyTools } from '../../../src/ports/policy-tools.ts';
import { DAY_ONE } from '../../fakes/decisions.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A workspace and `holdpoint policy` in this process. The engine is started once for all commands of a test file. */
export interface PolicyPlace {
  readonly work: string;
  readonly decisions: string;
  readonly tools: PolicyTools;
  write(name: string, content: string | Uint8Array): string;
  run(
    args: readonly string[],
    more?: { readonly input?: string | Uint8Array; readonly deps?: Partial<PolicyDeps> },
  ): Promise<Ran>;
  remove(): Promise<void>;
}

export const VERSION = '0.1.0';
/** When commands of a place think that they run. */
export const NOW = DAY_ONE + 3_600_000;

export function makePolicyPlace(): PolicyPlace {
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'hp-policy-')));
  const work = path.join(dir, 'work');
  mkdirSync(path.join(work, '.git'), { recursive: true });
  const env = { HOME: dir, XDG_STATE_HOME: path.join(dir, 'state'), XDG_CONFIG_HOME: path.join(dir, 'config') };
  const paths = findPaths(env);
  const tools = openPolicyTools(paths.state);
  const deps: PolicyDeps = {
    paths,
    version: VERSION,
    openTools: () => ({ ...tools, close: () => Promise.resolve() }),
    openJudge: async () => ({ ...(await openJudge(paths, () => undefined)), workspaceOf, person: 'ann' }),
    documentOf: policyDocumentOf,
    workspaceOf,
    readDecisions: () => readDecisions(decisionsDir(paths.state)),
    nowMs: () => NOW,
    sign: () => Promise.resolve({ ok: false, why: 'nobody signs here' }),
  };
  return {
    work,
    decisions: decisionsDir(paths.state),
    tools,
    write: (name, content) => {
      const file = path.join(work, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
    run: async (args, more = {}) => {
      const text = { out: '', err: '' };
      const io: Io = {
        env,
        cwd: work,
        stdin: Readable.from([Buffer.from(more.input ?? '')]),
        out: (piece) => {
          text.out += piece;
        },
        err: (piece) => {
          text.err += piece;
        },
        interactive: false,
        outIsTerminal: false,
      };
      return { code: await runPolicy(args, io, { ...deps, ...more.deps }), ...text };
    },
    remove: async () => {
      await tools.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A policy that holds what destroys files, and its test. */
export const FREEZE = `package holdpoint.policies.freeze

hold contains {"id": "files", "reason": "files are frozen", "effect": e.index} if {
	some e in input.effects
	e.verb == "destroy"
}
`;

export const FREEZE_TEST = `package holdpoint.policies.freeze_test

import data.holdpoint.policies.freeze

test_holds if {
	print("looks at", count(freeze.hold))
	count(freeze.hold) == 1 with input.effects as [{"index": 0, "verb": "destroy"}]
}
`;
