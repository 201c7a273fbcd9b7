import { bytesToHex } from '@noble/hashes/utils.js';
import { type Digest, digestOf } from './digest.ts';

export type Door = 'hook' | 'egress' | 'postgres' | 'mcp' | 'sandbox' | 'sdk' | 'cli';
export type ActionKind = 'shell' | 'sql' | 'http' | 'graphql' | 'mcp' | 'file' | 'git';

/** What was tried, to the byte. `bytes` is text (UTF-8) for shell, sql and git; canonical JSON for the other kinds. */
export interface Action {
  readonly kind: ActionKind;
  readonly bytes: Uint8Array;
  /** Absolute path of the working directory, where the door knows it. */
  readonly cwd?: string;
  /** `bash` (default), `powershell`, `cmd` for shell; `postgres` (default), `mysql`, `sqlite`, ... for sql. */
  readonly dialect?: string;
}

/** Who tried, from where. All strings as the door vouches for them; none is the agent's own word. */
export interface Origin {
  readonly door: Door;
  readonly person: string;
  readonly agent: string;
  readonly task: string;
  /** Absolute path of the workspace. */
  readonly workspace: string;
}

export interface Attempt extends Origin {
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly action: Action;
  /** The agent's own words: shown, never believed. */
  readonly statedPurpose?: string;
  /** The same for the honest repeat: action, door, person, agent, task and workspace; no id, time or prose. */
  readonly key: Digest;
}

export function attemptKey(action: Action, origin: Origin): Digest {
  return digestOf({
    action: {
      kind: action.kind,
      bytes: bytesToHex(action.bytes),
      cwd: action.cwd,
      dialect: action.dialect,
    },
    door: origin.door,
    person: origin.person,
    agent: origin.agent,
    task: origin.task,
    workspace: origin.workspace,
  });
}
