import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { isPresetName as isPreset, type PresetName as Preset } from '../../policy/preset-names.ts';
import type { Io } from '../io.ts';

export { isPresetName as isPreset, PRESETS, type PresetName as Preset } from '../../policy/preset-names.ts';

/** `policy.json` in the configuration folder: which preset, and where the organisation's policy is. */
export function policyFile(configDir: string): string {
  return path.join(configDir, 'policy.json');
}

export type PresetPlan =
  /** Absent: nobody has chosen yet. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'keep'; readonly preset: string }
  | { readonly kind: 'set'; readonly text: string; readonly preset: Preset }
  | { readonly kind: 'refused'; readonly why: string };

/** What becomes of the file. One that is there is left, and of it only the preset changes where one is named. */
export function planPreset(configDir: string, wanted: Preset | undefined): PresetPlan {
  const file = policyFile(configDir);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code !== 'ENOENT') return { kind: 'refused', why: `\`${file}\` cannot be read (${code})` };
    return wanted === undefined ? { kind: 'absent' } : { kind: 'set', text: newPolicyText(wanted), preset: wanted };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { kind: 'refused', why: `\`${file}\` is not a JSON object; repair it first` };
  const before = 'preset' in value ? String(value.preset) : '';
  if (wanted === undefined || wanted === before) return { kind: 'keep', preset: before };
  return { kind: 'set', text: `${JSON.stringify({ ...value, preset: wanted }, undefined, 2)}\n`, preset: wanted };
}

export function newPolicyText(preset: Preset): string {
  return `${JSON.stringify({ version: 1, preset }, undefined, 2)}\n`;
}

/** Asks where a person can be asked; Enter, or nobody there, is `solo`. */
export async function askPreset(io: Io): Promise<Preset> {
  if (!io.interactive) return 'solo';
  const prompt = 'policy for: solo (you alone), team (shared systems), regulated (two people sign)? [solo] ';
  io.err(prompt);
  const lines = createInterface({ input: io.stdin });
  try {
    for await (const line of lines) {
      const word = line.trim().toLowerCase();
      if (word === '') return 'solo';
      if (isPreset(word)) return word;
      io.err(prompt);
    }
    return 'solo';
  } finally {
    lines.close();
  }
}
