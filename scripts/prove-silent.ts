// Has the engine prove of the pack, under each preset, that it has nothing to say to what is harmless, and writes the digests of
// those where it has into src/apps/policy/proven-silent.ts. To be run after a change of the pack, a preset or the engine.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openOpaEngine } from '../src/adapters/opa/opa-engine.ts';
import { builtInLayer, PRESETS } from '../src/apps/policy/pack.ts';

const FILE = path.resolve(import.meta.dirname, '../src/apps/policy/proven-silent.ts');

/** Digest by preset, of those that are silent. */
export async function provenSilent(): Promise<ReadonlyMap<string, string>> {
  const proven = new Map<string, string>();
  for (const preset of PRESETS) {
    const opened = await openOpaEngine({ layers: [builtInLayer(preset)], warmUpRounds: 0 });
    if (!opened.ok) throw new Error(opened.problems.map((one) => one.message).join('; '));
    const [layer] = opened.engine.inForce;
    if (layer?.silent === true) proven.set(preset, layer.digest);
    await opened.engine.close();
  }
  return proven;
}

if (import.meta.main) {
  const lines = [...(await provenSilent())].map(([preset, digest]) => `  // ${preset}\n  '${digest}',\n`);
  const text = readFileSync(FILE, 'utf8').replace(
    /new Set(<string>)?\(\[[\s\S]*\]\)/,
    `new Set([\n${lines.join('')}])`,
  );
  writeFileSync(FILE, text);
  process.stdout.write(`${lines.length} presets are proven silent\n`);
}
