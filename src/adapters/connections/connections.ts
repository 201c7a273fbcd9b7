import type { Clock } from '../../ports/clock.ts';
import type { DeclaredEnvironments } from '../../ports/declared-environments.ts';

/** What both verifiers of connections are told about where they are. */
export interface ConnectionsOptions {
  readonly clock: Clock;
  /** What people signed (`holdpoint map`). */
  readonly declared: DeclaredEnvironments;
  /** Where a person keeps `environments.json`. */
  readonly configDir: string;
  /** Of the account that the command would run under. */
  readonly home: string;
  readonly account: string;
  /** The agent's own variables; `undefined` where they are not seen, as behind a hook. */
  readonly environment: Readonly<Record<string, string | undefined>> | undefined;
  /** Whether addresses beyond loopback may be looked at, where a person's configuration names them. */
  readonly mayLeaveMachine: boolean;
  readonly maxAgeMs?: number;
}
