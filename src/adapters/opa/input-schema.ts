import { z } from 'zod';
import type { Json } from '../../core/canonical-json.ts';

const text = z.string();
const millis = z.int().min(0);

const resource = z
  .strictObject({
    system: text.describe('where it lives: `file`, `git`, `postgres`, `railway`, `http`, `mcp`, `host`, ...'),
    kind: text.describe('what it is there: `path`, `volume`, `table`, ...'),
    path: z
      .array(text)
      .describe('from the widest container to the thing itself, exact strings; the absolute path for a file'),
  })
  .describe('identity of a thing, and nothing more: environment, names and owners are evidence');

const verb = z.enum(['read', 'create', 'change', 'destroy', 'expose', 'grant', 'run']);

const check = z.enum(['content', 'environment', 'dependents', 'recovery', 'credential', 'documentation', 'rehearsal']);

const action = z.strictObject({
  kind: z.enum(['shell', 'sql', 'http', 'graphql', 'mcp', 'file', 'git']),
  dialect: text
    .optional()
    .describe('`bash` where it is absent for shell, `postgres` for sql; else the name of another'),
  cwd: text.optional().describe('absolute path of the working directory, where the door knows it'),
  text: text.describe('what would run, as UTF-8: the command or SQL, for the other kinds canonical JSON'),
});

const attempt = z
  .strictObject({
    id: text.describe('new for each attempt'),
    key: text.describe('digest that the honest repeat shares: over action, door, person, agent, task and workspace'),
    at: millis.describe('when it was made, milliseconds since the Unix epoch'),
    door: z
      .enum(['hook', 'egress', 'postgres', 'mcp', 'sandbox', 'sdk', 'cli'])
      .describe('where it was intercepted; `sandbox` contains the agent, the others do not'),
    person: text.describe('whose agent it is'),
    agent: text.describe('name of the agent, as the door vouches for it'),
    task: text.describe('the session or job it belongs to'),
    workspace: text.describe('absolute path of the workspace'),
    action,
  })
  .describe(
    'who tried what; the words that the agent gives as its purpose are not here, since no rule may believe them',
  );

const effect = z.strictObject({
  index: z.int().min(0).describe('what a finding gives as `effect`'),
  verb,
  danger: z
    .enum(['harmless', 'opaque', 'destructive'])
    .describe('what Holdpoint makes of verb, target, way back and tags; `opaque` is not understood'),
  target: z
    .union([z.strictObject({ known: resource }), z.strictObject({ unknown: text.describe('why it is not known') })])
    .describe('what it would hit'),
  count: z
    .strictObject({ min: z.number().min(0), max: z.union([z.number().min(0), z.literal('unbounded')]) })
    .describe("how many things of the target's kind: rows, files, volumes"),
  reversal: z
    .enum(['regenerable', 'undoable', 'safeguardable', 'irreversible', 'unknown'])
    .describe('how it can be undone: by the usual build, by its own undo, by a copy taken first, or not at all'),
  basis: z.enum(['observed', 'documented', 'parsed', 'opaque']).describe('what this knowledge rests on'),
  source: text.describe('the rule or catalogue entry that says so'),
  summary: text.describe('one sentence for people'),
  tags: z
    .array(text)
    .describe('special classes: `guard-tampering`, `catastrophic`, `unjudged`, `credential`, `backup`, ...'),
});

const evidence = z.strictObject({
  check,
  about: resource,
  effects: z.array(z.int().min(0)).describe('indexes of the effects whose target this is about'),
  answer: z
    .union([
      z.strictObject({ known: z.json() }),
      z.strictObject({ unknown: text.describe('why it could not be learnt') }),
    ])
    .describe('filled by Holdpoint only; the shape of what is known belongs to the check and the system'),
  source: text.describe('who said so: `railway api`, `git`, `file system`, `declared`'),
  at: z.int().describe('when it was learnt, milliseconds since the Unix epoch'),
  maxAgeMs: z.number().min(0),
  fresh: z.boolean().describe('not older than `maxAgeMs`, and not from the future'),
});

const exception = z
  .strictObject({
    rule: text.describe('the rule that it loosens, as findings name it: `<name>/<id>`'),
    verb,
    target: resource,
    workspace: text,
    because: text,
    expiresAt: millis.describe('milliseconds since the Unix epoch'),
    signer: text.describe('name of the enrolled person'),
  })
  .describe('a signed loosening whose signature was checked, in force for this workspace');

const indexes = z.array(z.int().min(0));
const bearing = someOf(check.options, z.array(z.tuple([z.int().min(0), z.int().min(0)])));

/** Any of these members, each of one form. */
function someOf<K extends string, T extends z.ZodType>(names: readonly K[], form: T) {
  const shape = Object.fromEntries(names.map((name) => [name, form.optional()])) as Record<K, z.ZodOptional<T>>;
  return z.strictObject(shape).optional();
}

const index = z
  .strictObject({
    keys: z
      .array(text)
      .optional()
      .describe(
        'every key of `at`, and `known recovery` or `unknown recovery` for every check below: a rule that begins with `"destroyed volume" in input.index.keys` costs other attempts nothing, since OPA looks that up',
      ),
    at: z
      .record(text, indexes)
      .optional()
      .describe(
        'destructive effects by what is done to what kind of thing, as `destroyed volume`: `destroyed`, `changed`, `exposed` or `granted`, also `altered` (destroyed or changed) and `touched` (destroyed, changed or granted), and by tag, as `tagged backup`',
      ),
    destructive: indexes.optional().describe('effects that could hurt'),
    opaque: indexes.optional().describe('effects that are not understood'),
    verbs: someOf(verb.options, indexes).describe('destructive effects by their verb'),
    known: bearing.describe(
      'by check, which destructive effect (its index) a piece of evidence (its place in the list) bears on, where its answer is known: one about its target, or about the database, connection or credential that it goes through',
    ),
    unknown: bearing.describe('the same where the answer is not known'),
  })
  .describe(
    'where a rule finds the effects it is about, so that it need not go through all of them: worked out by Holdpoint from `effects` and `evidence`; what would be empty is not there, so a harmless attempt has an empty one',
  );

/** The document that policies read. The published schema is made from this; input.ts makes documents of this shape. */
export const inputDocument = z
  .strictObject({
    schema: z.literal('holdpoint/v1'),
    now: millis.describe('milliseconds since the Unix epoch; policies have no clock of their own'),
    harmless: z
      .boolean()
      .describe(
        'true where every effect is harmless; a rule that begins with `input.harmless == false` costs such attempts nothing',
      ),
    attempt,
    effects: z.array(effect),
    evidence: z.array(evidence),
    exceptions: z.array(exception),
    index,
  })
  .describe('One attempt, its effects and what is known about them');

/** Draft 7, which is what OPA reads. */
export function publishedSchema(): { readonly [name: string]: Json } {
  const { $schema, ...rest } = z.toJSONSchema(inputDocument, { target: 'draft-7', reused: 'inline' });
  const plain = JSON.stringify({ $schema, $id: 'holdpoint/v1', title: 'holdpoint/v1', ...rest });
  return JSON.parse(plain) as { readonly [name: string]: Json };
}

/**
 * What policies are compiled against: a reference to a member that does not exist is a compile error, where it would
 * otherwise be undefined and its rule would never fire.
 */
export const INPUT_SCHEMA: Json = forCompiler(publishedSchema());

/** OPA's compiler knows no recursion and reads no limits of numbers: any value, any number, is enough for it. */
function forCompiler(schema: Json | undefined): Json {
  if (Array.isArray(schema)) return schema.map((part) => forCompiler(part as Json));
  if (typeof schema !== 'object' || schema === null) return schema ?? null;
  const from = schema as { readonly [name: string]: Json | undefined };
  if ('$ref' in from) return {};
  const kept: Record<string, Json> = {};
  for (const [name, part] of Object.entries(from)) {
    if (['$id', 'definitions', 'minimum', 'maximum'].includes(name)) continue;
    kept[name] = forCompiler(part);
  }
  return kept;
}

export interface Nonconformance {
  /** `effects[0].verb` */
  readonly at: string;
  readonly message: string;
}

/** Every place where a foreign document departs from the schema; none: it conforms. */
export function nonconformances(document: unknown): readonly Nonconformance[] {
  const parsed = inputDocument.safeParse(document);
  if (parsed.success) return [];
  return parsed.error.issues.slice(0, MAX_SHOWN).map((issue) => ({
    at: issue.path
      .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${String(part)}`))
      .join(''),
    message: issue.message,
  }));
}

const MAX_SHOWN = 20;
