import { z } from 'zod';

/** Requests on the daemon's socket, one JSON object a line. Unknown members are refused. */
const origin = z.strictObject({
  agent: z.string().max(200),
  task: z.string().max(200),
  /** Not believed: the daemon looks for the workspace of `cwd` itself. */
  workspace: z.string().max(4096),
});
const shell = z.strictObject({ command: z.string(), cwd: z.string().max(4096).startsWith('/'), origin });
/** A signed order, where no socket of root's own shows who asks. */
const order = z.string().max(65_536).optional();
/** A statement that a person signed, with its signature. */
const document = z.string().max(65_536);
const modules = z
  .array(z.strictObject({ name: z.string().min(1).max(1_024), text: z.string() }))
  .min(1)
  .max(200);
const id = z.string().regex(/^h-[a-z2-7]{8}$/u);

export const requestSchema = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('status') }),
  z.strictObject({ op: z.literal('stop') }),
  z.strictObject({ op: z.literal('holds'), all: z.boolean().optional() }),
  z.strictObject({ op: z.literal('show'), id }),
  z.strictObject({ op: z.literal('approve'), id, signatures: z.array(z.string().max(16_384)).min(1).max(16) }),
  z.strictObject({ op: z.literal('deny'), id, say: z.string().max(2_000) }),
  z.strictObject({ op: z.literal('withdraw'), id }),
  z.strictObject({ op: z.literal('reopen'), task: z.string().max(200), order }),
  /** Opens a hold without trying; gives the verified facts back. */
  z.strictObject({ op: z.literal('ask'), because: z.string().max(4_000), ...shell.shape }),
  /** Judges and, where permitted, begins: the client then runs exactly the bytes given back. */
  z.strictObject({
    op: z.literal('begin'),
    ...shell.shape,
    preapproval: z
      .strictObject({ document: z.string().max(65_536), commit: z.string().max(100), job: z.string().max(500) })
      .optional(),
  }),
  /** Begins an approved hold with the ticket that its own repeat was given. */
  z.strictObject({ op: z.literal('begin-hold'), id, ticket: z.string().regex(/^[0-9a-f]{64}$/u) }),
  z.strictObject({
    op: z.literal('outcome'),
    report: z.string().regex(/^[0-9a-f]{64}$/u),
    outcome: z.enum(['done', 'failed', 'unknown', 'not-started']),
    detail: z.record(z.string(), z.union([z.string().max(2_000), z.number(), z.null()])),
  }),
  z.strictObject({
    op: z.literal('log'),
    fromIndex: z.int().nonnegative().optional(),
    sinceMs: z.number().optional(),
    kind: z.enum(['refusal', 'intent', 'outcome']).optional(),
    limit: z.int().positive().max(10_000).optional(),
  }),
  z.strictObject({ op: z.literal('checkpoint') }),
  z.strictObject({ op: z.literal('erase'), index: z.int().nonnegative(), order }),
  z.strictObject({ op: z.literal('policy-reload') }),
  /** The layers in force. */
  z.strictObject({ op: z.literal('policy-show') }),
  /** What is pinned for a workspace, with its rules. */
  z.strictObject({ op: z.literal('policy-pinned'), workspace: z.string().max(4096) }),
  z.strictObject({
    op: z.literal('policy-pin'),
    document,
    modules,
    data: z.record(z.string(), z.json()).optional(),
  }),
  z.strictObject({ op: z.literal('policy-unpin'), workspace: z.string().max(4096), order }),
  /** Rules of one task: they only tighten, so nobody signs. */
  z.strictObject({
    op: z.literal('session-add'),
    task: z.string().min(1).max(200),
    modules,
    lifetimeMs: z.int().positive(),
  }),
  z.strictObject({ op: z.literal('session-list') }),
  z.strictObject({ op: z.literal('session-drop'), id: z.string().max(64), order }),
  z.strictObject({ op: z.literal('except'), document }),
  /** What would have to be excepted for a hold. */
  z.strictObject({ op: z.literal('except-hold'), id }),
  z.strictObject({ op: z.literal('except-list') }),
  /** Ending an exception tightens, so nobody signs. */
  z.strictObject({ op: z.literal('except-end'), id: z.string().max(64) }),
  /** What people declared about the world. */
  z.strictObject({ op: z.literal('map-list') }),
  z.strictObject({ op: z.literal('map-set'), document, replace: z.boolean() }),
  z.strictObject({ op: z.literal('map-remove'), target: z.string().max(4096), order }),
  z.strictObject({
    op: z.literal('agent-environment'),
    task: z.string().max(200),
    workspace: z.string().max(4096),
    agent: z.string().max(200),
  }),
]);

export type Request = z.infer<typeof requestSchema>;
