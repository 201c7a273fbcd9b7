import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Report, reportText } from './report.ts';
import { verifyLog } from './verify.ts';

const USAGE = `usage: holdpoint-verify-log DIR [--checkpoint FILE]... [--claim FILE]... [--key VERIFIER_KEY] [--json]

Makes every hash of the ledger in DIR again and says what does not fit.
--checkpoint  a checkpoint kept elsewhere (holdpoint log checkpoint)
--claim       the claim of an approval, kept by who signed it
--key         the log's verifier key, known from elsewhere
exit: 0 intact, 1 tampered, 2 cannot read, 64 usage
`;

const EXIT: Record<Report['status'], number> = { intact: 0, tampered: 1, unreadable: 2 };

/** Runs the auditor with these arguments; gives the exit code. */
export function verifyLogCommand(
  args: readonly string[],
  write: (text: string) => void,
  writeError: (text: string) => void,
): number {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    // The parser's message goes on with advice on its own syntax.
    const why = (error instanceof Error ? error.message : String(error)).split('. ')[0] ?? '';
    writeError(`holdpoint-verify-log: ${why}; \`--help\` tells more\n`);
    return 64;
  }
  const { values, positionals } = parsed;
  const [dir, ...more] = positionals;
  if (values.help === true) {
    write(USAGE);
    return 0;
  }
  if (dir === undefined || more.length > 0) {
    writeError('holdpoint-verify-log: give the folder of one ledger; `--help` tells more\n');
    return 64;
  }
  const report = inspectFiles(dir, values.checkpoint ?? [], values.claim ?? [], values.key);
  write(values.json === true ? `${JSON.stringify(report)}\n` : reportText(report));
  return EXIT[report.status];
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      checkpoint: { type: 'string', multiple: true },
      claim: { type: 'string', multiple: true },
      key: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

function inspectFiles(
  dir: string,
  checkpoints: readonly string[],
  claims: readonly string[],
  key: string | undefined,
): Report {
  try {
    return verifyLog({
      dir,
      checkpoints: checkpoints.map(readText),
      claims: claims.map(readText),
      ...(key === undefined ? {} : { verifierKey: key }),
    });
  } catch (error) {
    const note = error instanceof Error ? error.message : String(error);
    return { status: 'unreadable', findings: [], unlisted: 0, notes: [note], verifierKey: '', size: 0, root: '' };
  }
}

function readText(file: string): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
}
