import type { DatabaseSync } from 'node:sqlite';
import { canonicalJson, type Json } from '../../core/canonical-json.ts';
import { type Digest, digestOf, parseDigest } from '../../core/digest.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import { type Checkpoint, openCheckpoint, parseCheckpoint } from '../../protocols/tlog/checkpoint.ts';
import type { Hash } from '../../protocols/tlog/merkle.ts';
import type { NoteKey, VerifyEd25519 } from '../../protocols/tlog/note.ts';
import { sameHash } from '../../protocols/tlog/proof.ts';
import type { Row } from './ledger-file.ts';
import type { Walked } from './receipts.ts';
import type { Findings } from './report.ts';

/** A point of the log that someone signed or kept. */
export interface Head {
  /** Who says so, for messages. */
  readonly by: string;
  readonly size: number;
  readonly root: Hash;
}

/** A claim as a person signed it. */
export interface KeptClaim {
  readonly digest: Digest;
  readonly head: Head;
}

const CLAIM_DEPTH = 16;

/** A checkpoint's statement before its signature is looked at; `undefined` if it is none. */
export function statementOf(note: string): Checkpoint | undefined {
  const parsed = parseCheckpoint(note.slice(0, note.lastIndexOf('\n\n') + 1));
  return parsed.ok ? parsed.checkpoint : undefined;
}

/** Claim JSON as signed, or an object that holds it as `claim`; `undefined` if it is neither. */
export function parseClaim(text: string, by: string): KeptClaim | undefined {
  const parsed = parseStrictJson(text, CLAIM_DEPTH);
  const outer = parsed.ok ? membersOf(parsed.value) : undefined;
  const claim = outer?.['type'] === 'holdpoint/claim/v1' ? outer : membersOf(outer?.['claim']);
  const logHead = membersOf(claim?.['logHead']);
  const { size, root } = logHead ?? {};
  if (claim?.['type'] !== 'holdpoint/claim/v1' || typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    return undefined;
  if (typeof root !== 'string' || parseDigest(root) === undefined) return undefined;
  return { digest: digestOf(claim), head: { by, size, root: new Uint8Array(Buffer.from(root, 'hex')) } };
}

/** Every checkpoint that the log itself keeps. */
export function checkOwnCheckpoints(
  db: DatabaseSync,
  key: NoteKey,
  verify: VerifyEd25519,
  walked: Walked,
  findings: Findings,
): void {
  let last = 0;
  let misfits = 0;
  for (const row of db.prepare('SELECT size, note FROM checkpoints ORDER BY size').iterate() as Iterable<Row>) {
    const size = Number(row['size']);
    last = size;
    const opened = openCheckpoint(String(row['note']), key, verify);
    if (!opened.ok) {
      findings.add('checkpoint', `the checkpoint of ${size} receipts does not hold: ${opened.error}`);
    } else if (opened.checkpoint.size !== size) {
      findings.add('checkpoint', `the checkpoint kept for ${size} receipts signs ${opened.checkpoint.size}`);
    } else if (!sameHash(opened.checkpoint.root, walked.roots.get(size) ?? new Uint8Array(0))) {
      // The first one tells where the change is; after it hardly any can fit.
      misfits += 1;
      if (misfits === 1)
        checkHead({ by: 'a checkpoint in the log', size, root: opened.checkpoint.root }, walked, findings);
    }
  }
  if (misfits > 1) findings.add('history', `${misfits - 1} more checkpoints in the log do not fit`);
  if (last !== walked.frontier.size) {
    findings.add('checkpoint', `the last checkpoint signs ${last} receipts, ${walked.frontier.size} are there`);
  }
}

/** INVARIANT: a tree head that was ever signed is a prefix of the log for ever. */
export function checkHead(head: Head, walked: Walked, findings: Findings): void {
  const { size } = walked.frontier;
  if (head.size > size) {
    findings.add(
      'history',
      `${head.by} has seen ${head.size} receipts, only ${size} are there: the log was cut or rolled back`,
    );
    return;
  }
  const root = walked.roots.get(head.size);
  if (root === undefined || !sameHash(root, head.root)) {
    findings.add('history', `${head.by} has seen other receipts among the first ${head.size}: the log was rewritten`);
  }
}

/** Holds are outside the tree; each claim ties itself to the log by its head, and the log to each claim by the intent. */
export function checkHolds(db: DatabaseSync, walked: Walked, findings: Findings): ReadonlySet<string> {
  const digests = new Set<string>();
  for (const row of db.prepare('SELECT * FROM holds ORDER BY seq').iterate() as Iterable<Row>) {
    const name = `hold \`${String(row['id'])}\``;
    const claim = parseClaim(String(row['claim']), `the claim of ${name}`);
    if (claim === undefined) {
      findings.add('malformed', `${name} has no claim`);
      continue;
    }
    digests.add(claim.digest);
    if (claim.digest !== row['claim_digest'] || !sameColumns(row))
      findings.add('edited', `${name} is not what its claim's digest says`);
    checkHead(claim.head, walked, findings);
    const approval = row['approval'];
    if (approval !== null && (typeof approval !== 'string' || approvedClaim(approval) !== claim.digest)) {
      findings.add('edited', `the approval of ${name} is over another claim`);
    }
    const intent = walked.approvals.get(claim.digest);
    if (row['state'] === 'consumed' && intent === undefined)
      findings.add('pairing', `${name} was used, but no intent says so`);
    if (row['state'] !== 'consumed' && intent !== undefined)
      findings.add('pairing', `receipt ${intent} used ${name}, which is ${String(row['state'])}`);
    if (row['state'] === 'consumed' && approval === null)
      findings.add('pairing', `${name} was used without an approval`);
  }
  for (const [digest, intent] of walked.approvals) {
    if (!digests.has(digest)) findings.add('missing', `its approval's hold is gone (claim ${digest})`, intent);
  }
  return digests;
}

/** The columns that say a part of the claim again say the same, and the claim is stored as it was signed. */
function sameColumns(row: Row): boolean {
  const parsed = parseStrictJson(String(row['claim']), CLAIM_DEPTH);
  const claim = parsed.ok ? membersOf(parsed.value) : undefined;
  return (
    claim !== undefined &&
    canonicalJson(claim) === row['claim'] &&
    claim['attemptKey'] === row['attempt_key'] &&
    claim['expiresAtMs'] === row['expires_at_ms']
  );
}

function approvedClaim(text: string): Json | undefined {
  const parsed = parseStrictJson(text, CLAIM_DEPTH);
  return parsed.ok ? membersOf(parsed.value)?.['claim'] : undefined;
}

function membersOf(value: Json | undefined): { readonly [name: string]: Json | undefined } | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { readonly [name: string]: Json | undefined })
    : undefined;
}
