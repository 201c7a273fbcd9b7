import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';

export const DOCUMENT_LIMITS = {
  configurations: 64,
  configurationBytes: 64 * 1024,
  /** The largest public OpenAPI documents have about 12 MB. */
  documentBytes: 32 * 1024 * 1024,
  requestTimeoutMs: 15_000,
} as const;

/** Systems that readers know themselves: a document must not speak in their name. */
const TAKEN = new Set('api file git github graphql host http mcp mysql postgres railway sql sqlite'.split(' '));
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?::[1-9]\d{0,4})?$/;

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,40}$/)
  .refine((one) => !TAKEN.has(one), 'is the name of a system that is known here');
const hosts = z.array(z.string().toLowerCase().regex(HOST)).min(1).max(32);
const declaredBy = z.string().max(200).optional();

const described = z.strictObject({
  version: z.literal(1),
  name,
  hosts,
  kind: z.enum(['openapi', 'graphql']),
  /** A file (relative to the configuration's folder), an https URL, or `introspection`. */
  source: z.string().min(1).max(2_000),
  paths: z.array(z.string().startsWith('/').max(500)).max(16).default([]),
  /** SHA-256 of the document's bytes, lower-case hex: a person's word that this text counts. */
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  declaredBy,
});
const forge = z.strictObject({
  version: z.literal(1),
  name: name.optional(),
  hosts,
  kind: z.literal('github'),
  declaredBy,
});
const schema = z.union([described, forge]);

export type DescribedConfiguration = z.infer<typeof described>;
export type Configuration = z.infer<typeof schema>;

export type ConfigurationResult =
  | { readonly ok: true; readonly file: string; readonly configuration: Configuration }
  | { readonly ok: false; readonly file: string; readonly why: string };

/** Every `NAME.json` in the folder, in order of name; an empty list where there is no folder. A name with another dot is a document's. */
export function readConfigurations(folder: string): readonly ConfigurationResult[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((one) => /^[^.]+\.json$/.test(one));
  } catch {
    return [];
  }
  const results = names.sort().map((one, index) => {
    const file = path.join(folder, one);
    if (index >= DOCUMENT_LIMITS.configurations)
      return { ok: false, file, why: `more than ${DOCUMENT_LIMITS.configurations} files` } as const;
    return readConfiguration(file);
  });
  const taken = new Set<string>();
  return results.map((result) => {
    if (!result.ok || result.configuration.kind === 'github') return result;
    const { name: own } = result.configuration;
    if (taken.has(own)) return { ok: false, file: result.file, why: `a second document called \`${own}\`` };
    taken.add(own);
    return result;
  });
}

function readConfiguration(file: string): ConfigurationResult {
  const no = (why: string): ConfigurationResult => ({ ok: false, file, why });
  try {
    const stat = lstatSync(file);
    // SECURITY: this file is a person's word; one that others may write, or that leads elsewhere, is nobody's.
    if (!stat.isFile()) return no('not a plain file');
    if (stat.uid !== 0 && stat.uid !== process.getuid?.()) return no('owned by another account');
    if ((stat.mode & 0o022) !== 0) return no('others may write to it');
    if (stat.size > DOCUMENT_LIMITS.configurationBytes)
      return no(`larger than ${DOCUMENT_LIMITS.configurationBytes} bytes`);
    const parsed = parseStrictJson(readFileSync(file, 'utf8'), LIMITS.jsonDepth);
    if (!parsed.ok) return no(parsed.error);
    const checked = schema.safeParse(parsed.value);
    if (checked.success) return { ok: true, file, configuration: checked.data };
    const [issue] = checked.error.issues;
    return no(`at \`${issue?.path.join('.') || 'its root'}\`: ${issue?.message ?? 'not as expected'}`);
  } catch (error) {
    return no(error instanceof Error ? error.message : String(error));
  }
}
