import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { openCertificates } from '../../../src/adapters/certificates/certificates.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const folders: string[] = [];

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'holdpoint-certificates-'));
  folders.push(made);
  return join(made, 'state');
}

function clockAt(startMs: number) {
  const clock = { atMs: startMs, nowMs: () => clock.atMs, monotonicMs: () => clock.atMs };
  return clock;
}

after(async () => {
  for (const made of folders) await rm(made, { recursive: true, force: true });
});

describe('certificates', () => {
  it('writes what clients need, and the key nowhere', async () => {
    const directory = await folder();
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'authority.pem'), 'the key of an older version');
    const certificates = await openCertificates({ directory, clock: clockAt(Date.now()), trustedPem: 'SYSTEM' });
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    assert.equal(await readFile(certificates.caFile, 'utf8'), certificates.caCertificatePem);
    const bundle = await readFile(certificates.bundleFile, 'utf8');
    assert.ok(bundle.startsWith('SYSTEM\n') && bundle.endsWith(certificates.caCertificatePem));
    assert.deepEqual((await readdir(directory)).sort(), ['ca-bundle.pem', 'ca.pem']);
    for (const name of await readdir(directory))
      assert.doesNotMatch(await readFile(join(directory, name), 'utf8'), /PRIVATE/);
  });

  it('makes a short-lived authority that may not sign another', async () => {
    const nowMs = Date.now();
    const certificates = await openCertificates({ directory: await folder(), clock: clockAt(nowMs), trustedPem: '' });
    const authority = new X509Certificate(certificates.caCertificatePem);
    assert.ok(authority.ca);
    assert.equal(authority.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
    assert.ok(authority.validToDate.getTime() - nowMs <= 7 * DAY_MS);
    assert.ok(authority.verify(authority.publicKey));
  });

  it('is another authority in another run, and the files are those of the last', async () => {
    const options = { directory: await folder(), clock: clockAt(Date.now()), trustedPem: '' };
    const first = await openCertificates(options);
    const old = (await first.leafFor('a.example')).cert;
    const second = await openCertificates(options);
    assert.notEqual(second.caCertificatePem, first.caCertificatePem);
    assert.equal(await readFile(second.caFile, 'utf8'), second.caCertificatePem);
    const authority = new X509Certificate(second.caCertificatePem);
    assert.ok(!new X509Certificate(old).verify(authority.publicKey));
    assert.ok(new X509Certificate((await second.leafFor('a.example')).cert).verify(authority.publicKey));
  });

  it('renews in a long run and mints leaves again before they end', async () => {
    const clock = clockAt(Date.now());
    const certificates = await openCertificates({ directory: await folder(), clock, trustedPem: '' });
    const before = certificates.caCertificatePem;
    const leaf = await certificates.leafFor('a.example');
    assert.equal(await certificates.leafFor('a.example'), leaf, 'cached');
    clock.atMs += DAY_MS;
    assert.notEqual(await certificates.leafFor('a.example'), leaf);
    assert.equal(certificates.caCertificatePem, before);
    clock.atMs += 6 * DAY_MS;
    const renewed = new X509Certificate((await certificates.leafFor('a.example')).cert);
    assert.notEqual(certificates.caCertificatePem, before);
    assert.ok(renewed.verify(new X509Certificate(certificates.caCertificatePem).publicKey));
    assert.equal(await readFile(certificates.caFile, 'utf8'), certificates.caCertificatePem);
  });

  it('renews what lies open for others with it, also before anybody asks for a leaf', async () => {
    const clock = clockAt(Date.now());
    const [directory, publicDirectory] = [await folder(), await folder()];
    await mkdir(publicDirectory);
    await chmod(publicDirectory, 0o755);
    const certificates = await openCertificates({ directory, publicDirectory, clock, trustedPem: '' });
    assert.deepEqual((await readdir(publicDirectory)).sort(), ['ca-bundle.pem', 'ca.pem']);
    assert.deepEqual(await readdir(directory), []);
    const before = certificates.caCertificatePem;
    await certificates.ready();
    assert.equal(certificates.caCertificatePem, before, 'not before it has to');
    clock.atMs += 7 * DAY_MS;
    await certificates.ready();
    assert.notEqual(certificates.caCertificatePem, before);
    for (const file of [certificates.caFile, certificates.bundleFile]) {
      assert.equal(dirname(file), publicDirectory);
      assert.ok((await readFile(file, 'utf8')).endsWith(certificates.caCertificatePem));
      assert.equal((await stat(file)).mode & 0o777, 0o644);
    }
    assert.equal((await stat(publicDirectory)).mode & 0o777, 0o755, 'the folder stays as open as it was');
  });

  it('bounds the cache', async () => {
    const certificates = await openCertificates({
      directory: await folder(),
      clock: clockAt(Date.now()),
      trustedPem: '',
      cachedLeaves: 2,
    });
    const a = await certificates.leafFor('a.example');
    await certificates.leafFor('b.example');
    assert.equal(await certificates.leafFor('a.example'), a);
    await certificates.leafFor('c.example');
    assert.equal(await certificates.leafFor('a.example'), a, 'the one used last stays');
    await certificates.leafFor('d.example');
    await certificates.leafFor('e.example');
    assert.notEqual(await certificates.leafFor('a.example'), a);
  });

  for (const host of [
    'a.example',
    'xn--bcher-kva.example',
    'under_score.example',
    `${'l'.repeat(60)}.${'m'.repeat(60)}.example`,
    '127.0.0.1',
    '::1',
  ]) {
    it(`makes a leaf for ${host.slice(0, 30)} that a client verifies`, async () => {
      const certificates = await openCertificates({
        directory: await folder(),
        clock: clockAt(Date.now()),
        trustedPem: '',
      });
      const leaf = await certificates.leafFor(host);
      const certificate = new X509Certificate(leaf.cert);
      assert.ok(!certificate.ca);
      assert.ok(host.includes(':') || /^[\d.]+$/.test(host) ? certificate.checkIP(host) : certificate.checkHost(host));
      assert.equal(certificate.checkHost('other.example'), undefined);
      const server = createServer({ key: leaf.key, cert: leaf.cert }, (socket) => socket.end('hello')).listen(
        0,
        '127.0.0.1',
      );
      await once(server, 'listening');
      const address = server.address();
      assert.ok(address !== null && typeof address === 'object');
      const isName = /[a-z]/.test(host);
      const socket: TLSSocket = connect({
        host: '127.0.0.1',
        port: address.port,
        ca: certificates.caCertificatePem,
        ...(isName ? { servername: host } : {}),
        ...(isName ? {} : { checkServerIdentity: () => undefined }),
      });
      await once(socket, 'secureConnect');
      assert.ok(socket.authorized);
      socket.destroy();
      server.close();
    });
  }

  for (const host of ['', 'a b', '*.example', 'A.example', 'a..b', '-a.example', 'a\u0000.example', '[::1]']) {
    it(`makes none for \`${JSON.stringify(host)}\``, async () => {
      const certificates = await openCertificates({
        directory: await folder(),
        clock: clockAt(Date.now()),
        trustedPem: '',
      });
      await assert.rejects(certificates.leafFor(host), /no certificate can be made/);
    });
  }
});
