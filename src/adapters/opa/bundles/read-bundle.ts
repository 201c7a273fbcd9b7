import { createPublicKey } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { z } from 'zod';
import type { Json } from '../../../core/canonical-json.ts';
import { LIMITS } from '../../../core/limits.ts';
import { parseStrictJson } from '../../../core/strict-json.ts';
import { showProblem } from '../../../ports/policy-layers.ts';
import type { BundleVerification, Sourced } from '../../../ports/policy-sources.ts';
import type { ReadBundle } from '../../../ports/policy-tools.ts';
import { answerOf, isRecord } from '../answers.ts';
import { type ArtefactOptions, loadEngineModule } from '../artefact.ts';
import { type EngineThread, startThread } from '../engine-thread.ts';
import { ARCHIVE_LIMITS, openArchive, plainTar } from './archive.ts';

const READ_TIMEOUT_MS = 20_000;
/** Not the HS ones: whoever can check such a signature can make one. Not `none`. */
const ALGORITHMS: ReadonlyMap<string, 'rsa' | 'ec' | 'ed25519'> = new Map([
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((name) => [name, 'rsa'] as const),
  ...['ES256', 'ES384', 'ES512'].map((name) => [name, 'ec'] as const),
  ['EdDSA', 'ed25519'],
]);
const STRONG_HASHES: ReadonlySet<string> = new Set(['SHA-256', 'SHA-384', 'SHA-512', 'SHA-512-256']);
const packed = promisify(gzip);

/** What is wrong with a key that is to verify bundles. */
export function faultOfVerification(verification: BundleVerification): string | undefined {
  const kind = ALGORITHMS.get(verification.algorithm);
  if (kind === undefined)
    return `\`${verification.algorithm}\` is none of the algorithms ${[...ALGORITHMS.keys()].join(', ')}`;
  if (
    !/^-----BEGIN (RSA )?PUBLIC KEY-----\n[^-]+-----END (RSA )?PUBLIC KEY-----\s*$/.test(
      verification.publicKey.replaceAll('\r', ''),
    )
  )
    return 'the file of the key does not hold one public key in PEM, and nothing else';
  try {
    const type = createPublicKey(verification.publicKey).asymmetricKeyType;
    return type === kind ? undefined : `the key is one of ${type}, which is not for ${verification.algorithm}`;
  } catch {
    return 'the key cannot be read';
  }
}

/**
 * Reads a bundle with OPA's own reader, in a thread that ends afterwards: a hostile one takes its memory along. With a
 * verification, only exactly what was signed with that key passes.
 */
export async function readBundleApart(
  bytes: Uint8Array,
  verification?: BundleVerification,
  artefact?: ArtefactOptions,
): Promise<Sourced<ReadBundle>> {
  const engine = await loadEngineModule(artefact);
  if (!engine.ok) return engine;
  let thread: EngineThread;
  try {
    thread = await startThread(engine.module);
  } catch (error) {
    return no(error instanceof Error ? error.message : String(error));
  }
  try {
    return await readBundleIn(thread, bytes, verification);
  } finally {
    await thread.end();
  }
}

/** As `readBundleApart`, in a thread that is there. */
export async function readBundleIn(
  thread: Pick<EngineThread, 'call'>,
  bytes: Uint8Array,
  verification?: BundleVerification,
): Promise<Sourced<ReadBundle>> {
  const archive = await openArchive(bytes);
  if (!archive.ok) return no(`the bundle is refused: ${archive.why}`);
  const fault = verification === undefined ? undefined : faultOfSignature(archive.files, verification);
  if (fault !== undefined) return no(`the bundle is refused: ${fault}`);
  const tar = plainTar(archive.files);
  if (typeof tar === 'string') return no(`the bundle is refused: ${tar}`);
  const key = verification && {
    key: verification.publicKey,
    algorithm: verification.algorithm,
    scope: verification.scope ?? '',
  };
  const request = {
    bytes: (await packed(tar, { level: 1 })).toString('base64'),
    maxBytes: ARCHIVE_LIMITS.unpackedBytes,
    ...(verification === undefined || key === undefined
      ? {}
      : { keys: { [verification.keyId]: key }, keyId: verification.keyId, scope: verification.scope ?? '' }),
  };
  const called = await thread.call('readBundle', JSON.stringify(request), READ_TIMEOUT_MS);
  if (!called.ok) return no(`the bundle is refused: ${called.why}`);
  const answer = answerOf(called.answer, isReadBundle);
  if (!answer.ok) return no(`the bundle is refused: ${answer.problems.map(showProblem).join('; ')}`);
  const read = answer.value;
  // INVARIANT: with a key only what was verified with it.
  if (verification !== undefined && !read.verified) return no('the bundle is refused: it was not verified');
  const names = read.modules.map(({ name, text }) => ({ name: name.replace(/^\/+/, ''), text }));
  return { ok: true, value: { ...read, modules: names } };
}

/**
 * What OPA's reader leaves open: it takes whichever key the settings name, whatever the signature says of itself, and any
 * hash that a signature asks for. That the signature is right, and of these files, is OPA's part.
 */
function faultOfSignature(files: ReadonlyMap<string, Buffer>, verification: BundleVerification): string | undefined {
  const file = files.get('.signatures.json');
  if (file === undefined) return 'it is not signed';
  const listed = signaturesSchema.safeParse(jsonOf(file));
  if (!listed.success) return 'its `.signatures.json` does not hold exactly one signature of the usual kind';
  const [header, payload] = (listed.data.signatures[0] ?? '')
    .split('.')
    .map((part) => jsonOf(Buffer.from(part, 'base64url')));
  const head = headerSchema.safeParse(header);
  const claims = claimsSchema.safeParse(payload);
  if (!head.success || !claims.success) return 'its signature cannot be read';
  const { keyId, algorithm } = verification;
  if (head.data.alg !== algorithm)
    return `it is signed with \`${head.data.alg.slice(0, 40)}\`, not with \`${algorithm}\``;
  const named = [head.data.kid, claims.data.keyid].find((id) => id !== undefined && id !== '' && id !== keyId);
  if (named !== undefined) return `it is signed with the key \`${named.slice(0, 100)}\`, not with \`${keyId}\``;
  const weak = claims.data.files.find((one) => !STRONG_HASHES.has(one.algorithm));
  return (
    weak && `\`${weak.name.slice(0, 100)}\` is signed by the hash \`${weak.algorithm.slice(0, 40)}\`, which is too weak`
  );
}

const signaturesSchema = z.object({
  signatures: z.tuple([z.string()]),
  plugin: z.literal(['', '_default']).optional(),
});
const headerSchema = z.object({ alg: z.string(), kid: z.string().optional(), crit: z.undefined().optional() });
const claimsSchema = z.object({
  files: z.array(z.object({ name: z.string(), algorithm: z.string() })),
  keyid: z.string().optional(),
});

function jsonOf(bytes: Uint8Array): unknown {
  try {
    const parsed = parseStrictJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes), LIMITS.jsonDepth);
    return parsed.ok ? parsed.value : undefined;
  } catch {
    return undefined;
  }
}

function isReadBundle(value: unknown): value is ReadBundle {
  return (
    isRecord(value) &&
    typeof value['verified'] === 'boolean' &&
    typeof value['revision'] === 'string' &&
    isListOf(value['roots'], (one) => typeof one === 'string') &&
    isListOf(
      value['modules'],
      (one) => isRecord(one) && typeof one['name'] === 'string' && typeof one['text'] === 'string',
    ) &&
    isRecord(value['data'] as Json)
  );
}

function isListOf(value: unknown, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne);
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
