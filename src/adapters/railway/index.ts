import type { DocumentationFact } from '../../core/facts.ts';
import type { DatabaseCopier } from '../../ports/database-copies.ts';
import type { DeclaredEnvironments } from '../../ports/declared-environments.ts';
import type { Safeguarder } from '../../ports/safeguard.ts';
import type { Verifier } from '../../ports/verifier.ts';
import { type LearnerOptions, makeLearner } from './learner.ts';
import { makeRailwaySafeguarder } from './railway-safeguarder.ts';
import { makeRailwayVerifier } from './railway-verifier.ts';

export interface RailwayOptions extends LearnerOptions {
  /** What the provider's pages say, by kind of resource: `RAILWAY_DOCUMENTATION` of the catalogue. */
  readonly documentation?: ReadonlyMap<string, DocumentationFact>;
  /** What people declared; nothing where left out. */
  readonly declared?: DeclaredEnvironments;
  /** Copies databases before they go; nothing is copied where left out. */
  readonly copier?: DatabaseCopier;
}

export interface OpenedRailway {
  readonly verifier: Verifier;
  readonly safeguarders: readonly Safeguarder[];
}

/** What asks Railway's API, and what copies the databases on its volumes. Both look with the attempt's own credential. */
export function openRailway(options: RailwayOptions): OpenedRailway {
  const { clock, documentation, declared, copier } = options;
  const learner = makeLearner(options);
  return {
    verifier: makeRailwayVerifier({
      learner,
      clock,
      ...(documentation === undefined ? {} : { documentation }),
      ...(declared === undefined ? {} : { declared }),
      ...(copier === undefined ? {} : { copier }),
    }),
    safeguarders: copier === undefined ? [] : [makeRailwaySafeguarder({ learner, copier })],
  };
}
