import { z } from 'zod';
import type { Json } from '../../core/canonical-json.ts';
import { canonicalBytes } from '../../core/canonical-json.ts';
import { DECLARED_ENVIRONMENTS } from '../../core/declaration.ts';
import { type Digest, digestOf } from '../../core/digest.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import { nameSchema, presenceSchema, timeSchema } from './registry.ts';
import { type SignatureCheck, verifySignature } from './verify-signature.ts';

/** A signed statement in a file: `{"statement": {...}, "signature": "-----BEGIN SSH SIGNATURE-----..."}`. */
export const STATEMENT_FILE_BYTES = 64 * 1024;

const text = (max: number) => z.string().min(1).max(max);
const digest = z.string().regex(/^[0-9a-f]{64}$/);

export const exceptionSchema = z.strictObject({
  type: z.literal('holdpoint/exception/v1'),
  rule: text(256),
  verb: z.enum(['read', 'create', 'change', 'destroy', 'expose', 'grant', 'run']),
  target: z.strictObject({ system: text(64), kind: text(64), path: z.array(z.string().max(4096)).max(64) }),
  workspace: z.string().max(4096).startsWith('/'),
  because: text(2000),
  expiresAtMs: timeSchema,
});

/** What a person signs so that a CI job may do one known effect without anybody at hand. */
export const preapprovalSchema = z.strictObject({
  type: z.literal('holdpoint/preapproval/v1'),
  effects: digest,
  commit: z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/),
  job: text(512),
  uses: z.int().min(1).max(1000),
  expiresAtMs: timeSchema,
  because: text(2000),
});

/** What a person signs to put the policy of a repository in force: its modules, by their digest. */
export const policyPinSchema = z.strictObject({
  type: z.literal('holdpoint/policy-pin/v1'),
  workspace: z.string().max(4096).startsWith('/'),
  digest,
  pinnedAtMs: timeSchema,
  because: text(2000).optional(),
});

/** What a person signs about a thing of the world: which environment it is. */
export const declarationSchema = z.strictObject({
  type: z.literal('holdpoint/declaration/v1'),
  target: z.strictObject({ system: text(64), kind: text(64), path: z.array(text(4096)).min(1).max(8) }),
  environment: z.enum(DECLARED_ENVIRONMENTS),
  declaredAtMs: timeSchema,
  note: text(2000).optional(),
});

/** What a person signs to have a payload erased, what was denied for a task forgotten, rules or a declaration taken out. */
export const orderSchema = z.strictObject({
  type: z.literal('holdpoint/order/v1'),
  order: z.enum(['reopen', 'erase', 'policy-unpin', 'policy-session-drop', 'map-remove']),
  subject: z.string().max(4096),
  atMs: timeSchema,
});

/** What an enrolled person signs to enrol another without root. */
export const enrolmentSchema = z.strictObject({
  type: z.literal('holdpoint/enrolment/v1'),
  uid: z.int().nonnegative(),
  name: nameSchema,
  publicKey: z.string().max(4096),
  presence: presenceSchema,
  addedAtMs: timeSchema,
});

export type EnrolmentStatement = z.infer<typeof enrolmentSchema>;

export type StatementResult<T> =
  | { readonly ok: true; readonly statement: T; readonly id: Digest; readonly check: SignatureCheck & { ok: true } }
  | { readonly ok: false; readonly why: string };

/** Parses the file and verifies the signature over the statement's canonical bytes. Says nothing about whose key it is. */
export function readStatement<T extends Json>(bytes: Uint8Array, schema: z.ZodType<T>): StatementResult<T> {
  if (bytes.length > STATEMENT_FILE_BYTES) return no(`the statement is larger than ${STATEMENT_FILE_BYTES} bytes`);
  let decoded: string;
  try {
    decoded = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return no('the statement is not UTF-8');
  }
  const json = parseStrictJson(decoded, 8);
  if (!json.ok) return no(`the statement is not valid: ${json.error}`);
  const file = z.strictObject({ statement: schema, signature: z.string().max(16_384) }).safeParse(json.value);
  if (!file.success) {
    const issue = file.error.issues[0];
    return no(`the statement is not valid at \`${issue?.path.join('.') ?? ''}\`: ${issue?.message ?? 'unknown'}`);
  }
  const statement = file.data.statement as T;
  const check = verifySignature(new TextEncoder().encode(file.data.signature), canonicalBytes(statement));
  return check.ok ? { ok: true, statement, id: digestOf(statement), check } : check;
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
