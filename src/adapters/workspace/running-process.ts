import { open } from 'node:fs/promises';
import type { ProcessFact } from '../../core/facts.ts';
import { redactText } from '../../core/redact.ts';
import { known, type Tri, unknown } from '../../core/tri.ts';

const MOST_BYTES = 4_096;
const MOST_WORDS = 6;

/** What runs under a number on this machine (proc_pid_cmdline(5)). Only Linux tells by a file. */
export async function processOf(pid: string): Promise<Tri<ProcessFact>> {
  if (!/^[1-9]\d{0,9}$/.test(pid)) return unknown('it is no number of a process');
  if (Number(pid) === process.pid) return known({ words: [], isThisProgram: true });
  const file = await open(`/proc/${pid}/cmdline`).catch(() => undefined);
  if (file === undefined) return unknown('nothing that can be seen runs under that number');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MOST_BYTES), 0, MOST_BYTES, 0);
    const words = buffer.subarray(0, bytesRead).toString('utf8').split('\0');
    return known({
      words: words.slice(0, MOST_WORDS).map((word) => redactText(word).slice(0, 300)),
      isThisProgram: false,
    });
  } finally {
    await file.close();
  }
}
