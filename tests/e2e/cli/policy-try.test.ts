import assert from 'node:assert/strict';
import { appendFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { openDecisionLog } from '../../../src/adapters/decision-log/decision-log.ts';
import { policyDocumentOf as documentOf } from '../../../src/apps/wire.ts';
import type { Digest } from '../../../src/core/digest.ts';
import type { Exception } from '../../../src/core/exception.ts';
import type { Decision } from '../../../src/ports/decision-log.ts';
import { DAY_ONE, decision } from '../../fakes/decisions.ts';
import { makePolicyPlace, type PolicyPlace, VERSION } from './policy-place.ts';

let place: PolicyPlace;
before(() => {
  place = makePolicyPlace();
});
after(() => place.remove());
beforeEach(() => rmSync(place.decisions, { recursive: true, force: true }));

async function keep(decisions: readonly Decision[], version = VERSION): Promise<void> {
  const log = openDecisionLog({ dir: place.decisions, labels: { id: 'x', version }, documentOf });
  for (const one of decisions) log.record(one);
  await log.close();
}

const READ = { verb: 'read', findings: [] } as const;
const SECRET = `ghp_${'a1B2c3D4'.repeat(5)}`;
const rule = (says: string, condition: string): string =>
  `package holdpoint.policies.draft\n\n${says} contains {"id": "x", "reason": "the draft says so", "effect": e.index} if {\n\tsome e in input.effects\n\t${condition}\n}\n`;

describe('policy try', () => {
  test('a draft that changes nothing', async () => {
    await keep([decision('rm x'), decision('ls', READ)]);
    place.write('same/a.rego', rule('hold', 'e.verb == "destroy"'));
    assert.deepEqual(await place.run(['try', 'same', '--layer', 'organisation']), {
      code: 0,
      out: '2 decisions in the last 7d, with the draft as the organisation layer: none changes\n',
      err: '',
    });
  });

  test('new holds come first, by rule, each example once; then what is loosened', async () => {
    await keep([
      decision('cat a', READ),
      decision('cat a', READ),
      decision('cat b', READ),
      decision('cat c', READ),
      decision('cat d', READ),
      decision('rm x', { findings: [{ layer: 'floor', rule: 'floor/destructive', says: 'hold' }] }),
      decision('rm y', {
        findings: [
          { layer: 'organisation', rule: 'old/x', says: 'deny' },
          { layer: 'floor', rule: 'floor/x', says: 'allow' },
        ],
      }),
    ]);
    place.write('draft/a.rego', rule('hold', 'e.verb == "read"'));
    place.write('draft/a_test.rego', 'package a_test\n\nthis does not parse and takes no part');
    const ran = await place.run(['try', 'draft', '--layer', 'organisation', '--limit', '2']);
    assert.deepEqual([ran.code, ran.err], [1, '']);
    assert.equal(
      ran.out,
      `7 decisions in the last 7d, with the draft as the organisation layer: 6 change

allow → hold  5×  by draft/x
    2026-03-04T10:00:00Z  cat a
      the draft says so
    2026-03-04T10:00:00Z  cat b
      the draft says so

deny → allow  1×  no longer old/x
    2026-03-04T10:00:00Z  rm y
      says old/x
`,
    );
    const { groups } = JSON.parse((await place.run(['try', 'draft', '--layer', 'organisation', '--json'])).out) as {
      groups: { count: number; from: string; to: string }[];
    };
    assert.deepEqual(
      groups.map((one) => [one.from, one.to, one.count]),
      [
        ['allow', 'hold', 5],
        ['deny', 'allow', 1],
      ],
    );
  });

  test('the repository only tightens, and only its own workspace counts', async () => {
    await keep([
      decision('rm x', { workspace: place.work }),
      decision('cat a', { ...READ, workspace: place.work }),
      decision('cat b', READ),
    ]);
    place.write('r/a.rego', rule('allow', 'e.verb == "destroy"'));
    const loosens = await place.run(['try', 'r']);
    assert.deepEqual([loosens.code, loosens.out.split('\n').at(-2)], [0, '1 decision of other workspaces left out']);
    place.write('r/a.rego', rule('deny', 'e.verb == "read"'));
    const tightens = await place.run(['try', 'r']);
    assert.match(
      tightens.out,
      /^2 decisions of .* in the last 7d, with the draft as the repository layer: 1 changes\n\nallow → deny {2}1×/,
    );
  });

  test('what a person refused stays refused, and an exception that was in force still covers', async () => {
    const denied = { layer: 'session', rule: 'session/denied-before', says: 'deny' } as const;
    const exception: Exception = {
      signer: 'ann',
      rule: 'draft/x',
      verb: 'destroy',
      target: { system: 'file', kind: 'path', path: ['/w/x'] },
      workspace: '/w',
      because: 'known',
      expiresAtMs: DAY_ONE + 1_000,
      digest: 'sha256:1' as Digest,
    };
    const passes = { findings: [{ layer: 'floor', rule: 'floor/ok', says: 'allow' }] } as const;
    await keep([decision('rm x', { findings: [denied] }), decision('rm x', { ...passes, exceptions: [exception] })]);
    place.write('s/a.rego', rule('deny', 'e.verb == "destroy"'));
    assert.equal((await place.run(['try', 's', '--layer', 'session'])).code, 0);
    place.write('s/a.rego', rule('hold', 'e.verb == "create"'));
    assert.equal((await place.run(['try', 's', '--layer', 'session'])).code, 0);
  });

  test('what cannot be trusted in full is said: masked, erased, of another version, torn', async () => {
    await keep([decision(`GH_TOKEN=${SECRET} cat a`, READ), decision(`cat ${'x'.repeat(300_000)}`, READ)]);
    await keep([decision('cat b', READ)], '0.0.9');
    appendFileSync(path.join(place.decisions, '2026-03-04.jsonl'), '{"torn');
    place.write('m/a.rego', rule('hold', 'e.verb == "destroy"'));
    const { code, out } = await place.run(['try', 'm', '--layer', 'organisation']);
    assert.equal(code, 0);
    assert.deepEqual(out.split('\n').slice(2, -1), [
      '1 decision judged with secrets masked, which may differ from the real text',
      '1 decision made by another version of holdpoint',
      '1 decision left out: too large to keep',
      '1 decision left out: the entry cannot be read',
    ]);
  });

  test('only what happened since', async () => {
    await keep([decision('cat a', { ...READ, atMs: DAY_ONE - 3 * 86_400_000 }), decision('cat b', READ)]);
    place.write('w/a.rego', rule('hold', 'e.verb == "read"'));
    const day = await place.run(['try', 'w', '--layer', 'organisation', '--since', '1d']);
    assert.match(day.out, /^1 decision in the last 1d.*: 1 changes\n/);
    assert.match(
      (await place.run(['try', 'w', '--layer', 'organisation'])).out,
      /^2 decisions in the last 7d.*: 2 change\n/,
    );
  });

  test('a draft that errs while it is asked denies, and that is shown', async () => {
    await keep([decision('cat a', READ)]);
    place.write('e/a.rego', rule('hold', 'to_number(e.verb) == 1'));
    const { code, out } = await place.run(['try', 'e', '--layer', 'organisation']);
    assert.equal(code, 1);
    assert.match(out, /allow → deny {2}1× {2}by POLICY_ERROR\n.*cat a\n.*a\.rego:5.*to_number/);
  });

  test('trouble is neither of both: a draft that does not compile, none, or one with data where no layer reads it', async () => {
    place.write('bad/a.rego', 'package holdpoint.policies.a\n\ndeny if true\n');
    place.write('deep/a.rego', rule('hold', 'true'));
    place.write('deep/in/data.json', '{}');
    for (const [draft, says] of [
      ['bad', /^a\.rego:3:1: /],
      ['none', /^none: does not exist/],
      ['deep', /^deep\/in\/data\.json: a layer reads/],
    ] as const) {
      const ran = await place.run(['try', draft]);
      assert.deepEqual([ran.code, ran.out], [2, '']);
      assert.match(ran.err, says);
    }
  });
});

describe('policy decisions', () => {
  test('lists what was decided, oldest first', async () => {
    await keep([
      decision('cat a', READ),
      decision('rm x\u001b[31m'),
      decision('rm y', { shadowed: true, atMs: DAY_ONE + 1_000 }),
    ]);
    const all = await place.run(['decisions']);
    assert.deepEqual(all, {
      code: 0,
      err: '',
      out: '2026-03-04T10:00:00.000Z  allow   cat a\n2026-03-04T10:00:00.000Z  hold    rm x\\u{1b}[31m\n2026-03-04T10:00:01.000Z  shadow  rm y\n',
    });
    assert.equal((await place.run(['decisions', '--says', 'hold', '--limit', '1'])).out.split('\n').length, 2);
    const [line] = (await place.run(['decisions', '--json', '--limit', '1'])).out.split('\n');
    assert.equal((JSON.parse(line ?? '') as { path: string }).path, 'holdpoint/policies');
    assert.equal((await place.run(['decisions', '--since', '1m'])).out, '');
  });

  test('a log that is closed to this account says who can read it', async () => {
    const closed = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    const deps = {
      readDecisions: () => ({
        malformed: 0,
        read: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(closed) }) }),
      }),
    };
    place.write('c/a.rego', rule('hold', 'true'));
    for (const [args, code] of [
      [['decisions'], 1],
      [['try', 'c'], 2],
    ] as const) {
      const ran = await place.run(args, { deps });
      assert.deepEqual([ran.code, ran.out], [code, '']);
      assert.match(ran.err, /the decision log in .* is closed to this account: run it as root, with `sudo`\n$/);
    }
  });

  test('without a log there is nothing', async () => {
    assert.deepEqual(await place.run(['decisions']), { code: 0, out: '', err: '' });
  });
});
