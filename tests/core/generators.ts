import fc from 'fast-check';
import type { Digest } from '../../src/core/digest.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { Effect } from '../../src/core/effect.ts';
import { type Exception, exceptionDigest } from '../../src/core/exception.ts';
import type { ResourceRef } from '../../src/core/resource.ts';
import type { Finding, LayerOpinion, Obligation } from '../../src/core/verdict.ts';

/** `deepEqual` tells an object without a prototype from one with it. */
const plain = { noNullPrototype: true } as const;

/** Small alphabets on purpose, so that rules, targets and indexes meet. */
export const resource: fc.Arbitrary<ResourceRef> = fc.record({
  system: fc.constantFrom('file', 'railway'),
  kind: fc.constantFrom('path', 'volume'),
  path: fc.array(fc.constantFrom('a', 'b', 'a/b', ''), { minLength: 1, maxLength: 2 }),
});

export const effect: fc.Arbitrary<Effect> = fc.record(
  {
    verb: fc.constantFrom('read', 'create', 'change', 'destroy', 'expose', 'grant', 'run'),
    target: fc.oneof(
      resource.map((known) => ({ known })),
      fc.constant({ unknown: 'not resolved' }),
    ),
    count: fc.constant({ min: 1, max: 1 }),
    reversal: fc.constantFrom('regenerable', 'undoable', 'safeguardable', 'irreversible', 'unknown'),
    basis: fc.constantFrom('observed', 'documented', 'parsed', 'opaque'),
    source: fc.constant('test'),
    summary: fc.constant('does something'),
    tags: fc.subarray(['guard-tampering', 'unjudged', 'backup']),
  },
  { requiredKeys: ['verb', 'target', 'count', 'reversal', 'basis', 'source', 'summary'], ...plain },
);

export const effects: fc.Arbitrary<Effect[]> = fc.array(effect, { maxLength: 4 });

const rule = fc.constantFrom('floor/destructive', 'floor/opaque', 'team/volumes', 'floor/silence');
const layer = fc.constantFrom('floor', 'built-in', 'organisation', 'repository', 'session');

/** Also names effects that are not there. */
export const finding: fc.Arbitrary<Finding> = fc.record(
  {
    layer,
    rule,
    effect: fc.constantFrom(0, 1, 2, 3, 4, 12, -1, 0.5, Number.NaN),
    says: fc.constantFrom('allow', 'hold', 'deny'),
    reason: fc.constantFrom('because', 'it destroys'),
  },
  plain,
);

export const obligation: fc.Arbitrary<Obligation> = fc.oneof(
  fc.record({ kind: fc.constant('signers' as const), count: fc.nat({ max: 3 }) }, plain),
  fc.record({ kind: fc.constant('safeguard' as const), effect: fc.nat({ max: 12 }) }, plain),
);

export const opinion: fc.Arbitrary<LayerOpinion> = fc.record(
  {
    layer,
    digest: fc.constantFrom('a', 'b', 'c').map((text): Digest => digestOf(text)),
    findings: fc.array(finding, { maxLength: 5 }),
    obligations: fc.array(obligation, { maxLength: 3 }),
  },
  plain,
);

export const opinions: fc.Arbitrary<LayerOpinion[]> = fc.array(opinion, { maxLength: 4 });

export const exception: fc.Arbitrary<Exception> = fc
  .record({
    rule,
    verb: fc.constantFrom<Effect['verb'][]>('destroy', 'change', 'expose'),
    target: resource,
    workspace: fc.constant('/w'),
    because: fc.constant('a migration'),
    expiresAtMs: fc.constant(2_000_000_000_000),
  })
  .map((parts) => ({ ...parts, signer: 'ada', digest: exceptionDigest(parts) }));
