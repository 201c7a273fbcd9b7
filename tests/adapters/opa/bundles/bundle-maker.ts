import assert from 'node:assert/strict';
import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { loadEngineModule } from '../../../../src/adapters/opa/artefact.ts';
import { openArchive, plainTar } from '../../../../src/adapters/opa/bundles/archive.ts';
import { type EngineThread, startThread } from '../../../../src/adapters/opa/engine-thread.ts';
import type { Json } from '../../../../src/core/canonical-json.ts';
import type { BundleVerification } from '../../../../src/ports/policy-sources.ts';

export interface SigningKey {
  readonly keyId: string;
  readonly algorithm: 'RS256' | 'ES256';
  readonly privatePem: string;
  readonly publicPem: string;
}

export function signingKey(algorithm: 'RS256' | 'ES256', keyId = 'policy-2026'): SigningKey {
  const pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject } =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    keyId,
    algorithm,
    privatePem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

export function verificationOf(key: SigningKey): BundleVerification {
  return { keyId: key.keyId, algorithm: key.algorithm, publicKey: key.publicPem };
}

export interface BundleParts {
  readonly files?: { readonly [name: string]: string };
  readonly data?: { readonly [name: string]: Json };
  readonly revision?: string;
  readonly roots?: readonly string[];
  readonly key?: SigningKey;
}

export const RULES = `package holdpoint.policies.production

hold contains {"id": "wipe", "reason": data.holdpoint.words.why, "effect": e.index} if {
	some e in input.effects
	e.verb == "destroy"
}
`;

/** Bundles by OPA's own writer, in the engine that comes with the program. */
export interface BundleMaker {
  readonly thread: EngineThread;
  make(parts: BundleParts): Promise<Buffer>;
  end(): Promise<void>;
}

export async function startBundleMaker(): Promise<BundleMaker> {
  const engine = await loadEngineModule();
  assert.ok(engine.ok, engine.ok ? '' : engine.why);
  const thread = await startThread(engine.module);
  return {
    thread,
    make: async ({
      files = { 'policies/production.rego': RULES },
      data,
      revision = '1',
      roots = ['holdpoint'],
      key,
    }) => {
      const modules = Object.entries(files).map(([name, text]) => ({ name, text }));
      const request = {
        modules,
        data: data ?? { holdpoint: { words: { why: 'destroys data' } } },
        revision,
        roots,
        key: key?.privatePem ?? '',
        keyId: key?.keyId ?? '',
        algorithm: key?.algorithm ?? '',
      };
      const called = await thread.call('writeBundle', JSON.stringify(request), 20_000);
      assert.ok(called.ok, called.ok ? '' : called.why);
      const answer = JSON.parse(called.answer) as { bytes?: string; errors?: unknown };
      assert.ok(answer.bytes !== undefined, called.answer);
      return Buffer.from(answer.bytes, 'base64');
    },
    end: () => thread.end(),
  };
}

export async function filesOf(bundle: Uint8Array): Promise<Map<string, Buffer>> {
  const archive = await openArchive(bundle);
  assert.ok(archive.ok, archive.ok ? '' : archive.why);
  return new Map([...archive.files].map(([name, content]) => [name, Buffer.from(content)]));
}

export function packFiles(files: ReadonlyMap<string, Buffer>): Buffer {
  const tar = plainTar(files);
  assert.ok(typeof tar !== 'string');
  return gzipSync(tar);
}

/** The bundle with its files changed: taken apart, changed, put together. */
export async function altered(bundle: Uint8Array, change: (files: Map<string, Buffer>) => void): Promise<Buffer> {
  const files = await filesOf(bundle);
  change(files);
  return packFiles(files);
}

/** The signature's token with its parts changed, and signed again by `signer`: what a forger could try. */
export function resigned(
  files: Map<string, Buffer>,
  change: { readonly header?: object; readonly payload?: (claims: { files: object[] }) => object },
  signer: 'keep' | 'none' | { readonly hmac: string } | { readonly key: SigningKey },
): void {
  const { signatures } = JSON.parse(files.get('.signatures.json')?.toString() ?? '') as { signatures: [string] };
  const [header, payload, signature] = signatures[0].split('.') as [string, string, string];
  const read = (part: string): object => JSON.parse(Buffer.from(part, 'base64url').toString()) as object;
  const write = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const head = change.header === undefined ? header : write({ ...read(header), ...change.header });
  const claims = change.payload === undefined ? payload : write(change.payload(read(payload) as { files: object[] }));
  const signed = Buffer.from(`${head}.${claims}`);
  const end = (): string => {
    if (signer === 'keep') return signature;
    if (signer === 'none') return '';
    if ('hmac' in signer) return createHmac('sha256', signer.hmac).update(signed).digest('base64url');
    const key = createPrivateKey(signer.key.privatePem);
    return sign('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  };
  files.set('.signatures.json', Buffer.from(JSON.stringify({ signatures: [`${signed.toString()}.${end()}`] })));
}

/** One entry of a tar, of whatever kind. */
export function tarEntry(name: string, content: string, kind = '0', linkName = ''): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000600\0', 100);
  header.write(`${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(kind, 156);
  header.write(linkName, 157);
  header.write('ustar\x0000', 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  const body = Buffer.from(content);
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

export function tarGz(...entries: readonly Buffer[]): Buffer {
  return gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)]));
}

export function untarred(bundle: Uint8Array): Buffer {
  return gunzipSync(bundle);
}
