import type { Approval } from '../core/approval.ts';
import type { Attempt } from '../core/attempt.ts';
import type { Effect } from '../core/effect.ts';
import type { Evidence, Question } from '../core/evidence.ts';
import type { Receipt } from '../core/receipt.ts';
import type { SafeguardPlan, SafeguardTaken } from '../core/safeguard.ts';
import type { Says, Verdict } from '../core/verdict.ts';
import type { Execution } from '../ports/executor.ts';
import type { HoldRecord } from '../ports/store.ts';

/**
 * What each stage makes. A stage takes only what the stage before it made: the brand makes skipping one a compile
 * error, and the witness (a set of the objects really minted) refuses a forged product at run time.
 * INVARIANT: each `mint…` is imported by its own stage file alone; `scripts/` checks that, and that nobody casts.
 */
declare const brand: unique symbol;
type Branded<Name extends string, T> = T & { readonly [brand]: Name };

export type Observed = Branded<'observed', { readonly attempt: Attempt }>;
export type Classified = Branded<
  'classified',
  {
    readonly attempt: Attempt;
    readonly effects: readonly Effect[];
    /** Questions that the known evidence does not answer yet. */
    readonly open: readonly Question[];
    readonly evidence: readonly Evidence[];
  }
>;
export type Verified = Branded<
  'verified',
  { readonly attempt: Attempt; readonly effects: readonly Effect[]; readonly evidence: readonly Evidence[] }
>;
export type Judged<S extends Says> = Branded<
  `judged-${S}`,
  {
    readonly says: S;
    readonly attempt: Attempt;
    readonly effects: readonly Effect[];
    readonly evidence: readonly Evidence[];
    readonly verdict: Verdict;
    readonly plans: readonly SafeguardPlan[];
    /** True where shadow mode let pass what would have been held or denied. */
    readonly shadowed: boolean;
  }
>;
export type AnyJudged = Judged<'allow'> | Judged<'hold'> | Judged<'deny'>;
export type Approved = Branded<'approved', { readonly hold: HoldRecord; readonly approval: Approval }>;
export type Authorization = Branded<
  'authorization',
  { readonly judged: Judged<'allow'> | Judged<'hold'>; readonly hold: HoldRecord | undefined }
>;
export type Begun = Branded<'begun', { readonly authorization: Authorization; readonly intent: Promise<Receipt> }>;
export type Safe = Branded<'safe', { readonly begun: Begun; readonly taken: readonly SafeguardTaken[] }>;
export type Executed = Branded<'executed', { readonly safe: Safe; readonly execution: Execution }>;

/** An attempt that goes no further. `hold` is there where people can still let it go on. */
export interface Refused {
  readonly kind: 'refused';
  readonly says: 'hold' | 'deny';
  readonly rule: string;
  readonly reason: string;
  readonly hold?: HoldRecord;
}

export function refused(says: Refused['says'], rule: string, reason: string, hold?: HoldRecord): Refused {
  return hold === undefined ? { kind: 'refused', says, rule, reason } : { kind: 'refused', says, rule, reason, hold };
}

export function isRefused(value: object): value is Refused {
  return 'kind' in value && value.kind === 'refused';
}

/** Thrown where a stage is given something that the stage before it did not make. Always a bug or an attack. */
export class ForgedProduct extends Error {
  constructor(name: string) {
    super(`refused a forged \`${name}\``);
    this.name = 'ForgedProduct';
  }
}

function witness<T extends object>(name: string): { mint(value: object): T; demand(product: T): void } {
  const genuine = new WeakSet<object>();
  return {
    mint(value) {
      const product = Object.freeze({ ...value }) as T;
      genuine.add(product);
      return product;
    },
    demand(product) {
      if (!genuine.has(product)) throw new ForgedProduct(name);
    },
  };
}

type Plain<T> = Omit<T, typeof brand>;
const observed = witness<Observed>('Observed');
const classified = witness<Classified>('Classified');
const verified = witness<Verified>('Verified');
const judged = witness<AnyJudged>('Judged');
const approved = witness<Approved>('Approved');
const authorization = witness<Authorization>('Authorization');
const begun = witness<Begun>('Begun');
const safe = witness<Safe>('Safe');
const executed = witness<Executed>('Executed');

export const mintObserved = (value: Plain<Observed>): Observed => observed.mint(value);
export const mintClassified = (value: Plain<Classified>): Classified => classified.mint(value);
export const mintVerified = (value: Plain<Verified>): Verified => verified.mint(value);
export function mintJudged<S extends Says>(value: Plain<Judged<S>> & { readonly says: S }): Judged<S> {
  return judged.mint(value) as Judged<S>;
}
export const mintApproved = (value: Plain<Approved>): Approved => approved.mint(value);
export const mintAuthorization = (value: Plain<Authorization>): Authorization => authorization.mint(value);
export const mintBegun = (value: Plain<Begun>): Begun => begun.mint(value);
export const mintSafe = (value: Plain<Safe>): Safe => safe.mint(value);
export const mintExecuted = (value: Plain<Executed>): Executed => executed.mint(value);

export const demandObserved = observed.demand;
export const demandClassified = classified.demand;
export const demandVerified = verified.demand;
export const demandJudged: (product: AnyJudged) => void = judged.demand;
export const demandApproved = approved.demand;
export const demandAuthorization = authorization.demand;
export const demandBegun = begun.demand;
export const demandSafe = safe.demand;
export const demandExecuted = executed.demand;
