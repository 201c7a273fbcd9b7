import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json } from '../../core/canonical-json.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import type { PolicyLayer, RegoModule } from '../../ports/policy-layers.ts';
import type { PresetName } from './preset-names.ts';

export { isPresetName, PRESETS, type PresetName } from './preset-names.ts';

/** Folders beside the program; the build copies them as a whole, without the tests. */
const PACK = fileURLToPath(new URL('../../../policy/pack', import.meta.url));
const PRESET_FILES = fileURLToPath(new URL('../../../policy/presets', import.meta.url));

const PRESET_DEPTH = 8;

/** The pack that comes with Holdpoint, under a preset. Throws where the program's own files are damaged: nothing runs without them. */
export function builtInLayer(preset: PresetName): PolicyLayer {
  return { layer: 'built-in', modules: packModules(), data: presetData(preset), revision: preset };
}

/** The policies as they are read, named as they lie in the repository. */
export function packModules(): readonly RegoModule[] {
  const names = readdirSync(PACK).filter((name) => name.endsWith('.rego') && !name.endsWith('_test.rego'));
  if (names.length === 0) throw new Error(`no policies in \`${PACK}\``);
  return names
    .sort()
    .map((name) => ({ name: `policy/pack/${name}`, text: readFileSync(path.join(PACK, name), 'utf8') }));
}

/** What the rules read as `data`: the file of the preset, just as `opa test policy/pack policy/presets/team.json` would load it. */
export function presetData(preset: PresetName): { readonly [name: string]: Json } {
  const file = path.join(PRESET_FILES, `${preset}.json`);
  const parsed = parseStrictJson(readFileSync(file, 'utf8'), PRESET_DEPTH);
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null || Array.isArray(parsed.value))
    throw new Error(`\`${file}\` cannot be read${parsed.ok ? '' : `: ${parsed.error}`}`);
  return parsed.value as { readonly [name: string]: Json };
}
