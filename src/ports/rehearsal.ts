/**
 * Runs a command where nothing that it does stays, and says what it did to files. Contract:
 * - The command changes nothing outside of the view: no file, no process, no connection, no limit of the machine.
 * - It learns no secret that the view hides, and its output goes nowhere.
 * - It is over within `timeoutMs` and a little; what could not be tried is `{ ok: false, why }`, never a rejection.
 * - What is reported really happened in the view. What is not reported may happen all the same when it counts: a
 *   command can tell that it is rehearsed.
 */
export interface Rehearser {
  rehearse(command: RehearsalCommand, signal: AbortSignal): Promise<Rehearsed>;
}

export interface RehearsalCommand {
  readonly text: string;
  /** Absolute path of an existing directory. */
  readonly cwd: string;
}

/**
 * What became of a thing that was there before.
 * `deleted`: gone. `overwritten`: other content. `emptied`: no content. `moved`: the same content stands elsewhere now.
 */
export type FileFate = 'deleted' | 'overwritten' | 'emptied' | 'moved';

export interface FileChange {
  /** Absolute, as on the real disk. */
  readonly path: string;
  readonly fate: FileFate;
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  /** Of what was there before. */
  readonly bytes: number;
  /** For a folder that went: the files that went with it, at most `FEWER` of them; `capped` says so. */
  readonly below: readonly { readonly path: string; readonly bytes: number }[];
}

export interface RehearsedRun {
  readonly ok: true;
  readonly ended: 'exited' | 'timed-out';
  readonly exitCode: number;
  /** Sorted by path. */
  readonly changes: readonly FileChange[];
  /** More was lost than is listed. */
  readonly capped: boolean;
  /** Programs that were started, in order: each one's file, then its arguments. Only where they were traced. */
  readonly started?: readonly (readonly string[])[];
}

export type Rehearsed = RehearsedRun | { readonly ok: false; readonly why: string };
