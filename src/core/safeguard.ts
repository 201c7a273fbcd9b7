/** What will be done before the effect so that it can be undone. Written before signing, checked after it is taken. */
export interface SafeguardPlan {
  /** Index into the list of effects. */
  readonly effect: number;
  /** For people: what is copied where, or why nothing can be. */
  readonly how: string;
  /** Which adapter takes it, e.g. `local-files`; `none` where no copy can be made. */
  readonly kind: string;
  readonly outsideBlastRadius: boolean;
}

export interface SafeguardTaken {
  readonly plan: SafeguardPlan;
  /** Where it is kept: a path or URL. */
  readonly where: string;
  readonly bytes: number;
  /** SHA-256, lower-case hex, of the copy as read back. */
  readonly digest: string;
  /** What came of checking it, in words, where more was checked than that it reads back. */
  readonly check?: string;
}
