import path from 'node:path';
import { z } from 'zod';
import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import type { PolicyProblem } from '../../ports/policy-layers.ts';
import { type Owners, readGuardedText } from './guarded-file.ts';
import { PRESETS } from './preset-names.ts';

export const SETTINGS_LIMITS = {
  bytes: 64 * 1024,
  refreshS: { min: 60, max: 86_400, usual: 300 },
  serverTimeoutMs: { max: 250, usual: 250 },
} as const;

export const POLICY_FILE = 'policy.json';

const absolutePath = z
  .string()
  .max(1_000)
  .refine((text) => path.isAbsolute(text) && path.normalize(text) === text && !text.includes('\0'), {
    error: 'is not an absolute, normal path',
  });
const httpsUrl = z
  .string()
  .max(2_000)
  .refine((text) => /^https?:\/\/[^\s]+$/.test(text) && URL.canParse(text), {
    error: 'is no address that begins with https://',
  });
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;
const { min, max, usual } = SETTINGS_LIMITS.refreshS;

const folderSchema = z.strictObject({ kind: z.literal('folder'), path: absolutePath });
const bundleSchema = z.strictObject({
  kind: z.literal('bundle'),
  source: z.union([httpsUrl, absolutePath], {
    error: 'is neither an address that begins with https:// nor an absolute path',
  }),
  verification: z
    .strictObject({
      keyId: z.string().min(1).max(200),
      algorithm: z.enum(algorithms),
      publicKeyFile: absolutePath,
      scope: z.string().min(1).max(200).optional(),
    })
    .optional(),
  refreshS: z.int().min(min).max(max).default(usual),
  tokenFile: absolutePath.optional(),
  caFile: absolutePath.optional(),
});
const serverSchema = z.strictObject({
  kind: z.literal('server'),
  url: httpsUrl,
  path: z.string().min(1).max(600).default('holdpoint/policies'),
  timeoutMs: z.int().min(1).max(SETTINGS_LIMITS.serverTimeoutMs.max).default(SETTINGS_LIMITS.serverTimeoutMs.usual),
  expect: z
    .array(
      z.string().regex(/^[a-z][a-zA-Z0-9_]{0,63}(\/(deny|hold|allow))?$/, {
        error: 'is neither a policy nor a rule such as `production/deny`',
      }),
    )
    .max(500)
    .optional(),
  tokenFile: absolutePath.optional(),
  caFile: absolutePath.optional(),
});
const settingsSchema = z.strictObject({
  version: z.literal(1),
  preset: z.enum(PRESETS),
  organisation: z.discriminatedUnion('kind', [folderSchema, bundleSchema, serverSchema]).optional(),
});

export type FolderSettings = Readonly<z.infer<typeof folderSchema>>;
export type BundleSettings = Readonly<z.infer<typeof bundleSchema>>;
export type ServerSettings = Readonly<z.infer<typeof serverSchema>>;
export type PolicySettings = Readonly<z.infer<typeof settingsSchema>>;

export type SettingsResult =
  | { readonly ok: true; readonly settings: PolicySettings }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

export const DEFAULT_SETTINGS: PolicySettings = { version: 1, preset: 'solo' };

/** `<config>/policy.json`. None is the default; one that is not exactly as it should be is a problem, never a default. */
export async function readPolicySettings(configDir: string, owners: Owners): Promise<SettingsResult> {
  const file = path.join(configDir, POLICY_FILE);
  const read = await readGuardedText(file, SETTINGS_LIMITS.bytes, owners);
  if (read.ok) return parsePolicySettings(read.value, file);
  if ('missing' in read) return { ok: true, settings: DEFAULT_SETTINGS };
  return { ok: false, problems: [{ code: 'settings_error', message: read.why }] };
}

export function parsePolicySettings(text: string, file: string): SettingsResult {
  const problem = (message: string): PolicyProblem => ({ code: 'settings_error', message, file });
  const parsed = parseStrictJson(text, LIMITS.jsonDepth);
  if (!parsed.ok) return { ok: false, problems: [problem(parsed.error)] };
  const settings = settingsSchema.safeParse(parsed.value, { reportInput: true });
  if (settings.success) return { ok: true, settings: settings.data };
  return { ok: false, problems: settings.error.issues.flatMap(complaints).map(problem) };
}

/** Each with its place as a JSON pointer (RFC 6901). */
function complaints(issue: z.core.$ZodIssue): readonly string[] {
  const at = (more: readonly PropertyKey[]): string =>
    `\`${[...issue.path, ...more].map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}\``;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => `${at([key])}: is not known here`);
    case 'invalid_value':
      return [`${at([])}: is none of ${issue.values.map((value) => `\`${String(value)}\``).join(', ')}`];
    case 'invalid_union':
      return [
        `${at([])}: ${issue.message}${issue.discriminator === 'kind' ? ' (`folder`, `bundle` or `server`)' : ''}`,
      ];
    case 'invalid_type':
      return [`${at([])}: ${issue.input === undefined ? 'is missing' : `is not of the type ${issue.expected}`}`];
    case 'too_small':
      return [`${at([])}: is less than ${String(issue.minimum)}`];
    case 'too_big':
      return [`${at([])}: is more than ${String(issue.maximum)}`];
    default:
      return [`${at([])}: ${issue.message}`];
  }
}
