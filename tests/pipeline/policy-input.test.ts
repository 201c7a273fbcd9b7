import assert from 'node:assert/strict';
import test from 'node:test';
import { digestOf } from '../../src/core/digest.ts';
import { type Exception, exceptionDigest } from '../../src/core/exception.ts';
import { POLICY_ERROR, type PolicyEngine, type PolicyInput } from '../../src/ports/policy-engine.ts';
import { approverFor, makePerson } from '../fakes/people.ts';
import { testWorld } from '../fakes/pipeline-world.ts';

const NOW_MS = 1_790_000_000_000;

function exceptionOf(parts: Partial<Exception>): Exception {
  const signed = {
    rule: 'team/x',
    verb: 'destroy',
    target: { system: 'file', kind: 'path', path: ['/w/data'] },
    workspace: '/w',
    because: 'a migration',
    expiresAtMs: NOW_MS + 60_000,
    ...parts,
  } as const;
  return { ...signed, signer: 'ada', digest: exceptionDigest(signed) };
}

test('policies read the exceptions that are in force for the workspace, and no others', async () => {
  const seen: PolicyInput[] = [];
  const spy: PolicyEngine = {
    evaluate: (input) => {
      seen.push(input);
      return Promise.resolve([]);
    },
  };
  const all = [{}, { workspace: '/v' }, { expiresAtMs: NOW_MS - 1 }, { rule: 'team/y' }].map(exceptionOf);
  const approver = { ...approverFor([makePerson('ada')]), exceptions: () => Promise.resolve(all) };
  const world = testWorld({ engines: [spy], approver });
  await world.pipeline.judge(world.attempt('wipe it'));
  assert.deepEqual(
    seen.map((one) => one.exceptions?.map((exception) => exception.rule)),
    [['team/x', 'team/y']],
  );
});

test('an exception in the name of a failure does not loosen it', async () => {
  const failing: PolicyEngine = {
    evaluate: () =>
      Promise.resolve([
        {
          layer: 'organisation',
          digest: digestOf('policy'),
          findings: [{ layer: 'organisation', rule: POLICY_ERROR, effect: 0, says: 'deny', reason: 'too slow' }],
          obligations: [],
        },
      ]),
  };
  const approver = {
    ...approverFor([makePerson('ada')]),
    exceptions: () =>
      Promise.resolve([exceptionOf({ rule: POLICY_ERROR }), exceptionOf({ rule: 'floor/destructive' })]),
  };
  const world = testWorld({ engines: [failing], approver });
  const judged = await world.pipeline.judge(world.attempt('wipe it'));
  assert.ok('verdict' in judged);
  assert.equal(judged.verdict.says, 'deny');
});
