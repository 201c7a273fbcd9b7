/**
 * Digests of the pack, by preset, of which the engine has proven that they have nothing to say to what is harmless
 * (docs/adr/0008-policy-engine.md). Made by `node bin/runtime.cjs scripts/prove-silent.ts`; a test makes them again.
 */
export const PROVEN_SILENT: ReadonlySet<string> = new Set([
  // solo
  '3bdc58546eb8dd7913c2247b6b2acdb5c7a9e2b31232bdbcc13f33080eccf089',
  // team
  '4adb92bd199777bb201734633752204d767cea10c7e8a2ff828ef6416beed143',
]);
