import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalBytes, canonicalJson, type Json } from '../../core/canonical-json.ts';
import type { ReceiptDraft } from '../../core/receipt.ts';
import { type Hash, leafHash } from './merkle.ts';

/** Length of the salt before a payload. Without it a guess of a short payload could be checked against the log. */
export const SALT_BYTES = 32;

export const RECEIPT_TYPE = 'holdpoint/receipt/v1';

/** Lower-case hex SHA-256 over salt and the RFC 8785 bytes of the payload. */
export function commitmentOf(salt: Uint8Array, payload: Json): string {
  if (salt.length !== SALT_BYTES) throw new RangeError(`a salt has ${SALT_BYTES} bytes, not ${salt.length}`);
  return bytesToHex(sha256(concatBytes(salt, canonicalBytes(payload))));
}

/** RFC 8785 text of a receipt with its payload replaced by a commitment: the content of its leaf. */
export function receiptBody(draft: ReceiptDraft, commitment: string): string {
  const shared = {
    type: RECEIPT_TYPE,
    kind: draft.kind,
    attemptId: draft.attemptId,
    attemptKey: draft.attemptKey,
    atMs: draft.atMs,
    payload: { commitment },
  };
  return canonicalJson({ ...shared, ...kindFields(draft) });
}

function kindFields(draft: ReceiptDraft): { readonly [key: string]: Json | undefined } {
  switch (draft.kind) {
    case 'refusal':
      return { says: draft.says, rules: [...draft.rules] };
    case 'intent':
      return { approval: draft.approval };
    case 'outcome':
      return { intent: draft.intent, outcome: draft.outcome };
    default:
      return draft satisfies never;
  }
}

export function bodyHash(body: string): Hash {
  return leafHash(utf8ToBytes(body));
}
