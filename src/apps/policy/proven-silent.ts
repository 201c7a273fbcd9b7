/**
 * Digests of the pack, by preset, of which the engine has proven that they have nothing to say to what is harmless
 * (docs/adr/0008-policy-engine.md). Made by `node bin/runtime.cjs scripts/prove-silent.ts`; a test makes them again.
 */
export const PROVEN_SILENT: ReadonlySet<string> = new Set([
  // solo
  '1cc42574c1c9e0f5724faae79a6b2393b56ece1246e9f9608fcd09e866de6103',
  // team
  'a9495915806811662b6da84e55c2ada10d94de3cc498b4cc04ecacdae42b7208',
]);
