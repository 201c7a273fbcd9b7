import { decodeBase64, encodeBase64 } from './base64.ts';
import type { Hash } from './merkle.ts';
import { type NoteKey, openNote, type SignEd25519, signNote, type VerifyEd25519 } from './note.ts';

/** A signed tree head. Source: https://c2sp.org/tlog-checkpoint */
export interface Checkpoint {
  /** Names the log; equals the name of the log's key. */
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
  /** Non-empty lines after the root. This log writes none. */
  readonly extensions: readonly string[];
}

export type ParsedCheckpoint =
  | { readonly ok: true; readonly checkpoint: Checkpoint }
  | { readonly ok: false; readonly error: string };

export function formatCheckpoint(checkpoint: Checkpoint): string {
  const text = [checkpoint.origin, String(checkpoint.size), encodeBase64(checkpoint.root), ...checkpoint.extensions]
    .map((line) => `${line}\n`)
    .join('');
  // INVARIANT: what is written reads back as itself; a line feed inside a line would say something else.
  const back = parseCheckpoint(text);
  if (!back.ok || back.checkpoint.extensions.length !== checkpoint.extensions.length)
    throw new TypeError(`not a checkpoint: ${back.ok ? 'line feed inside a line' : back.error}`);
  return text;
}

/** The text of a checkpoint, without its signatures. Only the one spelling that `formatCheckpoint` makes is taken. Never throws. */
export function parseCheckpoint(text: string): ParsedCheckpoint {
  const refuse = (error: string): ParsedCheckpoint => ({ ok: false, error });
  if (!text.endsWith('\n')) return refuse('the checkpoint does not end with a line feed');
  const [origin = '', sizeText = '', rootText = '', ...extensions] = text.slice(0, -1).split('\n');
  if (origin === '') return refuse('the checkpoint names no origin');
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(sizeText) || !Number.isSafeInteger(Number(sizeText)))
    return refuse('the tree size is not a plain decimal number');
  const root = decodeBase64(rootText);
  if (root?.length !== 32) return refuse('the root hash is not 32 bytes in base64');
  if (extensions.includes('')) return refuse('the checkpoint has an empty line');
  return { ok: true, checkpoint: { origin, size: Number(sizeText), root, extensions } };
}

export function signCheckpoint(checkpoint: Checkpoint, key: NoteKey, sign: SignEd25519): string {
  return signNote(formatCheckpoint(checkpoint), key, sign);
}

/** A checkpoint signed by `key`, whose name must be its origin. Never throws. */
export function openCheckpoint(note: string, key: NoteKey, verify: VerifyEd25519): ParsedCheckpoint {
  const opened = openNote(note, [key], verify);
  if (!opened.ok) return opened;
  const parsed = parseCheckpoint(opened.text);
  if (parsed.ok && parsed.checkpoint.origin !== key.name)
    return { ok: false, error: `the checkpoint is of \`${parsed.checkpoint.origin}\`, the key is of \`${key.name}\`` };
  return parsed;
}
