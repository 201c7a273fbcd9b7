import { z } from 'zod';
import type { Json } from '../../core/canonical-json.ts';
import type { QueryAnswer, ReadBundle, RegoCoverage, RegoTest, RuleInFile } from '../../ports/policy-tools.ts';

/** What the engine answers to the command line's operations, and how a person's side of the port has it. */
const json: z.ZodType<Json> = z.json();
const modules = z.array(z.strictObject({ name: z.string(), text: z.string() }));
const data = z.record(z.string(), json);
const problem = z.object({
  code: z.string(),
  message: z.string(),
  file: z.string().exactOptional(),
  row: z.int().exactOptional(),
  col: z.int().exactOptional(),
});
const lines = z.array(z.object({ start: z.object({ row: z.int() }), end: z.object({ row: z.int() }) }));

const checkAnswer = z.object({
  rules: z.array(
    z.object({
      path: z.string(),
      file: z.string(),
      row: z.int(),
      annotations: z
        .object({
          title: z.string().exactOptional(),
          description: z.string().exactOptional(),
          custom: data.exactOptional(),
        })
        .exactOptional(),
    }),
  ),
});

const testAnswer = z.object({
  tests: z.array(
    z.strictObject({
      package: z.string(),
      name: z.string(),
      result: z.enum(['pass', 'fail', 'error', 'skip']),
      file: z.string(),
      row: z.int(),
      why: z.string().exactOptional(),
      output: z.string().exactOptional(),
      micros: z.number(),
    }),
  ),
  coverage: z
    .object({
      coverage: z.number(),
      files: z.record(z.string(), z.object({ not_covered: lines.optional(), coverage: z.number().optional() })),
    })
    .exactOptional(),
});

const queryAnswer = z.object({
  results: z.array(data),
  trace: z.string().exactOptional(),
  printed: z.array(z.string()).optional(),
  error: problem.exactOptional(),
});

const bundleAnswer = z.object({
  verified: z.boolean(),
  revision: z.string(),
  roots: z.array(z.string()),
  modules,
  data: data.nullable(),
});

export type TestAnswer = z.infer<typeof testAnswer>;

function guard<T>(schema: z.ZodType<T>): (value: unknown) => value is T {
  return (value): value is T => schema.safeParse(value).success;
}

export const isCheckAnswer = guard(checkAnswer);
export const isTestAnswer = guard(testAnswer);
export const isFormatAnswer = guard(z.object({ modules }));
export const isQueryAnswer = guard(queryAnswer);
export const isBundleAnswer = guard(bundleAnswer);
export const isWrittenBundle = guard(z.object({ bytes: z.base64() }));

export function rulesOf(answer: z.infer<typeof checkAnswer>): readonly RuleInFile[] {
  return answer.rules.map(({ path, file, row, annotations }) => {
    if (annotations === undefined) return { path, file, row };
    const { title, description, custom } = annotations;
    const kept = {
      ...(title === undefined ? {} : { title }),
      ...(description === undefined ? {} : { description }),
      ...(custom === undefined ? {} : { custom }),
    };
    return { path, file, row, annotations: kept };
  });
}

export function testsOf(answer: TestAnswer): { readonly tests: readonly RegoTest[]; readonly coverage?: RegoCoverage } {
  if (answer.coverage === undefined) return { tests: answer.tests };
  const files: Record<string, RegoCoverage['files'][string]> = {};
  for (const [file, one] of Object.entries(answer.coverage.files))
    files[file] = {
      percent: one.coverage ?? 0,
      notCovered: rangesOf(one.not_covered ?? []),
    };
  return { tests: answer.tests, coverage: { percent: answer.coverage.coverage, files } };
}

/** One for each expression of a line in OPA's report; lines are enough for a person. */
function rangesOf(found: z.infer<typeof lines>): readonly (readonly [number, number])[] {
  return [
    ...new Map(found.map(({ start, end }) => [`${start.row}-${end.row}`, [start.row, end.row] as const])).values(),
  ];
}

export function queryOf(answer: z.infer<typeof queryAnswer>): QueryAnswer {
  return { ...answer, printed: answer.printed ?? [] };
}

export function bundleOf(answer: z.infer<typeof bundleAnswer>): ReadBundle {
  const { verified, revision, roots } = answer;
  return { verified, revision, roots, modules: answer.modules, data: answer.data ?? {} };
}
