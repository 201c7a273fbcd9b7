import assert from 'node:assert/strict';
import test from 'node:test';
import { POLICY_ERROR } from '../../../src/ports/policy-engine.ts';
import { attemptOf, effectOf, HOLD_ALL, inputOf, layerOf, moduleOf, openEngine, refusalOf } from './policy-world.ts';

const holds = (id: string) =>
  moduleOf(`hold contains {"id": "${id}", "reason": "r", "effect": 0} if input.attempt.door == "hook"`);

test('no layers at all: nobody is asked and nobody answers, until some are loaded', async () => {
  const engine = await openEngine({ layers: [] });
  assert.deepEqual(await engine.evaluate(inputOf()), []);
  assert.deepEqual(engine.inForce, []);
  assert.deepEqual(await engine.reload([layerOf(HOLD_ALL)]), { ok: true });
  assert.equal((await engine.evaluate(inputOf()))[0]?.findings[0]?.rule, 'team/all');
  assert.deepEqual(await engine.reload([]), { ok: true });
  assert.deepEqual(await engine.evaluate(inputOf()), []);
  await engine.close();
});

test('a layer with a scope takes part only in attempts of its workspace or task', async () => {
  const engine = await openEngine({
    layers: [
      layerOf(holds('everywhere'), { layer: 'built-in', revision: 'solo' }),
      layerOf(holds('here'), { layer: 'repository', scope: { workspace: '/w' } }),
      layerOf(holds('there'), { layer: 'repository', scope: { workspace: '/v' } }),
      layerOf(holds('first'), { layer: 'session', scope: { task: 'task-1' } }),
      layerOf(holds('second'), { layer: 'session', scope: { task: 'task-2' } }),
    ],
  });
  assert.deepEqual(
    engine.inForce.map(({ layer, scope, revision }) => ({ layer, scope, revision })),
    [
      { layer: 'built-in', scope: undefined, revision: 'solo' },
      { layer: 'repository', scope: { workspace: '/w' }, revision: undefined },
      { layer: 'repository', scope: { workspace: '/v' }, revision: undefined },
      { layer: 'session', scope: { task: 'task-1' }, revision: undefined },
      { layer: 'session', scope: { task: 'task-2' }, revision: undefined },
    ],
  );
  const digests = engine.inForce.map((one) => one.digest);
  assert.equal(new Set(digests).size, 5);
  const file = (name: string) => effectOf({ target: { known: { system: 'file', kind: 'path', path: [name] } } });
  for (const [workspace, task, want, cwd, effect] of [
    ['/w', 'task-1', [0, 1, 3], '/w', effectOf()],
    ['/v', 'task-2', [0, 2, 4], '/v', effectOf()],
    ['/w/inside', 'task-3', [0, 1], '/', effectOf()],
    ['/wide', 'task-3', [0], '/wide', effectOf()],
    ['/v', 'task-3', [0, 1, 2], '/w/inside', effectOf()],
    ['/v', 'task-3', [0, 1, 2], '/v', file('/w/a')],
    ['/v', 'task-3', [0, 2], '/v', file('/wide/a')],
    ['', '', [0], '', effectOf()],
  ] as const) {
    const input = inputOf({ attempt: attemptOf({ cwd }, { workspace, task }), effects: [effect] });
    const opinions = await engine.evaluate(input);
    assert.deepEqual(
      opinions.map((one) => one.digest),
      want.map((index) => digests[index]),
    );
    assert.ok(opinions.every((one) => one.findings.length === 1));
  }
  await engine.close();
});

test('of a scoped layer alone nobody else hears anything', async () => {
  const engine = await openEngine({
    layers: [layerOf(holds('here'), { layer: 'repository', scope: { workspace: '/v' } })],
  });
  assert.deepEqual(await engine.evaluate(inputOf()), []);
  await engine.close();
});

test('what does not conform is denied by all layers, since its workspace cannot be trusted', async () => {
  const engine = await openEngine({
    layers: [layerOf(holds('here'), { layer: 'repository', scope: { workspace: '/v' } })],
  });
  const [opinion] = await engine.evaluate(inputOf({ attempt: attemptOf({}, { workspace: 1 as never }) }));
  assert.equal(opinion?.findings[0]?.rule, POLICY_ERROR);
  await engine.close();
});

test('of two layers of one kind a fault names the one', async () => {
  const good = layerOf(holds('x'), { layer: 'repository', scope: { workspace: '/a' } });
  const bad = (scope: { workspace: string } | { task: string }) =>
    layerOf(moduleOf('deny := 1'), { layer: 'repository', scope });
  assert.match(await refusalOf([good, bad({ workspace: '/b' })]), /policy\.rego:2:1: .*\(repository of \/b\)/);
  assert.match(await refusalOf([good, bad({ task: 't' })]), /\(repository of task t\)/);
  const fails = moduleOf('deny contains {"id": "x", "reason": "x", "effect": 0} if to_number(input.attempt.agent) > 1');
  const engine = await openEngine({
    layers: [good, layerOf(fails, { layer: 'repository', scope: { workspace: '/b' } })],
  });
  const [opinion] = await engine.evaluate(inputOf({ attempt: attemptOf({}, { workspace: '/b' }) }));
  await engine.close();
  assert.match(opinion?.findings[0]?.reason ?? '', /^policy error \(repository of \/b\): policy\.rego:2:/);
});

test('a layer that is not the one that was signed is refused', async () => {
  const engine = await openEngine({ layers: [layerOf(HOLD_ALL)] });
  const pinned = engine.inForce[0]?.digest;
  assert.ok(pinned !== undefined);
  assert.deepEqual(await engine.reload([layerOf(HOLD_ALL, { pinned })]), { ok: true });
  const other = layerOf(moduleOf(`${HOLD_ALL.text.split('\n').slice(1).join('\n')}\n# changed`), { pinned });
  const refused = await engine.reload([other]);
  assert.ok(!refused.ok);
  assert.match(refused.problems[0]?.message ?? '', /is not the one that was signed/);
  assert.equal(engine.inForce[0]?.digest, pinned);
  await engine.close();
});

test('a digest is over names, texts, data and kind of a layer, not over the order of files or its tests', async () => {
  const [a, b] = [moduleOf('x := 1', 'a.rego', 'a'), moduleOf('y := 1', 'b.rego', 'b')];
  const digestOf = async (layer: ReturnType<typeof layerOf>) => {
    const engine = await openEngine({ layers: [layer] });
    await engine.close();
    return engine.inForce[0]?.digest;
  };
  const first = await digestOf(layerOf([a, b, HOLD_ALL]));
  assert.equal(await digestOf(layerOf([HOLD_ALL, b, a])), first);
  assert.equal(await digestOf(layerOf([a, b, HOLD_ALL, moduleOf('test_x if true', 'a_test.rego', 'a')])), first);
  for (const other of [
    layerOf([a, HOLD_ALL]),
    layerOf([{ ...a, name: 'c.rego' }, b, HOLD_ALL]),
    layerOf([a, b, HOLD_ALL], { data: { x: 1 } }),
    layerOf([a, b, HOLD_ALL], { layer: 'session' }),
  ])
    assert.notEqual(await digestOf(other), first);
});

test('a reload that fails keeps the last good layers and says so', async () => {
  const trouble: string[] = [];
  const engine = await openEngine({ layers: [layerOf(HOLD_ALL)], onTrouble: (what) => trouble.push(what) });
  const before = engine.inForce;
  const refused = await engine.reload([layerOf(moduleOf('deny := 1', 'new.rego'))]);
  assert.ok(!refused.ok);
  assert.equal(refused.problems[0]?.file, 'new.rego');
  assert.deepEqual(engine.inForce, before);
  assert.match(trouble.join(), /the last good ones stay: new\.rego:2:1/);
  assert.equal((await engine.evaluate(inputOf()))[0]?.findings[0]?.rule, 'team/all');
  await engine.close();
});

test('no attempt is dropped while policies are replaced: each is answered by the old or the new ones', async () => {
  const engine = await openEngine({ layers: [layerOf(holds('v0'))] });
  const answers: Promise<string>[] = [];
  const done = { reloads: 0, stop: false };
  const load = (async () => {
    for (let round = 1; round <= 4; round += 1) {
      const bad = round === 2;
      const result = await engine.reload([layerOf(bad ? moduleOf('deny := 1') : holds(`v${round}`))]);
      assert.equal(result.ok, !bad);
      done.reloads += 1;
    }
    done.stop = true;
  })();
  while (!done.stop) {
    const from = done.reloads;
    answers.push(
      engine.evaluate(inputOf()).then((opinions) => {
        const rule = opinions[0]?.findings[0]?.rule ?? 'nothing';
        const to = done.reloads;
        const could = ['team/v0', 'team/v1', 'team/v1', 'team/v3', 'team/v4'].slice(from, to + 2);
        assert.ok(could.includes(rule), `${rule} between reload ${from} and ${to}`);
        return rule;
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await load;
  const rules = await Promise.all(answers);
  await engine.close();
  assert.ok(rules.length > 50, `${rules.length} attempts`);
  assert.ok(new Set(rules).size >= 3, [...new Set(rules)].join());
});
