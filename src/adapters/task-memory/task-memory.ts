import { appendFileSync, lstatSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Which files a task made. Answers `false` where it is not sure. */
export interface TaskMemory {
  /**
   * To be called after an effect that created the file, or changed one that the task had created, and only where the
   * file did not exist before the task. `path` is absolute. Does nothing unless a file or symlink is there now.
   * `bornSinceMs`, milliseconds since the epoch: nor if it was there before, whatever the effect was called. Give the
   * time of the attempt: `touch` and `cp` create only where nothing was.
   */
  noteCreated(task: string, path: string, bornSinceMs?: number): void;
  /** True if the task made the very file that is there now. */
  wasCreated(task: string, path: string): boolean;
}

export interface TaskMemoryOptions {
  /** Keeps the memory over restarts: JSON lines, mode 0600. A line that does not parse is passed over. */
  readonly file?: string;
  readonly maxTasks?: number;
  readonly maxFilesPerTask?: number;
}

/** Device, inode and time of birth: a file that was moved over the noted one is another file. */
type Identity = string;

export function makeTaskMemory(options: TaskMemoryOptions = {}): TaskMemory {
  const maxTasks = options.maxTasks ?? 200;
  const maxFiles = options.maxFilesPerTask ?? 5_000;
  const tasks = new Map<string, Map<string, Identity>>();

  const remember = (task: string, path: string, identity: Identity): void => {
    const files = tasks.get(task) ?? new Map<string, Identity>();
    // Most recent last: what is forgotten first is what was used longest ago.
    tasks.delete(task);
    tasks.set(task, files);
    files.delete(path);
    files.set(path, identity);
    dropOldest(files, maxFiles);
    dropOldest(tasks, maxTasks);
  };

  if (options.file !== undefined) {
    for (const note of readNotes(options.file)) remember(note.task, note.path, note.identity);
    rewrite(options.file, tasks);
  }

  return {
    noteCreated: (task, path, bornSinceMs) => {
      const found = identify(path);
      if (found === undefined || (bornSinceMs !== undefined && found.bornMs < bornSinceMs)) return;
      remember(task, found.path, found.identity);
      if (options.file !== undefined) {
        // Losing a note only makes the guard ask once more.
        attempt(() =>
          appendFileSync(options.file ?? '', `${JSON.stringify([task, found.path, found.identity])}\n`, {
            mode: 0o600,
          }),
        );
      }
    },
    wasCreated: (task, path) => {
      const files = tasks.get(task);
      if (files === undefined) return false;
      const found = identify(path);
      return found !== undefined && files.get(found.path) === found.identity;
    },
  };
}

function dropOldest<K, V>(map: Map<K, V>, keep: number): void {
  for (const key of map.keys()) {
    if (map.size <= keep) return;
    map.delete(key);
  }
}

function identify(
  path: string,
): { readonly path: string; readonly identity: Identity; readonly bornMs: number } | undefined {
  if (!path.startsWith('/') || path.includes('\0')) return undefined;
  return attempt(() => {
    const real = join(realpathSync(dirname(path)), basename(path));
    const stat = lstatSync(real, { bigint: true });
    // Directories are never noted: what lies in them may have been moved there.
    if (!stat.isFile() && !stat.isSymbolicLink()) return undefined;
    return { path: real, identity: `${stat.dev}:${stat.ino}:${stat.birthtimeNs}`, bornMs: Number(stat.birthtimeMs) };
  });
}

function readNotes(file: string): { task: string; path: string; identity: Identity }[] {
  const text = attempt(() => readFileSync(file, 'utf8')) ?? '';
  return text.split('\n').flatMap((line) => {
    const note: unknown = attempt(() => JSON.parse(line) as unknown);
    if (!Array.isArray(note) || note.length !== 3) return [];
    const [task, path, identity] = note as unknown[];
    return typeof task === 'string' && typeof path === 'string' && typeof identity === 'string'
      ? [{ task, path, identity }]
      : [];
  });
}

/** Once at start, so that the file stays as bounded as the memory. */
function rewrite(file: string, tasks: ReadonlyMap<string, ReadonlyMap<string, Identity>>): void {
  const lines = [...tasks].flatMap(([task, files]) =>
    [...files].map(([path, identity]) => `${JSON.stringify([task, path, identity])}\n`),
  );
  attempt(() => {
    writeFileSync(`${file}.new`, lines.join(''), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  });
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
