import { basename, join } from 'node:path';
import type { Approval, Presence } from '../../core/approval.ts';
import { canonicalBytes } from '../../core/canonical-json.ts';
import { parseDigest } from '../../core/digest.ts';
import { exceptionDigest } from '../../core/exception.ts';
import { type Claim, claimDigest, claimJson } from '../../core/hold.ts';
import { isMapTarget } from '../../core/map-target.ts';
import type { ApprovalCheck, Signer } from '../../ports/approver.ts';
import type { ExceptionCheck, People, PreapprovalCheck, PreapprovalScope } from '../../ports/people.ts';
import { keyIdOf } from '../../protocols/sshsig/index.ts';
import {
  createDirectoryReader,
  type Directory,
  type DirectoryResult,
  type PeopleOptions,
  placeOf,
} from './directory.ts';
import { proves } from './registry.ts';
import { createStatementFolder } from './statement-folder.ts';
import {
  declarationSchema,
  exceptionSchema,
  orderSchema,
  policyPinSchema,
  preapprovalSchema,
  readStatement,
  type StatementResult,
} from './statements.ts';
import { verifySignature } from './verify-signature.ts';

const MAX_SIGNATURES = 16;
const RANK: Record<Presence, number> = { unproven: 0, typed: 1, touched: 2 };

/** The enrolled people of one account. Everything is read anew at each call, so that a removal counts at once. */
export function openPeople(options: PeopleOptions): People {
  const place = placeOf(options);
  const directory = createDirectoryReader(place);
  const exceptions = createStatementFolder(join(place.stateDir, 'exceptions'), exceptionSchema);

  const exceptionStates = async (nowMs: number) => {
    const entries = await exceptions.entries();
    if (entries.length === 0) return [];
    const read = await directory();
    return entries.map(({ file, result }) => ({ file, state: exceptionFrom(result, read, nowMs) }));
  };

  return {
    async check(approval, claim) {
      const read = await directory();
      return read.ok ? checkApproval(approval, claim, read.directory) : read;
    },
    async exceptions(nowMs) {
      return (await exceptionStates(nowMs)).flatMap(({ state }) => (state.ok ? [state.exception] : []));
    },
    async ignoredExceptions(nowMs) {
      return (await exceptionStates(nowMs)).flatMap(({ file, state }) => (state.ok ? [] : [{ file, why: state.why }]));
    },
    async keptExceptions(nowMs) {
      return (await exceptionStates(nowMs)).map(({ file, state }) => ({
        id: basename(file, '.json'),
        file,
        check: state,
      }));
    },
    async verifyException(file, nowMs) {
      return exceptionFrom(readStatement(file, exceptionSchema), await directory(), nowMs);
    },
    async verifyPolicyPin(file) {
      const result = readStatement(file, policyPinSchema);
      if (!result.ok) return result;
      const found = presentSigner(result, await directory());
      if (!found.ok) return found;
      const { workspace, digest, pinnedAtMs, because } = result.statement;
      const pinned = parseDigest(digest);
      if (pinned === undefined) return no('the digest is none');
      const pin = { workspace, digest: pinned, pinnedAtMs, ...(because === undefined ? {} : { because }) };
      return { ok: true, signer: found.signer, pin };
    },
    async verifyDeclaration(file) {
      const result = readStatement(file, declarationSchema);
      if (!result.ok) return result;
      const found = presentSigner(result, await directory());
      if (!found.ok) return found;
      const { target, environment, declaredAtMs, note } = result.statement;
      // Another spelling would be a declaration of something that nobody ever asks about.
      if (!isMapTarget(target)) return no('its target cannot be declared');
      const declaration = { target, environment, declaredAtMs, ...(note === undefined ? {} : { note }) };
      return { ok: true, declared: { ...declaration, signer: found.signer.name } };
    },
    async verifyPreapproval(file, scope) {
      const result = readStatement(file, preapprovalSchema);
      return result.ok ? checkPreapproval(result, await directory(), scope) : result;
    },
    async verifyOrder(file, order) {
      const result = readStatement(file, orderSchema);
      if (!result.ok) return result;
      const { statement } = result;
      if (statement.order !== order.order || statement.subject !== order.subject) return no('it is for something else');
      const found = presentSigner(result, await directory());
      return found.ok ? { ok: true, signer: found.signer, atMs: statement.atMs } : found;
    },
    async list() {
      const read = await directory();
      return read.ok ? { ok: true, people: read.directory.people, ignored: read.directory.ignored } : read;
    },
  };
}

function checkApproval(approval: Approval, claim: Claim, directory: Directory): ApprovalCheck {
  if (approval.claim !== claimDigest(claim)) return no('the approval is for another claim');
  if (approval.signatures.length === 0) return no('the approval has no signature');
  if (approval.signatures.length > MAX_SIGNATURES) return no(`the approval has more than ${MAX_SIGNATURES} signatures`);
  const message = canonicalBytes(claimJson(claim));
  const byName = new Map<string, Signer>();
  for (const signature of approval.signatures) {
    if (signature.format === 'preapproval') {
      // Commit, job and uses were bound when it was taken; here it must still be a present person's word for these effects.
      const result = readStatement(signature.bytes, preapprovalSchema);
      if (!result.ok) return result;
      if (result.statement.effects !== claim.effects) return no('the pre-approval is for other effects');
      const found = presentSigner(result, { ok: true, directory });
      if (!found.ok) return found;
      byName.set(found.signer.name, found.signer);
      continue;
    }
    if (signature.format !== 'sshsig') return no(`signatures of format \`${signature.format}\` are not accepted`);
    const check = verifySignature(signature.bytes, message);
    if (!check.ok) return check;
    if (keyIdOf(check.publicKey) !== signature.key) return no('the signature is by another key than it names');
    const found = directory.signerOf(check);
    if (!found.ok) return found;
    const before = byName.get(found.signer.name);
    if (before === undefined || RANK[found.signer.presence] > RANK[before.presence])
      byName.set(found.signer.name, found.signer);
  }
  return { ok: true, signers: [...byName.values()] };
}

/** The signer of a statement, which may lie on disk for long: only with presence, whatever the statement is about. */
function presentSigner(
  result: { readonly check: Parameters<Directory['signerOf']>[0] },
  read: DirectoryResult,
): { readonly ok: true; readonly signer: Signer } | { readonly ok: false; readonly why: string } {
  if (!read.ok) return read;
  const found = read.directory.signerOf(result.check);
  if (!found.ok) return found;
  return proves(found.signer.presence)
    ? found
    : no(`\`${found.signer.name}\` signed with a key that any process could have used`);
}

function exceptionFrom(
  result: StatementResult<ReturnType<typeof exceptionSchema.parse>>,
  read: DirectoryResult,
  nowMs: number,
): ExceptionCheck {
  if (!result.ok) return result;
  const found = presentSigner(result, read);
  if (!found.ok) return found;
  const { type: _, ...parts } = result.statement;
  if (parts.expiresAtMs <= nowMs) return no(`it expired at ${new Date(parts.expiresAtMs).toISOString()}`);
  return { ok: true, exception: { ...parts, signer: found.signer.name, digest: exceptionDigest(parts) } };
}

function checkPreapproval(
  result: StatementResult<ReturnType<typeof preapprovalSchema.parse>> & { ok: true },
  read: DirectoryResult,
  scope: PreapprovalScope,
): PreapprovalCheck {
  const found = presentSigner(result, read);
  if (!found.ok) return found;
  const { effects, commit, job, uses, expiresAtMs, because } = result.statement;
  if (expiresAtMs <= scope.nowMs) return no(`the pre-approval expired at ${new Date(expiresAtMs).toISOString()}`);
  if (effects !== scope.effects) return no('the pre-approval is for other effects');
  if (commit !== scope.commit) return no(`the pre-approval is for commit \`${commit}\``);
  if (job !== scope.job) return no(`the pre-approval is for the job \`${job}\``);
  return { ok: true, id: result.id, signer: found.signer, uses, expiresAtMs, because };
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
