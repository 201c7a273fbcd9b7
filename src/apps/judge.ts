import { homedir, userInfo } from 'node:os';
import type { StatedFacts } from '../core/facts.ts';
import type { RawAttempt } from '../pipeline/observe.ts';
import type { AnyJudged, Refused } from '../pipeline/products.ts';
import type { DeclaredEnvironments } from '../ports/declared-environments.ts';
import type { Paths } from './paths.ts';

/** Judges attempts without a daemon. */
export interface OpenedJudge {
  judge(raw: RawAttempt, facts: StatedFacts | undefined): Promise<AnyJudged | Refused>;
  close(): Promise<void>;
}

export interface RehearsalPlaces {
  readonly home: string;
  readonly path: string;
  /** The guard's own places: not in the view. */
  readonly hidden: readonly string[];
}

/** Whose commands are judged, for what hangs on an account: home, name, variables. */
export interface Surroundings {
  readonly home: string;
  readonly account: string;
  /** `undefined` where the agent's variables are not seen. */
  readonly environment: Readonly<Record<string, string | undefined>> | undefined;
  /** For tests, in the place of what people signed in this installation. */
  readonly declared?: DeclaredEnvironments;
}

/** Behind the hook of a daemon, which runs with variables of its own. */
export function agentSurroundings(paths: Paths, home: string): Surroundings {
  const agent = paths.system?.agent;
  return { home: agent?.home ?? home, account: agent?.name ?? userInfo().username, environment: undefined };
}

/** At the command line, in the caller's own shell. */
export function ownSurroundings(env: NodeJS.ProcessEnv): Surroundings {
  return { home: env.HOME ?? homedir(), account: userInfo().username, environment: env };
}
