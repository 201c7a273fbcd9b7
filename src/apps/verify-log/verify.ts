import { createPublicKey, verify } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { bytesToHex } from '@noble/hashes/utils.js';
import { openCheckpoint } from '../../protocols/tlog/checkpoint.ts';
import { rootOf } from '../../protocols/tlog/merkle.ts';
import { type NoteKey, parseVerifierKey, type VerifyEd25519 } from '../../protocols/tlog/note.ts';
import { checkTables, openLedgerFile, verifierKeyText } from './ledger-file.ts';
import { walkReceipts } from './receipts.ts';
import { Findings, type Report } from './report.ts';
import { checkHead, checkHolds, checkOwnCheckpoints, type KeptClaim, parseClaim, statementOf } from './signed-heads.ts';

export interface VerifyLogOptions {
  /** Directory of the ledger. It is only read. */
  readonly dir: string;
  /** Checkpoints that were kept elsewhere, as text. */
  readonly checkpoints?: readonly string[];
  /** Claims that people kept when they signed, as JSON text. */
  readonly claims?: readonly string[];
  /** The log's verifier key as it is known from elsewhere. Without it the key in the log is taken at its word. */
  readonly verifierKey?: string;
}

/**
 * Re-derives everything that a ledger says of itself from its receipts, and compares it with what others kept of it.
 * Without a checkpoint or claim kept elsewhere it cannot tell a log that was rewritten or rolled back as a whole, by
 * someone with the log's key. Never throws.
 */
export function verifyLog(options: VerifyLogOptions): Report {
  const findings = new Findings();
  let db: DatabaseSync | undefined;
  try {
    const outside = readOutside(options);
    db = openLedgerFile(options.dir);
    return inspect(db, options, outside, findings);
  } catch (error) {
    findings.notes.push(error instanceof Error ? error.message : String(error));
    return {
      status: 'unreadable',
      findings: findings.list,
      unlisted: findings.unlisted,
      notes: findings.notes,
      verifierKey: '',
      size: 0,
      root: '',
    };
  } finally {
    db?.close();
  }
}

interface Outside {
  readonly checkpoints: readonly { readonly note: string; readonly head: Parameters<typeof checkHead>[0] }[];
  readonly claims: readonly KeptClaim[];
  readonly key: NoteKey | undefined;
}

/** What the caller brought along must at least be readable: a check that was asked for is never left out in silence. */
function readOutside(options: VerifyLogOptions): Outside {
  const key = options.verifierKey === undefined ? undefined : parseVerifierKey(options.verifierKey.trim());
  if (options.verifierKey !== undefined && key === undefined)
    throw new Error(`\`${options.verifierKey}\` is not a verifier key`);
  const checkpoints = (options.checkpoints ?? []).map((note, i) => {
    const statement = statementOf(note);
    if (statement === undefined) throw new Error(`checkpoint ${i + 1} that was given is not a checkpoint`);
    return { note, head: { by: `checkpoint ${i + 1} kept elsewhere`, size: statement.size, root: statement.root } };
  });
  const claims = (options.claims ?? []).map((text, i) => {
    const claim = parseClaim(text, `claim ${i + 1} kept elsewhere`);
    if (claim === undefined) throw new Error(`claim ${i + 1} that was given is not a claim`);
    return claim;
  });
  return { checkpoints, claims, key };
}

function inspect(db: DatabaseSync, options: VerifyLogOptions, outside: Outside, findings: Findings): Report {
  if (!checkTables(db, findings)) return reportOf(findings, { verifierKey: '', size: 0, root: '' });
  const verifierKey = verifierKeyText(db);
  const named = parseVerifierKey(verifierKey);
  const key = outside.key ?? named;
  if (key === undefined) {
    findings.add(
      'key',
      'the ledger names no key, so nothing in it can be checked; give the key that is known from elsewhere',
    );
    return reportOf(findings, { verifierKey, size: 0, root: '' });
  }
  if (outside.key !== undefined && options.verifierKey?.trim() !== verifierKey)
    findings.add('key', `the ledger names the key \`${verifierKey}\`, not the one that was given`);
  if (outside.key === undefined) findings.notes.push('no key was given, so the one that the log names was used');

  const walked = walkReceipts(db, sizesToKnow(db, outside), findings);
  checkOwnCheckpoints(db, key, verifyEd25519, walked, findings);
  const holds = checkHolds(db, walked, findings);
  for (const { note, head } of outside.checkpoints) {
    const opened = openCheckpoint(note, key, verifyEd25519);
    if (!opened.ok) findings.add('checkpoint', `${head.by} does not hold: ${opened.error}`);
    checkHead(head, walked, findings);
  }
  for (const claim of outside.claims) {
    checkHead(claim.head, walked, findings);
    if (!holds.has(claim.digest)) findings.add('missing', `the hold of ${claim.head.by} is gone`);
  }
  if (outside.checkpoints.length + outside.claims.length === 0) {
    findings.notes.push(
      'nothing kept elsewhere was given: a log rewritten or rolled back as a whole by someone with its key looks intact',
    );
  }
  return reportOf(findings, { verifierKey, size: walked.frontier.size, root: bytesToHex(rootOf(walked.frontier)) });
}

function sizesToKnow(db: DatabaseSync, outside: Outside): ReadonlySet<number> {
  const sizes = new Set<number>();
  for (const row of db.prepare('SELECT size FROM checkpoints').iterate()) sizes.add(Number(row['size']));
  for (const row of db.prepare('SELECT claim FROM holds').iterate()) {
    const claim = parseClaim(String(row['claim']), '');
    if (claim !== undefined) sizes.add(claim.head.size);
  }
  for (const { head } of [...outside.checkpoints, ...outside.claims]) sizes.add(head.size);
  return sizes;
}

function reportOf(findings: Findings, log: Pick<Report, 'verifierKey' | 'size' | 'root'>): Report {
  const { list, unlisted, notes } = findings;
  return { status: list.length === 0 ? 'intact' : 'tampered', findings: list, unlisted, notes, ...log };
}

const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  const x = Buffer.from(publicKey).toString('base64url');
  return verify(null, message, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }), signature);
};
