/**
 * Digests of the pack, by preset, of which the engine has proven that they have nothing to say to what is harmless
 * (docs/adr/0008-policy-engine.md). Made by `node bin/runtime.cjs scripts/prove-silent.ts`; a test makes them again.
 */
export const PROVEN_SILENT: ReadonlySet<string> = new Set<string>([]);
