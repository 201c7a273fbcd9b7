/** One transcript as it lies on disk: a file, or the part of a database that belongs to one session. */
export interface TranscriptFile {
  readonly path: string;
  readonly bytes: number;
  readonly changedAtMs: number;
}

export type TranscriptRecord =
  | { readonly kind: 'text'; readonly text: string; readonly session: string; readonly cwd: string }
  /** Past a limit, and therefore not read. */
  | { readonly kind: 'too-long'; readonly bytes: number }
  | { readonly kind: 'unreadable'; readonly why: string };

export interface TranscriptPlace {
  /** Where was looked, as a pattern for people. */
  readonly looked: string;
  readonly found: boolean;
  /** Oldest change first. */
  readonly files: readonly TranscriptFile[];
}

/**
 * The transcripts that agents keep on this machine. Contract:
 * - reads and never writes: not into the agents' folders, nor anywhere else that outlives the call;
 * - follows no symbolic link and opens nothing but plain files;
 * - `records` holds at most one record at a time in memory, in the order in which they were written;
 * - nothing rejects or throws: what cannot be read is a record that says so.
 */
export interface Transcripts {
  /** Files that changed at `sinceMs` or later. */
  places(agent: string, sinceMs: number): readonly TranscriptPlace[];
  records(agent: string, file: TranscriptFile): Iterable<TranscriptRecord>;
}
