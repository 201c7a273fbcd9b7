import type { Presence } from '../core/approval.ts';
import type { Declared } from '../core/declaration.ts';
import type { Digest } from '../core/digest.ts';
import type { Exception } from '../core/exception.ts';
import type { Approver, Signer } from './approver.ts';

export interface EnrolledKey {
  /** OpenSSH text without comment. */
  readonly publicKey: string;
  readonly presence: Presence;
  readonly addedAtMs: number;
  /** `root`, or the name of the person who signed the enrolment. */
  readonly addedBy: string;
}

export interface EnrolledPerson {
  readonly name: string;
  readonly keys: readonly EnrolledKey[];
  /** Kept so that nothing brings the name back but a person. */
  readonly removed?: true;
}

export type PeopleList =
  | { readonly ok: true; readonly people: readonly EnrolledPerson[]; readonly ignored: readonly string[] }
  | { readonly ok: false; readonly missing: boolean; readonly why: string };

export interface PreapprovalScope {
  /** `digestOfEffects` of what is about to happen. */
  readonly effects: Digest;
  /** Full commit hash, lower-case hex. */
  readonly commit: string;
  /** The identity of the CI job as the door vouches for it. */
  readonly job: string;
  readonly nowMs: number;
}

/** `id` names the statement: the store counts its uses, up to `uses`. */
export type PreapprovalCheck =
  | {
      readonly ok: true;
      readonly id: Digest;
      readonly signer: Signer;
      readonly uses: number;
      readonly expiresAtMs: number;
      readonly because: string;
    }
  | { readonly ok: false; readonly why: string };

/** What only a person may have done, besides approving. `subject`: the task, the leaf hash of the record, the workspace, the rules, the target. */
export interface Order {
  readonly order: 'reopen' | 'erase' | 'policy-unpin' | 'policy-session-drop' | 'map-remove';
  readonly subject: string;
}

/** What a person signs to put the policy of a repository in force. `digest`: of its modules and data. */
export interface PolicyPin {
  readonly workspace: string;
  readonly digest: Digest;
  readonly pinnedAtMs: number;
  readonly because?: string;
}

export type PolicyPinCheck =
  | { readonly ok: true; readonly signer: Signer; readonly pin: PolicyPin }
  | { readonly ok: false; readonly why: string };

export type DeclarationCheck =
  | { readonly ok: true; readonly declared: Declared }
  | { readonly ok: false; readonly why: string };

export type ExceptionCheck =
  | { readonly ok: true; readonly exception: Exception }
  | { readonly ok: false; readonly why: string };

/** A file of `<state>/exceptions`; `id` is its name without the ending. */
export interface KeptException {
  readonly id: string;
  readonly file: string;
  readonly check: ExceptionCheck;
}

export type OrderCheck =
  | { readonly ok: true; readonly signer: Signer; readonly atMs: number }
  | { readonly ok: false; readonly why: string };

/** The enrolled people, read anew at each call. Contract: what cannot be read, or can be written by others, is refused. */
export interface People extends Approver {
  list(): Promise<PeopleList>;
  verifyPreapproval(file: Uint8Array, scope: PreapprovalScope): Promise<PreapprovalCheck>;
  /** A signed order for exactly this, by an enrolled person with presence. Whether `atMs` is recent is the caller's to judge. */
  verifyOrder(file: Uint8Array, order: Order): Promise<OrderCheck>;
  /** A signed pin of a repository's policy, by an enrolled person with presence. Whether it is recent is the caller's to judge. */
  verifyPolicyPin(file: Uint8Array): Promise<PolicyPinCheck>;
  /** A signed declaration of an environment, by an enrolled person with presence. Whether it is recent is the caller's to judge. */
  verifyDeclaration(file: Uint8Array): Promise<DeclarationCheck>;
  /** A signed exception that is in force at `nowMs`. */
  verifyException(file: Uint8Array, nowMs: number): Promise<ExceptionCheck>;
  /** All statement files of exceptions, those that do not count too. */
  keptExceptions(nowMs: number): Promise<readonly KeptException[]>;
  /** Statement files that do not count, with the reason: for `status`. */
  ignoredExceptions(nowMs: number): Promise<readonly { readonly file: string; readonly why: string }[]>;
}

export type Done<T = unknown> = ({ readonly ok: true } & T) | { readonly ok: false; readonly why: string };

/** What is enrolled: the statement that root writes down, or that an enrolled person signs. */
export interface EnrolmentRequest {
  readonly name: string;
  readonly publicKey: string;
  readonly presence: Presence;
  readonly addedAtMs: number;
}

/** Changes who is enrolled. Contract: all or nothing; a refusal changes nothing. */
export interface PeopleWriter {
  /** Writes the root-owned registry; refused where the process may not. */
  enrol(request: EnrolmentRequest): Promise<Done>;
  remove(name: string): Promise<Done>;
  /** The JSON that an enrolled person signs to enrol another. */
  enrolmentStatement(request: EnrolmentRequest): { readonly [key: string]: string | number };
  /** Keeps a signed enrolment; refused unless its signer is enrolled by root, with presence. */
  enrolSigned(request: EnrolmentRequest, armoredSshsig: string): Promise<Done>;
}

/** Keys that are opened by a passphrase for one signature. Contract: the key never leaves the process. */
export interface SealedKeys {
  /** Path of the person's sealed key, whether or not it exists. */
  pathOf(name: string): string;
  has(name: string): Promise<boolean>;
  /** Makes a key, seals it, writes it 0600. Refused where there is one already, or for a passphrase that is too short. */
  generate(name: string, passphrase: string): Promise<Done<{ readonly publicKey: string }>>;
  /** Deletes a key that was made a moment ago and could not be enrolled. */
  discard(name: string): Promise<void>;
  /** Opens the key for this one signature over `message`, namespace `holdpoint`. */
  sign(name: string, passphrase: string, message: Uint8Array): Promise<Done<{ readonly sshsig: string }>>;
}

/** The account whose people are meant. Under sudo, the account that called it. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** What the process can tell about who started it. */
export interface Surroundings {
  /** Effective user id of this process. */
  readonly uid: number;
  /** The sign of an agent in this process or one above it, in words; a heuristic, never a proof of its absence. */
  agentNearby(): Promise<string | undefined>;
  /** True where `sudo -n true` works: then whatever runs under this account can be root. */
  passwordlessSudo(): Promise<boolean>;
}

export interface TrustInput {
  readonly daemonUid: number;
  /** The account that the agent runs under. */
  readonly agentUid: number;
  readonly passwordlessSudo: boolean;
}

export interface InstallationTrust {
  readonly trust: 'separate-user' | 'advisory';
  /** Why it is only advisory; empty else. */
  readonly reasons: readonly string[];
}

/** Whether the agent's account could undo the guard. Everything shown to people says `advisory` where it could. */
export function installationTrust(input: TrustInput): InstallationTrust {
  const reasons: string[] = [];
  if (input.agentUid === 0) reasons.push('the agent runs as root, which can write the people registry');
  if (input.daemonUid === input.agentUid) reasons.push('the daemon runs under the same account as the agent');
  if (input.passwordlessSudo) reasons.push('sudo asks for no password, so the agent can be root');
  return { trust: reasons.length === 0 ? 'separate-user' : 'advisory', reasons };
}
