import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import { STATED_FOLDER } from '../stated-facts.ts';
import { type CheckDeps, type CheckView, makeAction, rawOf, viewOf } from './check.ts';
import { EXIT, type Io } from './io.ts';

const id = z.union([z.string(), z.number()]);
const text = z.string();
const httpInput = z.strictObject({
  method: text,
  url: text,
  headers: z.record(text, text).optional(),
  body: text.optional(),
});
const graphqlInput = z.strictObject({
  endpoint: text,
  query: text.optional(),
  variables: z.record(text, z.json()).optional(),
  operationName: text.optional(),
  extensions: z.record(text, z.json()).optional(),
});
const mcpInput = z.strictObject({
  server: text,
  tool: text,
  arguments: z.record(text, z.json()),
  annotations: z.record(text, z.json()).optional(),
});
const fileInput = z.strictObject({
  op: z.enum(['read', 'write', 'delete']),
  path: text,
  tool: text.optional(),
  content: text.optional(),
});
const facts = z.strictObject({
  git: z.strictObject({ dirty: z.boolean().optional(), branch: text.optional() }).optional(),
  environment: text.optional(),
  regenerable: z.array(text).optional(),
  files: z.record(text, z.looseObject({})).optional(),
});
const common = { id, cwd: text.optional(), dialect: text.optional(), facts: facts.optional() };

/** One line of `check --batch`. Documented in docs/check.md. */
const lineSchema = z.discriminatedUnion('kind', [
  z.strictObject({ ...common, kind: z.literal('shell'), input: text }),
  z.strictObject({ ...common, kind: z.literal('sql'), input: text }),
  z.strictObject({ ...common, kind: z.literal('git'), input: text }),
  z.strictObject({ ...common, kind: z.literal('http'), input: httpInput }),
  z.strictObject({ ...common, kind: z.literal('graphql'), input: graphqlInput }),
  z.strictObject({ ...common, kind: z.literal('mcp'), input: mcpInput }),
  z.strictObject({ ...common, kind: z.literal('file'), input: fileInput }),
]);

/** `holdpoint check --batch`: JSON lines in, one JSON line out for each. A bad line is answered and the rest go on. */
export async function runBatch(io: Io, deps: CheckDeps): Promise<number> {
  let malformed = false;
  for await (const line of linesOf(io.stdin)) {
    if (line.kind === 'line' && line.text.trim() === '') continue;
    const answer = line.kind === 'line' ? await answerLine(line.text, deps) : { error: line.error };
    if ('error' in answer) malformed = true;
    io.out(`${JSON.stringify(answer)}\n`);
    // A reader that is slow makes this slow, not large.
    await io.drained?.();
  }
  return malformed ? EXIT.dataFormat : EXIT.ok;
}

async function answerLine(line: string, deps: CheckDeps): Promise<object> {
  const parsed = parseStrictJson(line, LIMITS.jsonDepth);
  if (!parsed.ok) return { error: parsed.error };
  const { value } = parsed;
  const given = value !== null && typeof value === 'object' && 'id' in value ? id.safeParse(value.id) : undefined;
  const named = given?.success === true ? { id: given.data } : {};
  const checked = lineSchema.safeParse(value);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    return { ...named, error: `${issue?.path.join('.') || 'line'}: ${issue?.message ?? 'not as documented'}` };
  }
  const request = checked.data;
  const cwd = request.cwd ?? '';
  if (cwd !== '' && !cwd.startsWith('/')) return { ...named, error: 'cwd: must be an absolute path' };
  const folder = cwd === '' && request.facts !== undefined ? STATED_FOLDER : cwd;
  const made = makeAction(request.kind, request.input, folder, request.dialect);
  if (!made.ok) return { ...named, error: made.error };
  const startedMs = performance.now();
  try {
    const raw = rawOf(made.action, folder === STATED_FOLDER ? { ...deps, workspaceOf: () => folder } : deps, folder);
    const judged = await deps.judge(raw, statedIn(folder, request.facts));
    const micros = Math.round((performance.now() - startedMs) * 1000);
    const view = viewOf(judged, '');
    return { ...named, ...(folder === STATED_FOLDER ? asWritten(view) : view), micros };
  } catch (error) {
    // INVARIANT: a bug on one line is a denial of that line, and the rest go on.
    const reason = error instanceof Error ? error.message : String(error);
    return {
      ...named,
      verdict: 'deny',
      effects: [],
      reasons: [{ id: 'floor/internal', reason }],
      micros: Math.round((performance.now() - startedMs) * 1000),
    };
  }
}

type Stated = NonNullable<Parameters<CheckDeps['judge']>[1]>;

/** Paths that were stated relative lie in the action's folder. */
function statedIn(folder: string, given: z.infer<typeof facts> | undefined): Stated | undefined {
  if (given === undefined) return undefined;
  const at = (name: string): string => path.resolve(folder, name);
  const { regenerable, files } = given;
  // zod gives optional members as possibly undefined; StatedFacts wants them absent or there, which JSON guarantees.
  return {
    ...given,
    ...(regenerable === undefined ? {} : { regenerable: regenerable.map(at) }),
    ...(files === undefined
      ? {}
      : { files: Object.fromEntries(Object.entries(files).map(([name, one]) => [at(name), one])) }),
  } as Stated;
}

/** Nobody named the folder, so it is not in the answer either. */
function asWritten(view: CheckView): CheckView {
  const text = JSON.stringify(view).replaceAll(`${STATED_FOLDER}/`, '').replaceAll(STATED_FOLDER, '.');
  return JSON.parse(text) as CheckView;
}

type Line = { readonly kind: 'line'; readonly text: string } | { readonly kind: 'bad'; readonly error: string };

/** Lines of a byte stream, bounded in length; invalid UTF-8 and overlong lines are told, not thrown. */
async function* linesOf(stream: NodeJS.ReadableStream): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (bytes: Buffer): Line => {
    try {
      return { kind: 'line', text: decoder.decode(bytes) };
    } catch {
      return { kind: 'bad', error: 'not valid UTF-8' };
    }
  };
  let parts: Buffer[] = [];
  let size = 0;
  const take = (): Line => {
    const line: Line =
      size > LIMITS.batchLineBytes
        ? { kind: 'bad', error: `longer than ${LIMITS.batchLineBytes} bytes` }
        : decode(Buffer.concat(parts));
    parts = [];
    size = 0;
    return line;
  };
  for await (const piece of stream) {
    let rest = Buffer.isBuffer(piece) ? piece : Buffer.from(piece);
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      size += end;
      if (size <= LIMITS.batchLineBytes) parts.push(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
      yield take();
    }
    size += rest.length;
    if (size <= LIMITS.batchLineBytes && rest.length > 0) parts.push(rest);
  }
  if (size > 0) yield take();
}
