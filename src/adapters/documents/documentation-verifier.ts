import { evidenceOf } from '../../core/evidence.ts';
import { type DocumentationFact, factAsJson } from '../../core/facts.ts';
import type { ApiDocuments } from '../../ports/api-documents.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Verifier } from '../../ports/verifier.ts';

export interface DocumentationVerifierOptions {
  readonly documents: ApiDocuments;
  readonly clock: Clock;
  /** The text of an operation of one of the documents, as its author wrote it. */
  textOf(api: string, operation: string): string | undefined;
}

const EVIDENCE_AGE_MS = 60_000;
const LOOK_AGAIN_MS = 60 * 60 * 1000;
const REFRESH_TIMEOUT_MS = 60_000;
const MOST_CHARS = 600;

/** Quotes what an API's own document says of an operation, with its source, its date, and whether the server tells another story now. */
export function makeDocumentationVerifier(options: DocumentationVerifierOptions): Verifier {
  const { documents, clock } = options;
  const looked = { atMs: Number.NEGATIVE_INFINITY };
  /** SECURITY: in the background, so that a server which is slow or down delays no verdict. */
  const lookAgain = (): void => {
    if (clock.monotonicMs() - looked.atMs < LOOK_AGAIN_MS) return;
    looked.atMs = clock.monotonicMs();
    void documents.refresh(AbortSignal.timeout(REFRESH_TIMEOUT_MS));
  };
  return {
    name: 'api documents',
    canAnswer: ({ check, about }) =>
      check === 'documentation' && about.system === 'api' && about.kind === 'operation' && about.path.length === 2,
    answer(question, _attempt, signal) {
      const [api = '', operation = ''] = question.about.path;
      const document = documents.documents.find((one) => one.name === api);
      const text = options.textOf(api, operation);
      const base = { question, source: `documents of ${api}`, atMs: clock.nowMs(), maxAgeMs: EVIDENCE_AGE_MS };
      if (signal.aborted)
        return Promise.resolve(evidenceOf({ ...base, answer: { unknown: 'the question was given up' } }));
      if (document === undefined || text === undefined || text.trim() === '')
        return Promise.resolve(evidenceOf({ ...base, answer: { unknown: 'no document says anything about it' } }));
      lookAgain();
      const changed = documents.states().find((one) => one.name === api && one.state === 'changed');
      const fact: DocumentationFact = {
        text: shortened(text),
        url: document.from,
        date: new Date(document.atMs).toISOString().slice(0, 10),
        quoted: true,
        ...(changed === undefined
          ? {}
          : { changed: (changed.differences ?? []).slice(0, 5).join('; ') || 'the text differs' }),
      };
      return Promise.resolve(evidenceOf({ ...base, answer: { known: factAsJson(fact) } }));
    },
  };
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim().toWellFormed();
  return line.length <= MOST_CHARS ? line : `${line.slice(0, MOST_CHARS)}…`.toWellFormed();
}
