import type { Json } from '../core/canonical-json.ts';
import type { Digest } from '../core/digest.ts';
import type { LayerOpinion } from '../core/verdict.ts';
import type { PolicyLayer, PolicyProblem, RegoModule } from './policy-layers.ts';

export type Answered<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

export interface RegoSources {
  readonly modules: readonly RegoModule[];
  readonly data?: { readonly [name: string]: Json };
}

/** A rule as it stands in a file. `path`: `data.holdpoint.policies.NAME.hold`. */
export interface RuleInFile {
  readonly path: string;
  readonly file: string;
  readonly row: number;
  /** `# METADATA` as OPA reads it (https://www.openpolicyagent.org/docs/policy-language#metadata). */
  readonly annotations?: {
    readonly title?: string;
    readonly description?: string;
    readonly custom?: { readonly [name: string]: Json };
  };
}

export interface RegoTest {
  readonly package: string;
  readonly name: string;
  readonly result: 'pass' | 'fail' | 'error' | 'skip';
  readonly file: string;
  readonly row: number;
  readonly why?: string;
  readonly output?: string;
  readonly micros: number;
}

/** Lines by file, as OPA's coverage report has them. Percent of all lines that could be covered. */
export interface RegoCoverage {
  readonly percent: number;
  readonly files: {
    readonly [file: string]: {
      readonly percent: number;
      /** Pairs of first and last row. */
      readonly notCovered: readonly (readonly [number, number])[];
    };
  };
}

export type Explain = 'off' | 'notes' | 'fails' | 'full' | 'debug';

export interface QueryAnswer {
  /** One object a solution: variable to value. Empty: undefined. */
  readonly results: readonly { readonly [variable: string]: Json }[];
  readonly trace?: string;
  readonly printed: readonly string[];
  /** What went wrong at run time, e.g. a built-in that fails. */
  readonly error?: PolicyProblem;
}

export interface BundleKey {
  /** PEM, or a shared secret for the HS algorithms. */
  readonly key: string;
  /** `RS256`, `ES256`, `EdDSA`, `HS256`, ... */
  readonly algorithm: string;
  readonly scope?: string;
}

export interface ReadBundle {
  readonly verified: boolean;
  readonly revision: string;
  readonly roots: readonly string[];
  readonly modules: readonly RegoModule[];
  readonly data: { readonly [name: string]: Json };
}

/** Open Policy Agent as people use it at a command line. Contract: no answer is a guess; a fault is a problem with its place. */
export interface PolicyTools {
  /** As a layer would be loaded: strict, without the withheld built-ins, in the shape that findings have. `anything`: any Rego. */
  check(sources: RegoSources, options?: { readonly anything?: boolean }): Promise<Answered<readonly RuleInFile[]>>;
  test(
    sources: RegoSources,
    options: { readonly run?: string; readonly coverage: boolean },
  ): Promise<Answered<{ readonly tests: readonly RegoTest[]; readonly coverage?: RegoCoverage }>>;
  format(modules: readonly RegoModule[]): Promise<Answered<readonly RegoModule[]>>;
  query(
    sources: RegoSources & { readonly query: string; readonly input?: Json; readonly explain: Explain },
  ): Promise<Answered<QueryAnswer>>;
  /** What a layer says to a document `holdpoint/v1` that was recorded. Checked against the schema first. */
  opinion(layer: PolicyLayer, document: Json): Promise<Answered<LayerOpinion>>;
  digest(layer: PolicyLayer): Digest;
  readBundle(
    bytes: Uint8Array,
    keys?: { readonly keys: { readonly [id: string]: BundleKey }; readonly keyId: string; readonly scope?: string },
  ): Promise<Answered<ReadBundle>>;
  writeBundle(
    sources: RegoSources & {
      readonly revision: string;
      readonly roots: readonly string[];
      readonly signing?: { readonly key: string; readonly keyId: string; readonly algorithm: string };
    },
  ): Promise<Answered<Uint8Array>>;
  close(): Promise<void>;
}
