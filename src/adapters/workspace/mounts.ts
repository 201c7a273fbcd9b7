import type { ReadingFiles } from './bounded-files.ts';

/**
 * Mount points as this process sees them, real paths; `undefined` where the system does not list them (not Linux),
 * and devices have to be compared instead. Source: proc_pid_mountinfo(5).
 */
export async function readMountPoints(
  files: ReadingFiles,
  path = '/proc/self/mountinfo',
): Promise<readonly string[] | undefined> {
  try {
    const handle = await files.open(path, 'r');
    try {
      const text = await handle.readFile('utf8');
      return text.split('\n').flatMap((line) => {
        const point = line.split(' ')[4];
        return point === undefined ? [] : [point.replace(/\\([0-7]{3})/g, (_, octal: string) => byte(octal))];
      });
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

function byte(octal: string): string {
  return String.fromCharCode(Number.parseInt(octal, 8));
}
