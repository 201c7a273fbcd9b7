/**
 * Digests of the pack, by preset, of which the engine has proven that they have nothing to say to what is harmless
 * (docs/adr/0008-policy-engine.md). Made by `node bin/runtime.cjs scripts/prove-silent.ts`; a test makes them again.
 */
export const PROVEN_SILENT: ReadonlySet<string> = new Set([
  // solo
  '16b0415d7a6efb9e1881d1e7913cc33437804dd30ae0e5fa45f4050632af6572',
  // team
  '7b927e3b3381cc03297222227817ec63c311c925da29bb2bf176ecdf6caffa66',
]);
