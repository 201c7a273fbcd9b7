import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Decision, DecisionEntry, DecisionLog, DecisionReader } from '../../ports/decision-log.ts';
import { type DecisionLabels, type DocumentOf, entryLine } from './entry.ts';
import { DAY_FILE, dayFiles, dayOf, readDecisions } from './read-decisions.ts';

export const DECISION_LOG_LIMITS = {
  entryBytes: 256 * 1024,
  bytesADay: 64 * 1024 * 1024,
  daysKept: 30,
  /** Decisions that wait to be written. */
  queued: 2_000,
  /** Texts of the attempts that wait. */
  queuedBytes: 32 * 1024 * 1024,
} as const;

export interface DecisionLogOptions {
  /** Made with mode 0700 where it is not there. */
  readonly dir: string;
  readonly labels: DecisionLabels;
  readonly documentOf: DocumentOf;
  /** Told once when decisions begin to be lost, and once when they are kept again. */
  readonly onTrouble?: (what: string) => void;
  readonly limits?: Partial<Record<keyof typeof DECISION_LOG_LIMITS, number>>;
}

const FLUSH_MS = 200;
/** Entries made in one turn of the event loop: redaction is work, and attempts wait meanwhile. */
const A_TURN = 4;
const BATCH = 256;
const DAY_MS = 86_400_000;
// SECURITY: a link in the place of a day's file is not followed.
const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/** Opens nothing before the first decision is written. */
export function openDecisionLog(options: DecisionLogOptions): DecisionLog {
  return new Log(options);
}

class Log implements DecisionLog {
  lost = 0;
  readonly #options: DecisionLogOptions;
  readonly #limits: Readonly<Record<keyof typeof DECISION_LOG_LIMITS, number>>;
  readonly #reader: DecisionReader;
  #queue: Decision[] = [];
  #queuedBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #sweptDay = '';
  #lostSinceTold: number | undefined;
  #closed = false;

  constructor(options: DecisionLogOptions) {
    this.#options = options;
    this.#limits = { ...DECISION_LOG_LIMITS, ...options.limits };
    this.#reader = readDecisions(options.dir);
  }

  record(decision: Decision): void {
    const bytes = decision.input.attempt.action.bytes.length;
    const isFull = this.#queue.length >= this.#limits.queued || this.#queuedBytes + bytes > this.#limits.queuedBytes;
    if (this.#closed || isFull) {
      this.#lose(1, this.#closed ? 'the log is closed' : 'they come faster than they can be written');
      return;
    }
    this.#queue.push(decision);
    this.#queuedBytes += bytes;
    this.#schedule();
  }

  async *read(sinceMs: number): AsyncGenerator<DecisionEntry> {
    await this.#flush();
    yield* this.#reader.read(sinceMs);
  }

  get malformed(): number {
    return this.#reader.malformed;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#flush();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#flush();
    }, FLUSH_MS).unref();
  }

  /** Never rejects. Writes what is queued now and what comes meanwhile. */
  #flush(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#queue.length > 0) this.#schedule();
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, BATCH);
      for (const one of batch) this.#queuedBytes -= one.input.attempt.action.bytes.length;
      const byDay = await this.#linesByDay(batch);
      for (const [day, lines] of byDay) {
        try {
          await this.#append(day, lines);
        } catch (error) {
          this.#lose(lines.length, error instanceof Error ? error.message : String(error));
        }
      }
    }
  }

  async #linesByDay(batch: readonly Decision[]): Promise<ReadonlyMap<string, string[]>> {
    const byDay = new Map<string, string[]>();
    for (const [index, decision] of batch.entries()) {
      if (index % A_TURN === A_TURN - 1) await nextTurn();
      try {
        const { labels, documentOf } = this.#options;
        const line = entryLine(decision, labels, documentOf, this.#limits.entryBytes);
        const day = dayOf(decision.input.nowMs);
        if (line === undefined) this.#lose(1, 'one was too large');
        else byDay.set(day, [...(byDay.get(day) ?? []), line]);
      } catch (error) {
        this.#lose(1, `one could not be written down: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return byDay;
  }

  async #append(day: string, lines: readonly string[]): Promise<void> {
    const { dir } = this.#options;
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
        if (bytes > this.#limits.bytesADay) break;
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
      if (kept < lines.length) this.#lose(lines.length - kept, `${day} already has ${this.#limits.bytesADay} bytes`);
      else this.#recovered();
    } finally {
      await file.close();
    }
  }

  /** Deletes what is older than is kept, once a day. */
  async #sweep(day: string): Promise<void> {
    if (this.#sweptDay === day) return;
    this.#sweptDay = day;
    const oldest = dayOf(Date.parse(day) - (this.#limits.daysKept - 1) * DAY_MS);
    for (const name of await dayFiles(this.#options.dir))
      if ((DAY_FILE.exec(name)?.[1] ?? oldest) < oldest) await rm(path.join(this.#options.dir, name), { force: true });
  }

  #lose(count: number, why: string): void {
    this.lost += count;
    const isFirst = this.#lostSinceTold === undefined;
    this.#lostSinceTold = (this.#lostSinceTold ?? 0) + count;
    if (isFirst) this.#options.onTrouble?.(`decisions are not kept for \`policy try\`: ${why}`);
  }

  #recovered(): void {
    if (this.#lostSinceTold === undefined) return;
    this.#options.onTrouble?.(`decisions are kept again; ${this.#lostSinceTold} were lost`);
    this.#lostSinceTold = undefined;
  }
}

/** A process that was killed while it wrote leaves half a line; the next one must not be glued to it. */
async function endsTorn(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 && buffer[0] !== 0x0a;
}
