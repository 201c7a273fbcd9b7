/** From the loosest to the strictest; policy/presets has a file for each. */
export const PRESETS = ['solo', 'team', 'regulated'] as const;
export type PresetName = (typeof PRESETS)[number];

export function isPresetName(text: string | undefined): text is PresetName {
  return PRESETS.some((one) => one === text);
}
