/** Of what is read from transcripts. Past it: not read, counted, and said. */
export const TRANSCRIPT_LIMITS = {
  /** One line, or one row. Tool results carry whole files and pictures. */
  recordBytes: 16 * 1024 * 1024,
  /** A session that is one JSON document. */
  documentBytes: 64 * 1024 * 1024,
  files: 200_000,
  /** Folders inside folders below a place. */
  depth: 8,
  /** A database is copied before it is read. */
  databaseBytes: 4 * 1024 * 1024 * 1024,
} as const;
