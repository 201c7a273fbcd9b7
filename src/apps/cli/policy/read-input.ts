import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Io } from '../io.ts';
import { whyUnreadable } from './rego-files.ts';

const MAX_BYTES = 8 * 1024 * 1024;

export type ReadText = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

/** A file that was named, or standard input for `-`. UTF-8 and bounded. */
export async function readInput(io: Io, name: string): Promise<ReadText> {
  const tooLong: ReadText = { ok: false, why: `longer than ${MAX_BYTES} bytes` };
  try {
    if (name !== '-') {
      const file = path.resolve(io.cwd, name);
      const stats = await stat(file);
      if (stats.isDirectory()) return { ok: false, why: 'a folder' };
      if (stats.size > MAX_BYTES) return tooLong;
      return { ok: true, text: decode(await readFile(file)) };
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of io.stdin as AsyncIterable<Buffer | string>) {
      const piece = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      bytes += piece.length;
      if (bytes > MAX_BYTES) return tooLong;
      chunks.push(piece);
    }
    return { ok: true, text: decode(Buffer.concat(chunks)) };
  } catch (error) {
    return { ok: false, why: whyUnreadable(error) };
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}
