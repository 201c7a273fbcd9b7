import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { mintAuthority, mintLeaf } from '../../../../src/adapters/certificates/mint.ts';
import { openOpaServer } from '../../../../src/adapters/opa/server/opa-server.ts';
import { WIPE } from '../inputs.ts';

const ANSWER = JSON.stringify({ result: { production: { deny: [], hold: [] } } });
const world: { port: number; ca: string; strangerCa: string; close(): void } = {
  port: 0,
  ca: '',
  strangerCa: '',
  close: () => {},
};

before(async () => {
  const authority = await mintAuthority(Date.now());
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const leaf = await mintLeaf(authority, keys.publicKey, '127.0.0.1', Date.now());
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const server = createServer(
    { cert: leaf.certificatePem, key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n` },
    (_request, response) => response.end(ANSWER),
  );
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  world.port = (server.address() as AddressInfo).port;
  world.ca = authority.certificatePem;
  world.strangerCa = (await mintAuthority(Date.now())).certificatePem;
  world.close = () => {
    server.close();
    server.closeAllConnections();
  };
});

after(() => world.close());

async function findings(host: string, ca?: string): Promise<readonly string[]> {
  const opened = openOpaServer({
    url: `https://${host}:${world.port}`,
    path: 'holdpoint/policies',
    timeoutMs: 250,
    ...(ca === undefined ? {} : { ca }),
  });
  assert.ok(opened.ok);
  const [said] = await opened.value.evaluate(WIPE);
  await opened.value.close();
  return (said?.findings ?? []).map((one) => `${one.says} ${one.reason}`);
}

test('a server is believed by the authority in the settings', async () => {
  assert.deepEqual(await findings('127.0.0.1', world.ca), []);
});

const STRANGERS: readonly (readonly [note: string, host: string, ca: () => string | undefined, why: RegExp])[] = [
  ['by the authorities of the system', '127.0.0.1', () => undefined, /^deny .*cannot be reached \(\w+\)/],
  ['by another authority', '127.0.0.1', () => world.strangerCa, /^deny .*cannot be reached \(\w+\)/],
  ['under another name', 'localhost', () => world.ca, /^deny .*cannot be reached \(ERR_TLS_CERT_ALTNAME_INVALID\)/],
];

for (const [note, host, ca, why] of STRANGERS) {
  test(`a server that cannot prove itself denies: ${note}`, async () => {
    // What switches certificates off for other programs does not do so here.
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const said = await findings(host, ca());
      assert.equal(said.length, 1);
      assert.match(said[0] ?? '', why);
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
  });
}

test('an authority that is no certificate is refused when the settings are read', () => {
  const opened = openOpaServer({ url: 'https://127.0.0.1', path: 'main', timeoutMs: 250, ca: 'not a certificate' });
  assert.match(opened.ok ? '' : opened.why, /holds no certificates in PEM/);
});
