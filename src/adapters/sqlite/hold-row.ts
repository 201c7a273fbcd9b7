import type { Approval } from '../../core/approval.ts';
import type { Attempt } from '../../core/attempt.ts';
import { canonicalJson } from '../../core/canonical-json.ts';
import { type Claim, claimJson, type HoldState } from '../../core/hold.ts';
import type { Signer } from '../../ports/approver.ts';
import type { HoldRecord } from '../../ports/store.ts';

/** Columns of `holds` as SQLite gives them. */
export type HoldRow = { readonly [column: string]: unknown };

type Subject = Pick<HoldRecord, 'effects' | 'evidence' | 'verdict' | 'openedAtMs'> & {
  readonly attempt: Omit<Attempt, 'action'> & {
    readonly action: Omit<Attempt['action'], 'bytes'> & { readonly bytes: string };
  };
};

export function claimText(claim: Claim): string {
  return canonicalJson(claimJson(claim));
}

export function subjectText(record: Omit<HoldRecord, 'id' | 'state'>): string {
  const { attempt, effects, evidence, verdict, openedAtMs } = record;
  const subject: Subject = {
    attempt: { ...attempt, action: { ...attempt.action, bytes: base64(attempt.action.bytes) } },
    effects,
    evidence,
    verdict,
    openedAtMs,
  };
  return JSON.stringify(subject);
}

export function approvalText(approval: Approval): string {
  return JSON.stringify({
    ...approval,
    signatures: approval.signatures.map((one) => ({ ...one, bytes: base64(one.bytes) })),
  });
}

/** Rows are our own writing; a damaged one throws, which makes the ledger unusable. */
export function holdOf(row: HoldRow): HoldRecord {
  const { type: _, ...claim } = JSON.parse(textOf(row, 'claim')) as Claim & { type: string };
  const subject = JSON.parse(textOf(row, 'subject')) as Subject;
  const { attempt, effects, evidence, verdict, openedAtMs } = subject;
  return {
    id: textOf(row, 'id'),
    state: textOf(row, 'state') as HoldState,
    claim,
    attempt: { ...attempt, action: { ...attempt.action, bytes: bytesOf(attempt.action.bytes) } },
    effects,
    evidence,
    verdict,
    openedAtMs,
    ...(typeof row['approval'] === 'string' ? { approval: parseApproval(row['approval']) } : {}),
    ...(typeof row['signers'] === 'string' ? { signers: JSON.parse(row['signers']) as Signer[] } : {}),
    ...(typeof row['say'] === 'string' ? { say: row['say'] } : {}),
  };
}

function parseApproval(text: string): Approval {
  const parsed = JSON.parse(text) as Omit<Approval, 'signatures'> & {
    readonly signatures: readonly (Omit<Approval['signatures'][number], 'bytes'> & { readonly bytes: string })[];
  };
  return { ...parsed, signatures: parsed.signatures.map((one) => ({ ...one, bytes: bytesOf(one.bytes) })) };
}

function textOf(row: HoldRow, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new Error(`a hold has no \`${column}\``);
  return value;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
