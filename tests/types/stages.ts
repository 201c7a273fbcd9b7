import { authorize } from '../../src/pipeline/authorize.ts';
import { begin } from '../../src/pipeline/begin.ts';
import { execute } from '../../src/pipeline/execute.ts';
import type {
  Approved,
  Authorization,
  Begun,
  Classified,
  Judged,
  Observed,
  Safe,
  Verified,
} from '../../src/pipeline/products.ts';
import type { Store } from '../../src/ports/store.ts';

/*
 * Skipping a stage does not compile. Nothing here runs: `npm run typecheck` fails where one of these lines is no error,
 * since a `@ts-expect-error` without an error is an error.
 */
export function skipping(
  held: Judged<'hold'>,
  denied: Judged<'deny'>,
  authorization: Authorization,
  begun: Begun,
  store: Store,
): void {
  // @ts-expect-error what is held cannot be authorized without a person
  authorize(held);
  // @ts-expect-error what is denied cannot be authorized
  authorize(denied);
  // @ts-expect-error a verdict is no authorization
  begin(held, 0, {}, store);
  // @ts-expect-error nothing executes before its safeguard
  execute(begun, { execute: () => Promise.reject(new Error('never')) });
  // @ts-expect-error nothing executes on an authorization alone
  execute(authorization, { execute: () => Promise.reject(new Error('never')) });
}

export function forging(store: Store): void {
  // @ts-expect-error a plain object is no product
  const observed: Observed = { attempt: undefined };
  // @ts-expect-error one product is no other
  const classified: Classified = observed;
  // @ts-expect-error one product is no other
  const verified: Verified = classified;
  // @ts-expect-error a fact about a hold is no approval
  const approved: Approved = { hold: undefined, approval: undefined };
  // @ts-expect-error an approval is no authorization
  const authorization: Authorization = approved;
  // @ts-expect-error no intent, no execution
  const safe: Safe = { begun: authorization, taken: [] };
  return void [store, verified, safe];
}
