import assert from 'node:assert/strict';
import { existsSync, promises as fsPromises, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CopyFiles } from '../../src/adapters/local-safeguard/copy-tree.ts';
import { makeLocalCase, stateOf } from '../adapters/local-safeguard/safeguard-case.ts';

function failing(code: string): never {
  throw Object.assign(new Error(code), { code });
}

/** A handle of which some methods do something else. */
function handleWith(handle: FileHandle, other: Partial<FileHandle>): FileHandle {
  return new Proxy(handle, {
    get: (target, name) => {
      const own: unknown = Reflect.get(other, name) ?? Reflect.get(target, name);
      return typeof own === 'function' ? (own.bind(target) as unknown) : own;
    },
  });
}

const isCopy = (path: unknown): boolean => String(path).includes('.partial/data/');
const open = fsPromises.open;

interface Fault {
  readonly note: string;
  readonly files: (world: { root: string }) => Partial<CopyFiles>;
  readonly why: RegExp;
  readonly timeoutMs?: number;
}

const FAULTS: readonly Fault[] = [
  {
    note: 'lies: the bytes on the disk are others than were written',
    files: () => ({
      rename: async (from, to) => {
        await fsPromises.rename(from, to);
        writeFileSync(join(String(to), 'data/0/a.txt'), 'precioux');
      },
    }),
    why: /differs from the original/,
  },
  {
    note: 'lies: the copy is cut short',
    files: () =>
      ({
        open: async (path, flags, mode) => {
          const handle = await open(path, flags, mode);
          if (!isCopy(path)) return handle;
          return handleWith(handle, {
            write: (async (buffer: Uint8Array) => ({ bytesWritten: buffer.length, buffer })) as FileHandle['write'],
          });
        },
      }) as Partial<CopyFiles>,
    why: /differs from the original/,
  },
  {
    note: 'lies: a file of the copy is lost, or one too many',
    files: () => ({
      rename: async (from, to) => {
        await fsPromises.rename(from, to);
        await fsPromises.rm(join(String(to), 'data/0/deep/nothing'));
      },
    }),
    why: /differs from the original/,
  },
  {
    note: 'lies: the manifest is damaged',
    files: () => ({
      rename: async (from, to) => {
        await fsPromises.rename(from, to);
        writeFileSync(join(String(to), 'manifest.json'), '{');
      },
    }),
    why: /manifest of the copy is damaged/,
  },
  {
    note: 'fails: the disk is full',
    files: () => ({
      open: async (path, flags, mode) => {
        const handle = await open(path, flags, mode);
        return isCopy(path) ? handleWith(handle, { write: () => failing('ENOSPC') }) : handle;
      },
    }),
    why: /no space left/,
  },
  {
    note: 'fails: the disk is nearly full beforehand',
    files: () => ({
      statfs: (async (path: string) => ({ ...(await fsPromises.statfs(path)), bavail: 0 })) as CopyFiles['statfs'],
    }),
    why: /no space left/,
  },
  {
    note: 'fails: flushing',
    files: () => ({
      open: async (path, flags, mode) => {
        const handle = await open(path, flags, mode);
        return isCopy(path) ? handleWith(handle, { sync: () => failing('EIO') }) : handle;
      },
    }),
    why: /EIO/,
  },
  {
    note: 'fails but persisted: the rename',
    files: () => ({
      rename: async (from, to) => {
        await fsPromises.rename(from, to);
        failing('EIO');
      },
    }),
    why: /EIO/,
  },
  {
    note: 'fails: a file may not be read',
    files: () => ({
      open: async (path, flags, mode) =>
        String(path).endsWith('/data/deep/b.bin') && flags !== 'wx' ? failing('EACCES') : open(path, flags, mode),
    }),
    why: /may not read/,
  },
  {
    note: 'the original changes while it is copied',
    files: ({ root }) => ({
      open: async (path, flags, mode) => {
        const handle = await open(path, flags, mode);
        if (isCopy(path) && String(path).endsWith('a.txt')) writeFileSync(join(root, 'data/a.txt'), 'PRECIOUS');
        return handle;
      },
    }),
    why: /changed while it was copied/,
  },
  {
    note: 'the original grows while it is copied',
    files: ({ root }) => ({
      open: async (path, flags, mode) => {
        const handle = await open(path, flags, mode);
        if (isCopy(path) && String(path).endsWith('a.txt')) await fsPromises.appendFile(join(root, 'data/a.txt'), 'x');
        return handle;
      },
    }),
    why: /changed while it was copied/,
  },
  {
    note: 'a file comes into the folder while it is copied',
    files: ({ root }) => ({
      open: async (path, flags, mode) => {
        const handle = await open(path, flags, mode);
        if (isCopy(path) && String(path).endsWith('b.bin')) writeFileSync(join(root, 'data/deep/late'), '');
        return handle;
      },
    }),
    why: /changed while it was copied/,
  },
  {
    note: 'hangs: reading',
    files: () => ({ readlink: (() => new Promise(() => undefined)) as CopyFiles['readlink'] }),
    why: /no copy within/,
    timeoutMs: 50,
  },
];

for (const fault of FAULTS) {
  test(`local safeguard, ${fault.note}`, async () => {
    // The fault is made when the case is there: it names paths of it.
    const world = { root: '' };
    const lazy = new Proxy({} as CopyFiles, {
      get: (_, name): unknown => Reflect.get(fault.files(world), name) ?? Reflect.get(fsPromises, name),
    });
    const timeoutMs = fault.timeoutMs === undefined ? {} : { timeoutMs: fault.timeoutMs };
    const one = makeLocalCase({ files: lazy, ...timeoutMs });
    world.root = one.root;
    const plan = one.safeguarder.plan(one.effect, 0, one.evidence, one.attempt);
    assert.equal(plan?.kind, 'local-files');
    const result = await one.safeguarder.take(plan, one.effect, one.attempt);
    assert.equal(result.ok, false, 'a copy that is not good is not a safeguard');
    assert.match(result.ok ? '' : result.why, fault.why);
    assert.notEqual(stateOf(join(one.root, 'data')), 'nothing');
    if (fault.timeoutMs === undefined && !fault.note.startsWith('fails but persisted'))
      assert.equal(existsSync(join(one.dir, 'attempt-1/0')), false, 'nothing that looks like a copy is left');
  });
}
