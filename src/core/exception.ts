import { type Digest, digestOf } from './digest.ts';
import type { Effect, Verb } from './effect.ts';
import { type ResourceRef, resourceKey } from './resource.ts';

/**
 * A signed, scoped, expiring loosening of one rule: the one way to loosen. Also what a pre-approval for CI is.
 * By the time it is of this type its signature has been verified; `signer` is the enrolled person's name.
 */
export interface Exception {
  readonly signer: string;
  readonly rule: string;
  readonly verb: Verb;
  readonly target: ResourceRef;
  /** Absolute path of the only workspace it holds in. */
  readonly workspace: string;
  readonly because: string;
  readonly expiresAtMs: number;
  readonly digest: Digest;
}

/** The statement that is signed for an exception, as canonical JSON. */
export function exceptionDigest(parts: Omit<Exception, 'digest' | 'signer'>): Digest {
  return digestOf({ type: 'holdpoint/exception/v1', ...parts, target: { ...parts.target } });
}

/** The rule of a finding that says that a policy failed: malformed, undefined, too slow, not reachable. It denies. */
export const POLICY_ERROR = 'POLICY_ERROR';

/** Past this a loosening is asked for again: what is forgotten does not stay open. */
export const EXCEPTION_LIFETIME_MAX_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * INVARIANT: an unknown target is never covered; tampering with the guard and a deny for a forged finding never are, nor
 * is the failure of a policy: an exception is about what a rule says, and a policy that failed has said nothing.
 */
export function coversFinding(exception: Exception, finding: { readonly rule: string }, effect: Effect): boolean {
  return (
    finding.rule === exception.rule &&
    finding.rule !== POLICY_ERROR &&
    effect.verb === exception.verb &&
    'known' in effect.target &&
    resourceKey(effect.target.known) === resourceKey(exception.target) &&
    effect.tags?.includes('guard-tampering') !== true
  );
}
