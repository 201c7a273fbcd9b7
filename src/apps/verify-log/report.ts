import { visibleText } from '../../core/visible-text.ts';

export type FindingKind =
  /** Something in the file's structure: tables, indexes, pages. */
  | 'file'
  /** The log's key is not the one that was expected. */
  | 'key'
  /** A receipt, payload or tree node is not what its hash says. */
  | 'edited'
  | 'missing'
  /** A receipt or claim that this program's format does not allow. */
  | 'malformed'
  | 'time'
  /** An outcome without its intent, an approval without its hold, or one used twice. */
  | 'pairing'
  /** A checkpoint's signature or place. */
  | 'checkpoint'
  /** A tree head that someone signed or kept is not a prefix of this log. */
  | 'history';

export interface Finding {
  readonly kind: FindingKind;
  /** Number of the receipt, where it is about one. */
  readonly index?: number;
  readonly message: string;
}

export interface Report {
  /** `unreadable`: nothing can be said; never to be taken for intact. */
  readonly status: 'intact' | 'tampered' | 'unreadable';
  readonly findings: readonly Finding[];
  /** Findings past the limit, which are counted and not listed. */
  readonly unlisted: number;
  /** What is worth knowing and is no fault. */
  readonly notes: readonly string[];
  /** Empty where it could not be read. */
  readonly verifierKey: string;
  readonly size: number;
  /** Root of what is there, lower-case hex. */
  readonly root: string;
}

const LISTED_FINDINGS = 200;

/** Gathers findings, the first of them in full. */
export class Findings {
  readonly list: Finding[] = [];
  readonly notes: string[] = [];
  unlisted = 0;

  add(kind: FindingKind, message: string, index?: number): void {
    if (this.list.length >= LISTED_FINDINGS) this.unlisted += 1;
    else this.list.push({ kind, message, ...(index === undefined ? {} : { index }) });
  }
}

/** The report for people. SECURITY: whoever changed the file wrote some of these words, so they are shown with escapes. */
export function reportText(report: Report): string {
  const lines = report.findings.map(
    (one) => `${one.kind}: ${one.index === undefined ? '' : `receipt ${one.index}: `}${one.message}`,
  );
  if (report.unlisted > 0) lines.push(`and ${report.unlisted} more`);
  lines.push(...report.notes.map((note) => `note: ${note}`));
  if (report.status === 'unreadable') lines.push('cannot tell: the log could not be read');
  else {
    lines.push(`log key: ${report.verifierKey}`, `receipts: ${report.size}`, `root: ${report.root}`);
    lines.push(
      report.status === 'intact' ? 'intact' : `TAMPERED: ${report.findings.length + report.unlisted} findings`,
    );
  }
  return lines.map((line) => `${visibleText(line)}\n`).join('');
}
