import { lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { Json } from '../../core/canonical-json.ts';
import { readSmallFile } from './small-file.ts';
import { readStatement, STATEMENT_FILE_BYTES, type StatementResult } from './statements.ts';

const MAX_FILES = 256;

export interface FolderEntry<T> {
  readonly file: string;
  readonly result: StatementResult<T>;
}

export interface StatementFolder<T> {
  /** In order of file name. A missing folder is an empty one: fewer statements never loosen anything. */
  entries(): Promise<readonly FolderEntry<T>[]>;
}

/**
 * The signed statements in `*.json` of one folder that anybody may write to. Only the verification of the signature
 * is remembered (by inode, size and both times, of which ctime cannot be set by hand); whose key it is and whether the
 * statement has expired is for the caller to ask each time.
 */
export function createStatementFolder<T extends Json>(folder: string, schema: z.ZodType<T>): StatementFolder<T> {
  let remembered = new Map<string, { readonly stamp: string; readonly result: StatementResult<T> }>();
  const read = async (path: string): Promise<StatementResult<T>> => {
    const file = await readSmallFile(path, STATEMENT_FILE_BYTES);
    if (!file.ok) return file;
    const { dev, ino, size, mtimeNs, ctimeNs } = file.stats;
    const stamp = [dev, ino, size, mtimeNs, ctimeNs].join(':');
    const before = remembered.get(path);
    const result = before?.stamp === stamp ? before.result : readStatement(file.bytes, schema);
    remembered.set(path, { stamp, result });
    return result;
  };
  return {
    async entries() {
      const names = (await namesIn(folder)).slice(0, MAX_FILES);
      remembered = new Map([...remembered].filter(([path]) => names.some((name) => join(folder, name) === path)));
      return Promise.all(
        names.map(async (name) => ({ file: join(folder, name), result: await read(join(folder, name)) })),
      );
    },
  };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    // Asked at every attempt, and mostly there is no such folder: one call that does not leave the thread.
    if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return [];
    return (await readdir(folder)).filter((name) => name.endsWith('.json') && !name.startsWith('.')).sort();
  } catch {
    return [];
  }
}
