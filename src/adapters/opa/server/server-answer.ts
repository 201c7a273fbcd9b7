import { z } from 'zod';
import { LIMITS } from '../../../core/limits.ts';
import { parseStrictJson } from '../../../core/strict-json.ts';
import type { Found } from '../findings.ts';

/** What a server says of the policies that it judged by. */
export interface Provenance {
  readonly version?: string;
  readonly revision?: string;
  /** Name of a bundle to its revision. */
  readonly bundles: readonly (readonly [name: string, revision: string])[];
}

export type ServerAnswer =
  | { readonly ok: true; readonly found: Found; readonly provenance: Provenance }
  | { readonly ok: false; readonly why: string };

const RULES: ReadonlySet<string> = new Set(['deny', 'hold', 'allow']);
const CONFTEST = /^(deny|violation|warn)(_[a-zA-Z0-9]+)*$/;
const MEANINGLESS_IN_MAIN: ReadonlySet<string> = new Set(['hold', 'allow', 'exception']);
/** As the embedded engine has it: an exception that covers a rule of the floor must not cover a stranger's. */
const RESERVED: ReadonlySet<string> = new Set(['floor', 'main', 'session']);
const NAME = /^[a-z][a-z0-9_]{0,63}$/;

// What OPA adds in a later version is no fault.
const provenanceSchema = z.object({
  version: z.string().max(200).optional(),
  revision: z.string().max(1_000).optional(),
  bundles: z.record(z.string().max(1_000), z.object({ revision: z.string().max(1_000).optional() })).optional(),
});
const answerSchema = z.object({ result: z.unknown().optional(), provenance: provenanceSchema.optional() });
const errorSchema = z.object({
  message: z.string(),
  errors: z
    .array(
      z.object({
        message: z.string(),
        location: z.object({ file: z.string(), row: z.int(), col: z.int() }).optional(),
      }),
    )
    .optional(),
});

/** Reads an answer of `POST /v1/data/PATH`. INVARIANT: what is not exactly an answer is a fault, never a silence. */
export function readServerAnswer(
  body: Uint8Array,
  options: { readonly path: string; readonly expect: readonly string[] },
): ServerAnswer {
  const parsed = parseBody(body);
  if (!parsed.ok) return fault(`its answer is not JSON (${parsed.why})`);
  const answer = answerSchema.safeParse(parsed.value);
  if (!answer.success)
    return fault(`its answer has an unexpected shape at \`/${answer.error.issues[0]?.path.join('/') ?? ''}\``);
  const { result, provenance } = answer.data;
  if (result === undefined) return fault(`\`${dataPath(options.path)}\` is undefined there`);
  if (!isRecord(result)) return fault(`\`${dataPath(options.path)}\` is not an object there`);
  const found = isMain(options.path) ? findingsOfMain(result) : findingsOfPolicies(result);
  if (typeof found === 'string') return fault(found);
  if (Object.keys(found).length === 0) return fault(`\`${dataPath(options.path)}\` defines no policy there`);
  const missing = options.expect.find((one) => !isFound(one, found, isMain(options.path)));
  if (missing !== undefined) return fault(`\`${missing}\`, which the settings expect, is undefined there`);
  return { ok: true, found, provenance: provenanceOf(provenance) };
}

/** What an answer with another status than 200 says, in short. */
export function readServerError(status: number, body: Uint8Array): string {
  const head = `it answered with status ${status}`;
  const parsed = parseBody(body);
  const error = parsed.ok ? errorSchema.safeParse(parsed.value) : undefined;
  if (error?.success !== true) return head;
  const first = error.data.errors?.[0];
  if (first === undefined) return `${head}: ${oneLine(error.data.message)}`;
  const at = first.location;
  const place = at === undefined || at.file === '' ? '' : `${at.file.slice(0, 200)}:${at.row}:${at.col}: `;
  return `${head}: ${place}${oneLine(first.message)}`;
}

function oneLine(text: string): string {
  return text.slice(0, 500).split(/\s+/).join(' ');
}

export function isMain(path: string): boolean {
  return path === 'main' || path.endsWith('/main');
}

/** `production` is any rule of that policy, `production/deny` that one; of a package `main` it is the rule alone. */
function isFound(expected: string, found: Found, main: boolean): boolean {
  const at = main ? `data.main.${expected}` : `data.holdpoint.policies.${expected.replace('/', '.')}`;
  return Object.keys(found).some((path) => path === at || (!main && path.startsWith(`${at}.`)));
}

/** As Rego writes it. */
export function dataPath(path: string): string {
  return `data.${path.split('/').join('.')}`;
}

function findingsOfPolicies(result: Readonly<Record<string, unknown>>): Found | string {
  const found: Record<string, unknown> = {};
  for (const [name, policy] of Object.entries(result)) {
    if (name.endsWith('_test')) continue;
    const said = `\`${name.slice(0, 80)}\``;
    if (!NAME.test(name) || RESERVED.has(name)) return `${said} is no name for a policy there`;
    if (!isRecord(policy)) return `${said} is not a package there`;
    // Helper rules of a package come along and mean nothing; what looks like a rule for findings and is none is a hole.
    const stray = Object.keys(policy).find((rule) => !RULES.has(rule) && CONFTEST.test(rule));
    if (stray !== undefined)
      return `\`${stray.slice(0, 80)}\` in the policy ${said} has no meaning: it has deny, hold and allow`;
    const rules = Object.keys(policy).filter((rule) => RULES.has(rule));
    // A set that is defined is there even where it is empty: without one the package is undefined.
    if (rules.length === 0) return `the policy ${said} has none of deny, hold and allow there`;
    for (const rule of rules) found[`data.holdpoint.policies.${name}.${rule}`] = policy[rule];
  }
  return found;
}

function findingsOfMain(result: Readonly<Record<string, unknown>>): Found | string {
  const found: Record<string, unknown> = {};
  for (const [rule, list] of Object.entries(result)) {
    if (MEANINGLESS_IN_MAIN.has(rule))
      return `\`${rule}\` has no meaning in a package \`main\`: it has deny, violation and warn`;
    if (CONFTEST.test(rule)) found[`data.main.${rule}`] = list;
  }
  return found;
}

function provenanceOf(said: z.infer<typeof provenanceSchema> | undefined): Provenance {
  const bundles = Object.entries(said?.bundles ?? {}).map(([name, one]) => [name, one.revision ?? ''] as const);
  bundles.sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    bundles,
    ...(said?.version === undefined ? {} : { version: said.version }),
    ...(said?.revision === undefined || said.revision === '' ? {} : { revision: said.revision }),
  };
}

function parseBody(
  body: Uint8Array,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly why: string } {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return { ok: false, why: 'not UTF-8' };
  }
  const parsed = parseStrictJson(text, LIMITS.jsonDepth);
  return parsed.ok ? parsed : { ok: false, why: parsed.error };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fault(why: string): ServerAnswer {
  return { ok: false, why };
}
