import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { HOOK_AGENTS } from '../../../protocols/hooks/hook.ts';
import type { Paths } from '../../paths.ts';
import { replaceFile } from './replace-file.ts';

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/u);
const pathSchema = z.string().startsWith('/');

const targetSchema = z.strictObject({
  agent: z.enum(HOOK_AGENTS),
  scope: z.enum(['user', 'project', 'managed']),
  file: pathSchema,
  /** Where the original bytes are kept; absent where there was no file. */
  backup: pathSchema.optional(),
  /** Of the file as this installation left it. */
  installedSha256: sha256Schema,
  /** `allowManagedHooksOnly` was added by this installation. */
  managedOnly: z.boolean(),
});

/** `install.json` in the configuration folder; the layout is described in docs/hooks.md. */
const recordSchema = z.strictObject({
  version: z.literal(1),
  mode: z.enum(['shadow', 'enforce']),
  /** What would be held is rehearsed for its card. Off where left out. */
  rehearse: z.boolean().optional(),
  socket: pathSchema,
  ownerUid: z.int().nonnegative(),
  /** Argument list that starts the daemon and returns. */
  start: z.array(z.string()).min(1).optional(),
  shim: pathSchema,
  client: pathSchema,
  node: pathSchema,
  nc: pathSchema.optional(),
  ncEndsInput: z.boolean().optional(),
  curl: pathSchema.optional(),
  hookTimeoutS: z.int().positive(),
  replyTimeoutS: z.int().positive(),
  installedAtMs: z.number(),
  targets: z.array(targetSchema),
});

export type InstallTarget = z.infer<typeof targetSchema>;
export type InstallRecord = z.infer<typeof recordSchema>;
export type Mode = InstallRecord['mode'];

export type RecordRead =
  | { readonly kind: 'none' }
  | { readonly kind: 'broken'; readonly why: string }
  | { readonly kind: 'record'; readonly record: InstallRecord };

export function installFile(configDir: string): string {
  return path.join(configDir, 'install.json');
}

export function readRecord(configDir: string): RecordRead {
  const file = installFile(configDir);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ENOENT' ? { kind: 'none' } : { kind: 'broken', why: `cannot read \`${file}\`: ${String(code)}` };
  }
  try {
    const parsed = recordSchema.safeParse(JSON.parse(text));
    if (parsed.success) return { kind: 'record', record: parsed.data };
    return { kind: 'broken', why: `\`${file}\`: ${parsed.error.issues[0]?.message ?? 'not as written by init'}` };
  } catch {
    return { kind: 'broken', why: `\`${file}\` is not valid JSON` };
  }
}

/** SECURITY: a record that is missing or cannot be read means enforce, so that breaking it never loosens. */
export function readMode(configDir: string): Mode {
  const read = readRecord(configDir);
  return read.kind === 'record' ? read.record.mode : 'enforce';
}

/** Off unless a record says so. It can add to what a text says and never loosens, so either answer is safe. */
export function readRehearse(configDir: string): boolean {
  const read = readRecord(configDir);
  return read.kind === 'record' && read.record.rehearse === true;
}

/** A system installation's daemon and hooks read it under other accounts than root's, to whom it belongs. */
export function writeRecord(paths: Pick<Paths, 'config' | 'trust'>, record: InstallRecord): void {
  const text = `${JSON.stringify(recordSchema.parse(record), undefined, 2)}\n`;
  replaceFile(installFile(paths.config), text, paths.trust === 'system' ? 0o644 : 0o600);
}

export function removeRecord(configDir: string): void {
  rmSync(installFile(configDir), { force: true });
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
