// `tsyringe`, inside @peculiar/x509, refuses to load before this polyfill.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 60 * 60 * 1000;

/** How long an authority is good for, and how far its certificates reach back for clocks that are behind. */
export const AUTHORITY_LIFETIME_MS = 7 * DAY_MS;
export const LEAF_LIFETIME_MS = DAY_MS;
export const CLOCK_SKEW_MS = DAY_MS;

export interface Authority {
  readonly certificatePem: string;
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly notAfterMs: number;
}

/** A self-signed authority: ECDSA P-256, path length 0, valid for `AUTHORITY_LIFETIME_MS`. */
export async function mintAuthority(nowMs: number): Promise<Authority> {
  // Not extractable: nothing could write this key anywhere.
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, false, ['sign', 'verify']);
  const notAfterMs = wholeSecond(nowMs + AUTHORITY_LIFETIME_MS);
  // A name of its own for each authority: two with one name and different keys confuse path building.
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=Holdpoint ${randomBytes(4).toString('hex')}, O=Holdpoint local authority`,
      serialNumber: serialNumber(),
      notBefore: new Date(wholeSecond(nowMs - CLOCK_SKEW_MS)),
      notAfter: new Date(notAfterMs),
      keys,
      signingAlgorithm: SIGNATURE,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certificatePem: pem(certificate), certificate, keys, notAfterMs };
}

/** Throws for a host that is neither a DNS name nor an IP address. `notAfterMs` never passes the authority's own. */
export async function mintLeaf(
  authority: Authority,
  publicKey: webcrypto.CryptoKey,
  host: string,
  nowMs: number,
): Promise<{ readonly certificatePem: string; readonly notAfterMs: number }> {
  const isAddress = isIP(host) !== 0;
  if (!isAddress && !isDnsName(host))
    throw new TypeError(`no certificate can be made for the host \`${host.slice(0, 80)}\``);
  const notAfterMs = Math.min(wholeSecond(nowMs + LEAF_LIFETIME_MS), authority.notAfterMs);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      // The common name is at most 64 characters; clients go by the alternative name.
      subject: [{ CN: [host.length <= 64 ? host : 'holdpoint leaf'] }],
      issuer: authority.certificate.subjectName,
      serialNumber: serialNumber(),
      notBefore: new Date(wholeSecond(nowMs - CLOCK_SKEW_MS)),
      notAfter: new Date(notAfterMs),
      publicKey,
      signingKey: authority.keys.privateKey,
      signingAlgorithm: SIGNATURE,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: isAddress ? 'ip' : 'dns', value: host }]),
        await x509.SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto),
        await x509.AuthorityKeyIdentifierExtension.create(authority.keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certificatePem: pem(certificate), notAfterMs };
}

export async function mintKeyPair(): Promise<{ readonly publicKey: webcrypto.CryptoKey; readonly keyPem: string }> {
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
  return { publicKey: keys.publicKey, keyPem: await privateKeyPem(keys.privateKey) };
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

function isDnsName(host: string): boolean {
  return host.length <= 253 && /^(?!-)[a-z0-9_-]{1,63}(\.(?!-)[a-z0-9_-]{1,63})*$/.test(host);
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem').trimEnd()}\n`;
}

/** 16 random octets, positive and without a leading zero octet, as RFC 5280 section 4.1.2.2 asks. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
