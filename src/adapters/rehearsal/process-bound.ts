import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const MOST_TURNS = 100;
const TURN_MS = 10;

/** How many processes and how much memory a rehearsal may take, over all of its processes. */
export type ProcessBound =
  | { readonly ok: true; join(pid: number): void; release(): Promise<void> }
  | { readonly ok: false; readonly why: string };

/**
 * `RLIMIT_NPROC` (setrlimit(2)) bounds every account but root. For root a control group has to, of version 1 or 2,
 * whichever may be written here. Other accounts get one too where they may, for the memory of all processes together.
 */
export function boundProcesses(processes: number, memoryBytes: number): ProcessBound {
  const name = `holdpoint-rehearsal-${process.pid}-${performance.now()}`;
  const groups: string[] = [];
  const make = (folder: string, settings: Readonly<Record<string, number>>): boolean => {
    const group = join(folder, name);
    try {
      mkdirSync(group);
    } catch {
      return false;
    }
    groups.push(group);
    try {
      // Only what is there: in a folder that is no control group, a file of that name would bound nothing.
      for (const [file, value] of Object.entries(settings))
        writeFileSync(join(group, file), String(value), { flag: 'r+' });
      return true;
    } catch {
      groups.pop();
      removeGroup(group);
      return false;
    }
  };
  const release = async (): Promise<void> => {
    for (const group of groups) {
      // A process that has ended leaves its group a little later.
      for (let turn = 0; !removeGroup(group) && turn < MOST_TURNS; turn += 1) await setTimeout(TURN_MS);
    }
  };
  const counted =
    make('/sys/fs/cgroup', { 'pids.max': processes, 'memory.max': memoryBytes }) ||
    make('/sys/fs/cgroup/pids', { 'pids.max': processes });
  make('/sys/fs/cgroup/memory', { 'memory.limit_in_bytes': memoryBytes });
  if (!counted && process.getuid?.() === 0) {
    for (const group of groups) removeGroup(group);
    return { ok: false, why: 'runs as root, where nothing here bounds the number of processes' };
  }
  return {
    ok: true,
    join: (pid) => {
      for (const group of groups) {
        try {
          writeFileSync(join(group, 'cgroup.procs'), String(pid));
        } catch (error) {
          if (process.getuid?.() === 0) throw error;
        }
      }
    },
    release,
  };
}

function removeGroup(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch {
    return false;
  }
}
