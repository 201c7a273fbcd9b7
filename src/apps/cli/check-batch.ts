import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import { type CheckDeps, makeAction, rawOf, viewOf } from './check.ts';
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
  const made = makeAction(request.kind, request.input, cwd, request.dialect);
  if (!made.ok) return { ...named, error: made.error };
  const startedMs = performance.now();
  try {
    // zod gives optional members as possibly undefined; StatedFacts wants them absent or there, which JSON guarantees.
    const judged = await deps.judge(rawOf(made.action, deps, cwd), request.facts as Parameters<CheckDeps['judge']>[1]);
    const micros = Math.round((performance.now() - startedMs) * 1000);
    return { ...named, ...viewOf(judged, ''), micros };
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
