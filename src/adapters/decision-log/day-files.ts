import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { entryLine } from './entry.ts';
import type { Batch, Recorded, WriteEvent, WriterOptions, Written } from './messages.ts';
import { DAY_FILE, dayFiles, dayOf } from './read-decisions.ts';

const DAY_MS = 86_400_000;
// SECURITY: a link in the place of a day's file is not followed.
const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/** The files of a log, one a day. Opens nothing before the first batch. */
export class DayFiles {
  readonly #options: WriterOptions;
  #sweptDay = '';

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Never rejects. One batch at a time. */
  async write(batch: Batch): Promise<Written> {
    const events: WriteEvent[] = [];
    for (const [day, lines] of this.#linesByDay(batch, events)) {
      try {
        events.push(...(await this.#append(day, lines)));
      } catch (error) {
        events.push({ lost: lines.length, why: messageOf(error) });
      }
    }
    return events;
  }

  #linesByDay(batch: Batch, events: WriteEvent[]): ReadonlyMap<string, readonly string[]> {
    const byDay = new Map<string, string[]>();
    for (const text of batch) {
      try {
        const recorded = JSON.parse(text) as Recorded;
        const line = entryLine(recorded, this.#options.labels, this.#options.entryBytes);
        if (line === undefined) {
          events.push({ lost: 1, why: 'one was too large' });
          continue;
        }
        const day = dayOf(recorded.nowMs);
        const lines = byDay.get(day);
        if (lines === undefined) byDay.set(day, [line]);
        else lines.push(line);
      } catch (error) {
        events.push({ lost: 1, why: `one could not be written down: ${messageOf(error)}` });
      }
    }
    return byDay;
  }

  async #append(day: string, lines: readonly string[]): Promise<Written> {
    const { dir, bytesADay } = this.#options;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await this.#sweep(day);
    // Opened anew each time: whoever takes a file away, or gives room on the disk, needs to tell nobody.
    const file = await open(path.join(dir, `${day}.jsonl`), APPEND, 0o600);
    try {
      const { size } = await file.stat();
      let text = (await endsTorn(file, size)) ? '\n' : '';
      let bytes = size + text.length;
      let kept = 0;
      for (const line of lines) {
        bytes += Buffer.byteLength(line) + 1;
        if (bytes > bytesADay) break;
        text += `${line}\n`;
        kept += 1;
      }
      if (kept > 0) {
        try {
          await file.writeFile(text);
        } catch (error) {
          // Half a batch must not be mistaken for the whole.
          await file.truncate(size).catch(() => undefined);
          throw error;
        }
      }
      if (kept < lines.length) return [{ lost: lines.length - kept, why: `${day} already has ${bytesADay} bytes` }];
      return [{ kept }];
    } finally {
      await file.close();
    }
  }

  /** Deletes what is older than is kept, once a day. */
  async #sweep(day: string): Promise<void> {
    if (this.#sweptDay === day) return;
    this.#sweptDay = day;
    const { dir, daysKept } = this.#options;
    const oldest = dayOf(Date.parse(day) - (daysKept - 1) * DAY_MS);
    for (const name of await dayFiles(dir))
      if ((DAY_FILE.exec(name)?.[1] ?? oldest) < oldest) await rm(path.join(dir, name), { force: true });
  }
}

/** A process that was killed while it wrote leaves half a line; the next one must not be glued to it. */
async function endsTorn(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 && buffer[0] !== 0x0a;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
