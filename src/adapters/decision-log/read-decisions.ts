import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { DecisionEntry, DecisionReader } from '../../ports/decision-log.ts';

/** Longer than any line that is written; what is longer is skipped without being held. */
const MAX_LINE_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

export const DAY_FILE = /^(\d{4}-\d{2}-\d{2})\.jsonl$/;

export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** Reads the folder of a log, whether or not somebody writes to it. Rejects where the folder or a file cannot be read. */
export function readDecisions(dir: string): DecisionReader {
  let malformed = 0;
  async function* read(sinceMs: number): AsyncGenerator<DecisionEntry> {
    const since = dayOf(Math.max(0, sinceMs));
    for (const name of await dayFiles(dir)) {
      if ((DAY_FILE.exec(name)?.[1] ?? '') < since) continue;
      for await (const line of linesOf(path.join(dir, name))) {
        const entry = line === undefined ? undefined : entryOf(line);
        if (entry === undefined) malformed += 1;
        else if (entry.atMs >= sinceMs) yield entry.value;
      }
    }
  }
  return {
    read,
    get malformed() {
      return malformed;
    },
  };
}

/** Names of the files of days, oldest first. A folder that is not there holds none. */
export async function dayFiles(dir: string): Promise<readonly string[]> {
  try {
    return (await readdir(dir)).filter((name) => DAY_FILE.test(name)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Lines of a file; `undefined` for one that is too long. The last one may be torn, or still being written. */
async function* linesOf(file: string): AsyncGenerator<string | undefined> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      bytes += end - from;
      if (bytes > MAX_LINE_BYTES) yield undefined;
      else if (bytes > 0) yield Buffer.concat([...parts, chunk.subarray(from, end)]).toString('utf8');
      parts = [];
      bytes = 0;
      from = end + 1;
    }
    bytes += chunk.length - from;
    if (bytes > MAX_LINE_BYTES) parts = [];
    else if (from < chunk.length) parts.push(chunk.subarray(from));
  }
  if (bytes > 0) yield bytes > MAX_LINE_BYTES ? undefined : Buffer.concat(parts).toString('utf8');
}

function entryOf(line: string): { readonly value: DecisionEntry; readonly atMs: number } | undefined {
  try {
    const value = JSON.parse(line) as DecisionEntry | null;
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
    const atMs = typeof value['timestamp'] === 'string' ? Date.parse(value['timestamp']) : Number.NaN;
    return Number.isNaN(atMs) ? undefined : { value, atMs };
  } catch {
    return undefined;
  }
}
