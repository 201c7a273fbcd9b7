import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { type Authority, privateKeyPem, readAuthority } from './mint.ts';

export interface AuthorityPaths {
  readonly directory: string;
  /** Key and certificate in one file, 0600, so that a crash cannot part them. */
  readonly authorityFile: string;
  readonly caFile: string;
  readonly bundleFile: string;
}

export function authorityPaths(directory: string): AuthorityPaths {
  return {
    directory,
    authorityFile: join(directory, 'authority.pem'),
    caFile: join(directory, 'ca.pem'),
    bundleFile: join(directory, 'ca-bundle.pem'),
  };
}

/** The stored authority, or `undefined` where there is none that can be trusted: missing, damaged, or readable by others. */
export async function loadAuthority(paths: AuthorityPaths): Promise<Authority | undefined> {
  try {
    const stat = await lstat(paths.authorityFile);
    // SECURITY: a key that others could read or place is not ours any more; a new one is made instead.
    if (!stat.isFile() || (stat.mode & 0o077) !== 0) return undefined;
    if (process.getuid !== undefined && stat.uid !== process.getuid()) return undefined;
    const text = await readFile(paths.authorityFile, 'utf8');
    const key = /-----BEGIN PRIVATE KEY-----[\s\S]*?-----END PRIVATE KEY-----/.exec(text);
    const certificate = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(text);
    if (key === null || certificate === null) return undefined;
    return await readAuthority(certificate[0], key[0]);
  } catch {
    return undefined;
  }
}

/** Writes all files of an authority, each atomically. Rejects where one cannot be written. */
export async function storeAuthority(paths: AuthorityPaths, authority: Authority, trusted: string): Promise<void> {
  await mkdir(paths.directory, { recursive: true, mode: 0o700 });
  await chmod(paths.directory, 0o700);
  await writeWhole(
    paths.authorityFile,
    (await privateKeyPem(authority.keys.privateKey)) + authority.certificatePem,
    0o600,
  );
  await writePublicFiles(paths, authority, trusted);
}

/** The two files that clients read. The bundle follows what the system trusts now. */
export async function writePublicFiles(paths: AuthorityPaths, authority: Authority, trusted: string): Promise<void> {
  await writeWhole(paths.caFile, authority.certificatePem, 0o644);
  await writeWhole(paths.bundleFile, `${trusted.trimEnd()}\n${authority.certificatePem}`, 0o644);
}

/** Where the usual systems keep the certificates that they trust. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
] as const;

/** PEM of what the system trusts; the list that ships with Node where no system file is found. */
export async function systemTrust(candidates: readonly string[] = SYSTEM_BUNDLES): Promise<string> {
  for (const path of candidates) {
    try {
      const text = await readFile(path, 'utf8');
      if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
    } catch {
      // The next candidate is tried; the built-in list is the last.
    }
  }
  return rootCertificates.join('\n');
}

async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    // `wx` neither follows nor overwrites what somebody else put there.
    const file = await open(temporary, 'wx', mode);
    try {
      await file.chmod(mode);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
