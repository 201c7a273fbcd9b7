import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { openOpaServer } from '../../../../src/adapters/opa/server/opa-server.ts';
import type { LayerOpinion } from '../../../../src/core/verdict.ts';
import { POLICY_ERROR } from '../../../../src/ports/policy-engine.ts';
import type { OpaServer, OpaServerOptions } from '../../../../src/ports/policy-sources.ts';
import { skipUnless } from '../../../platform.ts';
import { type RunningOpa, startOpaServer, stockOpa } from '../../../stock-opa.ts';
import { LOOK, WIPE } from '../inputs.ts';

/** The oracle is the `opa` that companies run: what these tests say of its answers is what it does. */
const skip = skipUnless('go');
const work = mkdtempSync(path.join(tmpdir(), 'stock-server-'));
after(() => rmSync(work, { recursive: true, force: true }));

const PRODUCTION = `package holdpoint.policies.production

hold contains {"id": "wipe", "reason": "destroys data", "effect": e.index, "signers": 2} if {
	input.harmless == false
	some e in input.effects
	e.verb == "destroy"
}

deny contains {"id": "never", "reason": "never", "effect": 0} if input.attempt.agent == "nobody"

helper := count(input.effects)
`;
const BROKEN = `package holdpoint.policies.network

deny contains {"id": "net", "reason": "from a network that is not ours", "effect": 0} if {
	net.cidr_contains("10.0.0.0/33", "10.1.1.1")
}
`;

function folder(name: string, files: { readonly [file: string]: string }): string {
  const dir = path.join(work, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
    writeFileSync(path.join(dir, file), text);
  }
  return dir;
}

async function withOpa(
  args: readonly string[],
  options: Partial<OpaServerOptions>,
  run: (opa: OpaServer, running: RunningOpa) => Promise<void>,
): Promise<void> {
  const running = await startOpaServer(args);
  const opened = openOpaServer({ url: running.url, path: 'holdpoint/policies', timeoutMs: 250, ...options });
  assert.ok(opened.ok);
  try {
    // The first answers of a fresh process may take long on a busy machine; what is tested is what it says.
    for (let round = 0; round < 20; round += 1) await opened.value.evaluate(LOOK);
    await run(opened.value, running);
  } finally {
    await opened.value.close();
    await running.stop();
  }
}

async function only(answer: Promise<readonly LayerOpinion[]>): Promise<LayerOpinion> {
  const [one] = await answer;
  assert.ok(one);
  return one;
}

test('a stock OPA server judges: it holds, is silent, and is asked again after a restart', { skip }, async () => {
  const dir = folder('plain', { 'production.rego': PRODUCTION });
  await withOpa([dir], { expect: ['production/deny'] }, async (opa, running) => {
    const held = await only(opa.evaluate(WIPE));
    assert.deepEqual(held.findings, [
      { layer: 'organisation', rule: 'production/wipe', effect: 0, says: 'hold', reason: 'destroys data' },
    ]);
    assert.deepEqual(held.obligations, [{ kind: 'signers', count: 2 }]);
    assert.deepEqual((await only(opa.evaluate(LOOK))).findings, []);
    await running.stop();
    assert.match((await only(opa.evaluate(WIPE))).findings[0]?.reason ?? '', /nobody listens there/);
    const again = await startOpaServer([dir], running.port);
    try {
      for (let round = 0; round < 20; round += 1) await opa.evaluate(LOOK);
      assert.deepEqual(await only(opa.evaluate(WIPE)), held);
    } finally {
      await again.stop();
    }
  });
});

test('a malformed CIDR in a deny rule is an error there, and so a denial', { skip }, async () => {
  const dir = folder('broken', { 'production.rego': PRODUCTION, 'network.rego': BROKEN });
  await withOpa([dir], {}, async (opa, running) => {
    // What it would say without strict errors: nothing at all of the deny.
    const lenient = await fetch(`${running.url}/v1/data/holdpoint/policies/network/deny`, {
      method: 'POST',
      body: '{"input":{}}',
    });
    const { result } = (await lenient.json()) as { result: unknown[] };
    assert.deepEqual(result, [], 'OPA is expected to take the failing call for undefined');
    for (const input of [WIPE, LOOK]) {
      const said = await only(opa.evaluate(input));
      assert.deepEqual(
        said.findings.map((one) => `${one.rule} ${one.says}`),
        [`${POLICY_ERROR} deny`],
      );
      assert.match(
        said.findings[0]?.reason ?? '',
        /status 500: .*network\.rego:4:\d+: net\.cidr_contains: invalid CIDR/,
      );
    }
  });
});

test('rules in conflict are an error there, and so a denial', { skip }, async () => {
  const clash =
    'package holdpoint.policies.clash\n\nx := input.now\n\nx := 1\n\ndeny contains {"id": "a", "reason": "b", "effect": 0} if x == 2\n';
  await withOpa([folder('clash', { 'clash.rego': clash })], {}, async (opa) => {
    const said = await only(opa.evaluate(WIPE));
    assert.match(said.findings[0]?.reason ?? '', /status 500: .*produced conflicting values/);
    assert.equal(said.findings[0]?.says, 'deny');
  });
});

test('a server without the policy denies, and so does one whose token is another', { skip }, async () => {
  await withOpa([folder('none', { 'other.rego': 'package other\n\nx := 1\n' })], {}, async (opa) => {
    assert.match(
      (await only(opa.evaluate(LOOK))).findings[0]?.reason ?? '',
      /`data\.holdpoint\.policies` is undefined there/,
    );
  });
  const authz =
    'package system.authz\n\ndefault allow := false\n\nallow if input.identity == "secret"\n\nallow if input.path[0] == "health"\n';
  const guarded = [
    '--authentication=token',
    '--authorization=basic',
    folder('authz', { 'authz.rego': authz, 'p.rego': PRODUCTION }),
  ];
  await withOpa(guarded, { token: 'secret' }, async (opa) => {
    assert.equal((await only(opa.evaluate(WIPE))).findings[0]?.says, 'hold');
  });
  await withOpa(guarded, { token: 'other' }, async (opa) => {
    const said = await only(opa.evaluate(WIPE));
    assert.match(said.findings[0]?.reason ?? '', /status 401: request rejected by administrative policy/);
  });
});

test('the revision of a bundle there is part of the digest', { skip }, async () => {
  const dir = folder('bundled', { 'production.rego': PRODUCTION, '.manifest': '{"roots": ["holdpoint"]}' });
  const digests = new Set<string>();
  for (const revision of ['41', '42']) {
    const file = path.join(work, `${revision}.tar.gz`);
    execFileSync(stockOpa(), ['build', '-b', dir, '--revision', revision, '-o', file], { stdio: 'ignore' });
    await withOpa(['-b', file], {}, async (opa) => {
      assert.equal((await only(opa.evaluate(WIPE))).findings[0]?.says, 'hold');
      assert.match(opa.inForce.revision ?? '', new RegExp(`@${revision}$`));
      digests.add(opa.inForce.digest);
    });
  }
  assert.equal(digests.size, 2);
});

test('conftest packages are asked for at `main`', { skip }, async () => {
  const main =
    'package main\n\ndeny contains msg if {\n\tsome e in input.effects\n\te.verb == "destroy"\n\tmsg := sprintf("no %s", [e.verb])\n}\n\nwarn contains {"msg": "look twice"} if input.harmless == false\n';
  await withOpa([folder('conftest', { 'main.rego': main })], { path: 'main' }, async (opa) => {
    const said = await only(opa.evaluate(WIPE));
    assert.deepEqual(
      said.findings.map((one) => `${one.rule} ${one.says} ${one.reason}`),
      ['main/deny deny no destroy', 'main/warn hold look twice'],
    );
    assert.deepEqual((await only(opa.evaluate(LOOK))).findings, []);
  });
});
