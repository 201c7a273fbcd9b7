import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { openBundleFeed } from '../../../../src/adapters/opa/bundles/bundle-feed.ts';
import { openOpaEngine } from '../../../../src/adapters/opa/opa-engine.ts';
import { openOpaServer } from '../../../../src/adapters/opa/server/opa-server.ts';
import type { LayerOpinion } from '../../../../src/core/verdict.ts';
import type { PolicyEngine, PolicyInput } from '../../../../src/ports/policy-engine.ts';
import { skipUnless } from '../../../platform.ts';
import { startOpaServer, stockOpa } from '../../../stock-opa.ts';
import { LOOK, policyInput, WIPE } from '../inputs.ts';
import { RULES, signingKey, verificationOf } from './bundle-maker.ts';

const work = mkdtempSync(path.join(tmpdir(), 'bundle-in-force-'));
after(() => rmSync(work, { recursive: true, force: true }));

async function assertSame(one: PolicyEngine, other: PolicyEngine, input: PolicyInput): Promise<void> {
  const said = (opinions: readonly LayerOpinion[]): unknown =>
    opinions.map(({ layer, findings, obligations }) => ({ layer, findings, obligations }));
  assert.deepEqual(said(await other.evaluate(input)), said(await one.evaluate(input)));
}

test('one bundle of stock opa says the same here and on a stock server', { skip: skipUnless('go') }, async () => {
  const key = signingKey('RS256');
  const dir = path.join(work, 'policy');
  mkdirSync(path.join(dir, 'holdpoint/words'), { recursive: true });
  writeFileSync(path.join(dir, '.manifest'), '{"roots": ["holdpoint"]}');
  writeFileSync(path.join(dir, 'production.rego'), RULES);
  writeFileSync(path.join(dir, 'holdpoint/words/data.json'), '{"why": "destroys data"}');
  writeFileSync(path.join(work, 'key.pem'), key.privatePem);
  const file = path.join(work, 'policy.tar.gz');
  const signing = [
    '--signing-key',
    path.join(work, 'key.pem'),
    '--signing-alg',
    'RS256',
    '--verification-key-id',
    key.keyId,
  ];
  execFileSync(stockOpa(), ['build', '-b', dir, '--revision', '1742', '-o', file, ...signing], { stdio: 'pipe' });

  const feed = openBundleFeed({
    source: file,
    stateDir: path.join(work, 'state'),
    verification: verificationOf(key),
    readFile: async (name) => ({ ok: true, value: await readFile(name) }),
    nowMs: Date.now,
  });
  assert.ok(feed.ok);
  const next = await feed.value.next();
  assert.ok(next.kind === 'new');
  const embedded = await openOpaEngine({ layers: [next.candidate.layer], timeoutMs: 5_000 });
  assert.ok(embedded.ok, embedded.ok ? '' : embedded.problems.map((one) => one.message).join());

  execFileSync(stockOpa(), ['build', '-b', dir, '--revision', '1742', '-o', path.join(work, 'unsigned.tar.gz')], {
    stdio: 'pipe',
  });
  const running = await startOpaServer(['-b', path.join(work, 'unsigned.tar.gz')]);
  const server = openOpaServer({ url: running.url, path: 'holdpoint/policies', timeoutMs: 250 });
  assert.ok(server.ok);
  try {
    for (let round = 0; round < 20; round += 1) await server.value.evaluate(LOOK);
    const inputs = [WIPE, LOOK, policyInput('rm a b', [{}, { verb: 'change' }, {}]), policyInput('true', [])];
    for (const input of inputs) await assertSame(embedded.engine, server.value, input);
    const [held] = await embedded.engine.evaluate(WIPE);
    assert.deepEqual(
      held?.findings.map((one) => `${one.rule} ${one.says} ${one.reason}`),
      ['production/wipe hold destroys data'],
    );
  } finally {
    await server.value.close();
    await running.stop();
    await embedded.engine.close();
    await feed.value.close();
  }
});
