import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import type { Authority } from './mint.ts';

export interface AuthorityPaths {
  readonly directory: string;
  readonly caFile: string;
  readonly bundleFile: string;
}

export function authorityPaths(directory: string, publicDirectory: string = directory): AuthorityPaths {
  return { directory, caFile: join(publicDirectory, 'ca.pem'), bundleFile: join(publicDirectory, 'ca-bundle.pem') };
}

/** Makes the folder. Rejects where that cannot be done. */
export async function prepareFolder(paths: AuthorityPaths): Promise<void> {
  await mkdir(paths.directory, { recursive: true, mode: 0o700 });
  await chmod(paths.directory, 0o700);
  // SECURITY: older versions kept the authority's key here. It is of no use any more, to anybody.
  await rm(join(paths.directory, 'authority.pem'), { force: true });
}

/** The two files that clients read, each written atomically. The bundle follows what the system trusts now. */
export async function writePublicFiles(paths: AuthorityPaths, authority: Authority, trusted: string): Promise<void> {
  await writeWhole(paths.caFile, authority.certificatePem);
  await writeWhole(paths.bundleFile, `${trusted.trimEnd()}\n${authority.certificatePem}`);
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

async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    // `wx` neither follows nor overwrites what somebody else put there.
    const file = await open(temporary, 'wx', 0o644);
    try {
      await file.chmod(0o644);
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
