/** A stretch of text that only the running shell would know. Private-use characters, so that real text rarely holds one; text that does counts as unknown. */
export const HOLE = '\ue000';
/** As `HOLE`, but new each time (a date, a process id, `mktemp`): a path that holds one names nothing that exists yet. */
export const FRESH = '\ue001';
/** Set-up text that an installed program prints for `eval` (`ssh-agent -s`, `brew shellenv`). */
export const SETUP = '\ue002';

/** Stands before `HOLE` where the unknown text is, or holds, a secret: what prints or sends it exposes. */
export const SECRET = '\ue003';

/** One argument after expansion. */
export interface Field {
  /** Text, with `HOLE`, `FRESH` or `SETUP` where text alone cannot tell. The home directory is written `~`. */
  readonly s: string;
  /** Holds glob characters that the shell would expand. */
  readonly glob: boolean;
  /** `s` is a default that an environment variable may override. */
  readonly maybe: boolean;
  /** What reading it as a file gives, for process substitution; marks as in `s`. */
  readonly feed?: string;
}

export function literal(s: string): Field {
  return { s, glob: false, maybe: false };
}

export const UNKNOWN_FIELD: Field = { s: HOLE, glob: false, maybe: false };

export function isCertain(field: Field): boolean {
  return !field.maybe && !hasHole(field.s);
}

export function hasHole(text: string): boolean {
  return text.includes(HOLE) || text.includes(SETUP) || text.includes(SECRET);
}

export function hasMark(text: string): boolean {
  return hasHole(text) || text.includes(FRESH);
}

/** Text for people: marks shown as `…`. */
export function shown(text: string): string {
  return text.replaceAll(SECRET, '').replaceAll(HOLE, '…').replaceAll(FRESH, '…').replaceAll(SETUP, '…');
}
