import { documentOf } from '../src/adapters/opa/input.ts';
import { makeAction } from '../src/apps/cli/check.ts';
import { allReaders } from '../src/apps/readers.ts';
import { type Attempt, attemptKey } from '../src/core/attempt.ts';
import type { Json } from '../src/core/canonical-json.ts';
import { evidenceOf } from '../src/core/evidence.ts';
import { unknown } from '../src/core/tri.ts';

const NOW_MS = Date.UTC(2026, 3, 25, 12);
const ORIGIN = { door: 'hook', person: 'ada', agent: 'claude-code', task: 'task-1', workspace: '/work/shop' } as const;

/** One action of each kind; `note` says what is to be seen. */
export const EXAMPLES: readonly {
  readonly kind: Attempt['action']['kind'];
  readonly note: string;
  readonly input: Json;
}[] = [
  { kind: 'shell', note: 'a command, which may have several effects', input: 'rm -rf data && npm test' },
  { kind: 'sql', note: 'a list of statements', input: "DELETE FROM bookings WHERE day < '2020-01-01'" },
  {
    kind: 'http',
    note: 'a request; `text` is canonical JSON',
    input: { method: 'DELETE', url: 'https://api.github.com/repos/acme/shop' },
  },
  {
    kind: 'graphql',
    note: 'an operation of a known API, with the questions that it raises',
    input: {
      endpoint: 'https://backboard.railway.com/graphql/v2',
      query: 'mutation { volumeDelete(volumeId: "3d0b7d1c-2f9e-4f8e-9d1c-0a5d6f1f4f10") }',
    },
  },
  {
    kind: 'mcp',
    note: 'a call of a tool',
    input: { server: 'files', tool: 'delete_file', arguments: { path: '/work/shop/data/orders.db' } },
  },
  { kind: 'file', note: "an agent's own file tool", input: { op: 'delete', path: '/work/shop/data/orders.db' } },
  { kind: 'git', note: 'a git command, without the word `git`', input: 'push --force origin main' },
];

/** The document of an example: read as in the daemon, with each question answered by "not looked at". */
export async function exampleDocument(kind: Attempt['action']['kind'], input: Json): Promise<Json> {
  const classifyAction = await allReaders();
  const made = makeAction(kind, input, ORIGIN.workspace, undefined);
  if (!made.ok) throw new Error(made.error);
  const { action } = made;
  const context = { workspace: ORIGIN.workspace, cwd: ORIGIN.workspace };
  const first = classifyAction(action, { ...context, fact: () => undefined });
  const why = unknown('not looked at for this page');
  const reading = classifyAction(action, { ...context, fact: () => why });
  const evidence = first.questions.map((question) =>
    evidenceOf({ question, answer: why, source: 'example', atMs: NOW_MS, maxAgeMs: 60_000 }),
  );
  const attempt: Attempt = { id: 'example', atMs: NOW_MS, ...ORIGIN, action, key: attemptKey(action, ORIGIN) };
  const document = documentOf({ attempt, effects: reading.effects, evidence, nowMs: NOW_MS });
  if (!document.ok) throw new Error(document.why);
  const text = document.text();
  if (!text.ok) throw new Error(text.why);
  return JSON.parse(text.text) as Json;
}

export async function policyInputPage(): Promise<string> {
  const examples: string[] = [];
  for (const { kind, note, input } of EXAMPLES) {
    const document = JSON.stringify(await exampleDocument(kind, input), null, 1);
    examples.push(`### ${kind}\n\n${note[0]?.toUpperCase()}${note.slice(1)}.\n\n\`\`\`json\n${document}\n\`\`\`\n`);
  }
  return `# What a policy reads

Written by \`node bin/runtime.cjs scripts/policy-schema.ts\`; a test fails where this page or the schema differs from the program.

\`input\` is one document a decision: one attempt, its effects, the evidence about their targets, the exceptions in force.
Its JSON Schema is \`policy/schema/holdpoint-v1.schema.json\` (draft 7), with a description of each member. Rules are compiled
against it: \`input.atempt\` is a compile error, where it would otherwise be undefined and its rule would never fire.

- **Evidence is filled by Holdpoint only.** \`answer\` is \`{"known": …}\` or \`{"unknown": "why"}\`, never both, never neither.
  A rule that needs a fact should ask for \`fresh\` and treat unknown as no.
- **Nothing is the agent's own word.** Its stated purpose is not in the document.
- **Effects are named by \`index\`**, which a finding gives back as \`effect\`.
- **\`harmless\`** is true where every effect is. Begin a rule with \`input.harmless == false\` unless it is about harmless
  work: a \`hold\` or \`deny\` of which OPA can show that it finds nothing there is not evaluated for a harmless attempt.
- **\`index\`** says where to find what a rule is about. It is worked out from the effects and the evidence, holds nothing
  that they do not, and may be left out of a document that is given to \`holdpoint policy eval\` or \`try\`. A rule that begins
  with \`"destroyed volume" in input.index.keys\`, or with \`strings.any_prefix_match(input.index.keys, {…})\` for several
  things, is not even looked at for other attempts: OPA's rule index reads that line.
- **\`now\`** is the time. There is no clock, network, randomness or environment in a policy: the same document always
  gives the same answer.
- A document is checked before it is evaluated; one that does not conform, that is cyclic, nested deeper than 64 in a fact
  or longer than 16 million characters denies.

## An example for each kind of action

Each is what Holdpoint makes of the action where nothing about the world is known.

${examples.join('\n')}`;
}
