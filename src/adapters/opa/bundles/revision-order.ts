/** Where a revision stands among others of its kind. What follows a `+` is for people and has no order. */
export interface RevisionPlace {
  readonly kind: 'number' | 'time' | 'version';
  readonly parts: readonly (bigint | string)[];
}

export const REVISION_KINDS =
  'a number (`1742`), a time (`2026-11-25T12:00:00Z`) or a version (`1.4.2`), each with `+…` behind it or not';

const BUILD = /\+[0-9A-Za-z.-]{1,100}$/;
const NUMBER = /^\d{1,30}$/;
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/;
const VERSION = /^v?(\d{1,15})\.(\d{1,15})\.(\d{1,15})(?:-([0-9A-Za-z-]{1,40}(?:\.[0-9A-Za-z-]{1,40}){0,9}))?$/;

/** `undefined` where it has no order, such as the name of a commit. */
export function placeOfRevision(revision: string): RevisionPlace | undefined {
  const bare = revision.replace(BUILD, '');
  if (NUMBER.test(bare)) return { kind: 'number', parts: [BigInt(bare)] };
  const time = TIME.exec(bare);
  if (time !== null) {
    const atMs = Date.parse(`${time[1]}Z`);
    // `2026-02-31` would be read as a day in March.
    if (Number.isNaN(atMs) || new Date(atMs).toISOString().slice(0, 19) !== time[1]) return undefined;
    return { kind: 'time', parts: [BigInt(atMs), BigInt((time[2] ?? '').padEnd(9, '0'))] };
  }
  const version = VERSION.exec(bare);
  if (version === null) return undefined;
  const numbers = version.slice(1, 4).map((part) => BigInt(part));
  const before = version[4]?.split('.').map((part) => (/^\d+$/.test(part) ? BigInt(part) : part));
  // Semantic Versioning 2.0.0, section 11: `1.0.0-x` comes before `1.0.0`.
  return { kind: 'version', parts: before === undefined ? [...numbers, 1n] : [...numbers, 0n, ...before] };
}

/** Negative: `a` is older. `undefined`: they cannot be compared. */
export function compareRevisions(a: string, b: string): number | undefined {
  const [left, right] = [placeOfRevision(a), placeOfRevision(b)];
  if (left === undefined || right === undefined || left.kind !== right.kind) return undefined;
  for (let index = 0; index < Math.max(left.parts.length, right.parts.length); index += 1) {
    const order = compareParts(left.parts[index], right.parts[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function compareParts(a: bigint | string | undefined, b: bigint | string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === 'bigint' ? -1 : 1;
}
