import type { DatabaseSync } from 'node:sqlite';
import { canonicalJson, type Json } from '../../core/canonical-json.ts';
import { parseDigest } from '../../core/digest.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import {
  appendLeaf,
  EMPTY_FRONTIER,
  type Frontier,
  type Hash,
  rootOf,
  type TreeNode,
} from '../../protocols/tlog/merkle.ts';
import { sameHash } from '../../protocols/tlog/proof.ts';
import { bodyHash, commitmentOf, RECEIPT_TYPE, SALT_BYTES } from '../../protocols/tlog/receipt-leaf.ts';
import type { Row } from './ledger-file.ts';
import type { Findings } from './report.ts';

export interface Walked {
  readonly frontier: Frontier;
  /** Root at each size that was asked for and reached. */
  readonly roots: ReadonlyMap<number, Hash>;
  /** Claim digest to the intent that names it. */
  readonly approvals: ReadonlyMap<string, number>;
}

type Members = { readonly [name: string]: Json | undefined };

const MAX_DEPTH = 64;
const OUTCOMES: readonly unknown[] = ['done', 'failed', 'not-started', 'unknown'];
const SHARED = ['attemptId', 'attemptKey', 'atMs', 'kind', 'payload', 'type'];

/** Makes every hash again from the receipts alone, and holds it against everything that is stored. */
export function walkReceipts(db: DatabaseSync, wantedSizes: ReadonlySet<number>, findings: Findings): Walked {
  const payloadOf = db.prepare('SELECT salt, payload FROM payloads WHERE idx = ?');
  const nodeOf = db.prepare('SELECT hash FROM nodes WHERE level = ? AND idx = ?');
  const roots = new Map<number, Hash>();
  const approvals = new Map<string, number>();
  const intents = new Map<number, 'open' | 'ended'>();
  let frontier = EMPTY_FRONTIER;
  let nextIndex = 0;
  let nodes = 0;
  let kept = 0;
  let lastMs = 0;
  if (wantedSizes.has(0)) roots.set(0, rootOf(frontier));
  for (const row of db.prepare('SELECT idx, leaf, body FROM receipts ORDER BY idx').iterate() as Iterable<Row>) {
    const index = Number(row['idx']);
    if (index !== nextIndex)
      findings.add(
        'missing',
        index === nextIndex + 1
          ? `receipt ${nextIndex} is missing`
          : `receipts ${nextIndex} to ${index - 1} are missing`,
      );
    nextIndex = index + 1;
    const body = String(row['body']);
    const leaf = bodyHash(body);
    if (!(row['leaf'] instanceof Uint8Array) || !sameHash(row['leaf'], leaf))
      findings.add('edited', 'its content is not what its stored hash says', index);
    const grown = appendLeaf(frontier, leaf);
    frontier = grown.frontier;
    nodes += checkNodes(grown.nodes, (level, at) => nodeOf.get(level, at)?.['hash'], index, findings);
    if (wantedSizes.has(frontier.size)) roots.set(frontier.size, rootOf(frontier));
    const receipt = parseReceipt(body);
    if (receipt === undefined) {
      findings.add('malformed', 'its content is not a receipt in canonical form', index);
      continue;
    }
    const atMs = Number(receipt['atMs']);
    if (atMs < lastMs)
      findings.add('time', `it is dated ${lastMs - atMs} ms before the receipt that precedes it`, index);
    lastMs = Math.max(lastMs, atMs);
    pair(receipt, index, intents, approvals, findings);
    const payload = payloadOf.get(index);
    if (payload === undefined) continue;
    kept += 1;
    if (!payloadFits(payload, receipt)) findings.add('edited', 'its payload is not what it commits to', index);
  }
  checkCounts(db, { nodes, kept, receipts: frontier.size, nextIndex }, findings);
  const open = [...intents].filter(([, state]) => state === 'open').map(([index]) => index);
  if (open.length > 0)
    findings.notes.push(
      `${open.length} intents without an outcome (unknown whether they ran): ${open.slice(0, 10).join(', ')}${open.length > 10 ? ', ...' : ''}`,
    );
  if (kept < frontier.size) findings.notes.push(`${frontier.size - kept} payloads are erased`);
  return { frontier, roots, approvals };
}

function checkNodes(
  nodes: readonly TreeNode[],
  stored: (level: number, index: number) => unknown,
  index: number,
  findings: Findings,
): number {
  // The first node is the leaf itself, which is stored with its receipt.
  for (const node of nodes.slice(1)) {
    const hash = stored(node.level, node.index);
    if (!(hash instanceof Uint8Array) || !sameHash(hash, node.hash))
      findings.add('edited', `the tree node ${node.level}/${node.index} above it is not what the receipts give`, index);
  }
  return nodes.length - 1;
}

function checkCounts(
  db: DatabaseSync,
  counted: { nodes: number; kept: number; receipts: number; nextIndex: number },
  findings: Findings,
): void {
  const count = (table: string): number => Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']);
  if (count('nodes') !== counted.nodes)
    findings.add('file', `${count('nodes')} tree nodes are stored, ${counted.receipts} receipts have ${counted.nodes}`);
  // A payload after the last receipt, or in a gap, belongs to a receipt that is gone.
  const known = Number(
    db.prepare('SELECT count(*) AS n FROM payloads WHERE idx IN (SELECT idx FROM receipts)').get()?.['n'],
  );
  if (count('payloads') !== known)
    findings.add('missing', `${count('payloads') - known} payloads are left of receipts that are gone`);
}

function parseReceipt(body: string): Members | undefined {
  const parsed = parseStrictJson(body, MAX_DEPTH);
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null || Array.isArray(parsed.value))
    return undefined;
  const receipt = parsed.value as Members;
  if (canonicalJson(receipt) !== body) return undefined;
  const { type, attemptId, attemptKey, atMs, payload } = receipt;
  const own = kindMembers(receipt);
  const members = Object.keys(receipt);
  if (own === undefined || members.some((name) => !SHARED.includes(name) && !own.includes(name))) return undefined;
  const shared =
    type === RECEIPT_TYPE &&
    typeof attemptId === 'string' &&
    typeof attemptKey === 'string' &&
    parseDigest(attemptKey) !== undefined;
  return shared && Number.isSafeInteger(atMs) && commitmentIn(payload) !== undefined ? receipt : undefined;
}

function kindMembers(receipt: Members): readonly string[] | undefined {
  const { kind, says, rules, approval, intent, outcome } = receipt;
  if (kind === 'refusal')
    return (says === 'hold' || says === 'deny') &&
      Array.isArray(rules) &&
      rules.every((rule: Json) => typeof rule === 'string')
      ? ['says', 'rules']
      : undefined;
  if (kind === 'intent')
    return approval === undefined || (typeof approval === 'string' && parseDigest(approval) !== undefined)
      ? ['approval']
      : undefined;
  if (kind === 'outcome')
    return Number.isSafeInteger(intent) && OUTCOMES.includes(outcome) ? ['intent', 'outcome'] : undefined;
  return undefined;
}

function commitmentIn(payload: Json | undefined): string | undefined {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return undefined;
  const { commitment, ...more } = payload as Members;
  return typeof commitment === 'string' && parseDigest(commitment) !== undefined && Object.keys(more).length === 0
    ? commitment
    : undefined;
}

function pair(
  receipt: Members,
  index: number,
  intents: Map<number, 'open' | 'ended'>,
  approvals: Map<string, number>,
  findings: Findings,
): void {
  if (receipt['kind'] === 'intent') {
    intents.set(index, 'open');
    const approval = receipt['approval'];
    if (typeof approval !== 'string') return;
    const earlier = approvals.get(approval);
    if (earlier !== undefined) findings.add('pairing', `it uses the approval that receipt ${earlier} had used`, index);
    approvals.set(approval, index);
  }
  if (receipt['kind'] !== 'outcome') return;
  const intent = Number(receipt['intent']);
  if (!intents.has(intent))
    findings.add('pairing', `it is the outcome of receipt ${intent}, which is no intent before it`, index);
  else intents.set(intent, 'ended');
}

function payloadFits(row: Row, receipt: Members): boolean {
  const { salt, payload } = row;
  if (!(salt instanceof Uint8Array) || salt.length !== SALT_BYTES || typeof payload !== 'string') return false;
  const parsed = parseStrictJson(payload, Number.MAX_SAFE_INTEGER);
  return parsed.ok && commitmentOf(salt, parsed.value) === commitmentIn(receipt['payload']);
}
