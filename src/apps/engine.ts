import type { People } from '../ports/people.ts';
import type { Store } from '../ports/store.ts';
import type { Daemon, StartResult } from './daemon/daemon.ts';
import type { Registration } from './daemon/gateway-door.ts';
import type { Service } from './daemon/service.ts';
import type { EgressOptions } from './egress/contract.ts';
import type { Paths } from './paths.ts';
import type { Policy } from './policy/assemble.ts';

/**
 * What may differ between the installed daemon, a test and a replay. SECURITY: in code only; no variable and no flag
 * reaches these, since an agent could set either.
 */
export interface EngineOptions {
  readonly paths: Paths;
  readonly home: string;
  readonly person: string;
  readonly version: string;
  /** `[program, ...arguments]` that runs `holdpoint exec`. */
  readonly execCommand: readonly string[];
  mode(): 'shadow' | 'enforce';
  readonly registry?: { readonly registryFile: string; readonly trustedOwnerUids: readonly number[] };
  readonly railwayEndpoint?: string;
  /** In place of github.com's REST API. */
  readonly githubEndpoint?: string;
  /** What would be held is tried in a throw-away view first, for the card; `PATH` of the command there. */
  readonly rehearse?: { readonly path: string };
  readonly gateway?: Pick<EgressOptions, 'resolve' | 'allowAddresses' | 'extraCa'> & { readonly holdWaitMs?: number };
}

/** A daemon that serves all doors, and what tests and the replay look at. */
export interface Engine {
  readonly daemon: Daemon;
  readonly service: Service;
  readonly store: Store;
  readonly people: People;
  readonly policy: Policy;
  /** Variables by which an agent of this task uses the gateway. */
  agentEnvironment(identity: Registration): Readonly<Record<string, string>>;
}

export type EngineResult = { readonly ok: true; readonly engine: Engine } | Extract<StartResult, { ok: false }>;
