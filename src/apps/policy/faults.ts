import path from 'node:path';
import { type Digest, digestOf } from '../../core/digest.ts';
import { placesOf } from '../../core/places.ts';
import type { Layer, LayerOpinion } from '../../core/verdict.ts';
import { POLICY_ERROR, type PolicyInput } from '../../ports/policy-engine.ts';
import { keyOfWorkspace } from './repository.ts';
import { keyOfTask } from './session.ts';

/** A policy that is known to be there and cannot be used. */
export interface Fault {
  readonly layer: 'repository' | 'session';
  /** Of the files of one workspace, or of one task. */
  readonly key: string;
  readonly why: string;
  readonly digest: Digest;
}

export function faultOf(layer: Fault['layer'], key: string, why: string): Fault {
  return { layer, key, why, digest: digestOf({ type: 'holdpoint/policy-fault/v1', layer, key, why }) };
}

/** A fault concerns what its policy would have been asked about. */
export function concerns(fault: Fault, { attempt, effects }: PolicyInput): boolean {
  if (fault.layer === 'session') return keyOfTask(attempt.task) === fault.key;
  // Only the digest of the workspace's name is known for sure.
  const seen = new Set<string>();
  return placesOf(attempt, effects).some((place) => {
    for (let at = path.normalize(place); !seen.has(at); at = path.dirname(at)) {
      if (keyOfWorkspace(at) === fault.key) return true;
      seen.add(at);
    }
    return false;
  });
}

/** INVARIANT: it denies every effect, and an attempt without effects too. */
export function denialOf(
  { layer, digest, why }: { readonly layer: Layer; readonly digest: Digest; readonly why: string },
  { effects }: Pick<PolicyInput, 'effects'>,
): LayerOpinion {
  const findings = Array.from({ length: Math.max(1, effects.length) }, (_, effect) => ({
    layer,
    rule: POLICY_ERROR,
    effect,
    says: 'deny' as const,
    reason: `policy error: ${why}`,
  }));
  return { layer, digest, findings, obligations: [] };
}
