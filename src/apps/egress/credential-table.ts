import type { Credential, CredentialSource } from '../../ports/credentials.ts';

/**
 * Credentials of the attempts that are being judged or carried out, in memory only. SECURITY: nothing here is logged or
 * serialised; `toJSON` and inspection show a count.
 */
export class CredentialTable implements CredentialSource {
  readonly #byAttempt = new Map<string, Credential>();
  readonly #limit: number;

  /** Past `limit` entries the oldest goes: its attempt is then judged as one without a known credential. */
  constructor(limit = 2_000) {
    this.#limit = limit;
  }

  remember(attemptId: string, credential: Credential): void {
    this.#byAttempt.delete(attemptId);
    this.#byAttempt.set(attemptId, credential);
    for (const oldest of this.#byAttempt.keys()) {
      if (this.#byAttempt.size <= this.#limit) break;
      this.#byAttempt.delete(oldest);
    }
  }

  forget(attemptId: string): void {
    this.#byAttempt.delete(attemptId);
  }

  forAttempt(attemptId: string): Credential | undefined {
    return this.#byAttempt.get(attemptId);
  }

  get size(): number {
    return this.#byAttempt.size;
  }

  toJSON(): { readonly credentials: number } {
    return { credentials: this.#byAttempt.size };
  }
}
