/** A credential as it stands in a request: which header, and the header's whole value. */
export interface Credential {
  readonly header: 'authorization' | 'project-access-token';
  /** SECURITY: never in evidence, receipts or messages. */
  readonly value: string;
}

/**
 * The credential of an attempt's own request, which the gateway keeps outside the attempt's bytes. Contract: `undefined`
 * where there is none or the attempt is over; the answer never outlives the attempt.
 */
export interface CredentialSource {
  forAttempt(attemptId: string): Credential | undefined;
}
