import type { Declared } from '../core/declaration.ts';
import type { ResourceRef } from '../core/resource.ts';
import type { Tri } from '../core/tri.ts';

/**
 * What people declared about the world (`holdpoint map`). Contract:
 * - `of` verifies the signature anew at each call and never rejects; `{ known: undefined }` where nobody declared anything.
 * - What lies there for this target and cannot be believed is unknown, never nothing: it may have said `production`.
 * - `target` is in the form of `core/map-target.ts`; any other is one that nobody declared.
 */
export interface DeclaredEnvironments {
  of(target: ResourceRef): Promise<Tri<Declared | undefined>>;
}

/** Where nobody declares anything. */
export const NOTHING_DECLARED: DeclaredEnvironments = { of: () => Promise.resolve({ known: undefined }) };
