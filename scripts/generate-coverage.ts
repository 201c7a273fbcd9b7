/**
 * Writes docs/coverage.md from the catalogue: `node scripts/generate-coverage.ts`, or `--check` to compare only.
 * A test compares, so that the document cannot go stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Rule, Tool } from '../src/catalog/entry.ts';
import { EVERYDAY } from '../src/catalog/everyday.ts';
import { MODEL_APIS } from '../src/catalog/model-apis.ts';
import { PACKAGE_RULES } from '../src/catalog/package-managers.ts';
import type { Does, Place } from '../src/catalog/programs/entry.ts';
import { JAVASCRIPT_CALLS } from '../src/catalog/programs/javascript.ts';
import { PERL_CALLS } from '../src/catalog/programs/perl.ts';
import { PHP_CALLS } from '../src/catalog/programs/php.ts';
import { PYTHON_CALLS } from '../src/catalog/programs/python.ts';
import { RUBY_CALLS } from '../src/catalog/programs/ruby.ts';
import { RAILWAY_MUTATIONS } from '../src/catalog/railway/mutations.ts';
import { TOOLS } from '../src/catalog/tools.ts';
import { WRAPPERS } from '../src/catalog/wrappers.ts';
import { dangerOf } from '../src/core/danger.ts';
import type { Effect } from '../src/core/effect.ts';

export const COVERAGE_FILE = path.resolve(import.meta.dirname, '../docs/coverage.md');
export const RAILWAY_DOCS = 'https://docs.railway.com/reference/public-api';
const NPM_DOCS = 'https://docs.npmjs.com/cli/commands';

/** What the floor says of an effect, where the target is known and nothing else is. */
function verdictOf(effect: Pick<Effect, 'verb' | 'reversal' | 'tags'>): 'allow' | 'hold' | 'deny' {
  const danger = dangerOf({
    ...effect,
    target: { known: { system: '', kind: '', path: [] } },
    count: { min: 0, max: 'unbounded' },
    basis: 'documented',
    source: '',
    summary: '',
  });
  if (danger === 'harmless') return 'allow';
  return effect.tags?.includes('guard-tampering') === true ? 'deny' : 'hold';
}

function verdictOfRule(rule: Rule): string {
  const reversal = rule.reversal ?? (rule.verb === 'destroy' || rule.verb === 'expose' ? 'irreversible' : 'unknown');
  const verdict = verdictOf({ verb: rule.verb, reversal, ...(rule.tags === undefined ? {} : { tags: rule.tags }) });
  if (rule.sparedIf === 'throwaway') return `${verdict}; allow for a throw-away name`;
  if (rule.sparedIf === 'outside-production') return `${verdict}; allow outside production`;
  return verdict;
}

function operationOf(rule: Rule): string {
  const words = rule.on === '' ? 'any' : code(rule.on);
  const needs = (rule.with ?? []).map((flags) => `with ${code(flags)}`);
  const unless = (rule.unless ?? []).map((flags) => `without ${code(flags)}`);
  return [words, ...needs, ...unless].join(' ');
}

function otherwise(tool: Tool): string {
  return tool.otherwise === 'harmless' ? 'allow' : 'hold where a word sounds destructive, else allow';
}

const LANGUAGES = [
  ['Python', PYTHON_CALLS],
  ['JavaScript', JAVASCRIPT_CALLS],
  ['Ruby', RUBY_CALLS],
  ['PHP', PHP_CALLS],
  ['Perl', PERL_CALLS],
] as const;

function programRow(language: string, names: string, does: Does, documented: string): string {
  return `| ${language} | ${names
    .split(' ')
    .map((name) => (name === '`' ? 'backticks' : code(name)))
    .join(' ')} | ${doesInWords(does)} | ${verdictOfCall(does)} | [docs](${documented}) |`;
}

function verdictOfCall(does: Does): string {
  return does.kind === 'opaque' ? 'hold' : 'as in a command; hold where what it acts on is not known';
}

function doesInWords(does: Does): string {
  switch (does.kind) {
    case 'deletes':
      return `deletes ${placeInWords(does.path)}`;
    case 'deletes-empty':
      return does.unless === undefined
        ? 'removes an empty folder'
        : `removes an empty folder; with ${code(does.unless)} deletes`;
    case 'empties':
    case 'overwrites':
    case 'reads':
      return `${does.kind} ${placeInWords(does.path)}`;
    case 'appends':
      return `appends to ${placeInWords(does.path)}`;
    case 'opens':
      return `opens ${placeInWords(does.path)} as its mode says`;
    case 'shell':
      return 'runs a command in a shell';
    case 'starts':
      return 'starts a program';
    case 'evaluates':
      return 'runs text as a program';
    case 'loads':
      return 'runs a file';
    case 'requests':
      return typeof does.method === 'string' ? `sends ${does.method}` : 'sends a request';
    case 'sql':
      return 'runs SQL';
    case 'tool':
      return `runs ${code(does.tool)}`;
    case 'changes-folder':
      return 'changes the folder';
    case 'opaque':
      return does.why;
    default:
      return does satisfies never;
  }
}

function placeInWords(place: Place): string {
  return place === 'self'
    ? 'itself'
    : place === 'each'
      ? 'each argument'
      : place === 'last'
        ? 'the last argument'
        : `argument ${place + 1}`;
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

function toolRows(tool: Tool): readonly string[] {
  const names = tool.names.map(code).join(' ');
  const link = `[docs](${tool.docs})`;
  const rows = tool.rules.map(
    (rule) =>
      `| ${names} | ${operationOf(rule)} | ${rule.verb === 'run' ? 'nothing to speak of' : `${rule.verb} ${rule.what}`} | ${verdictOfRule(rule)} | ${rule.docs === undefined ? link : `[docs](${rule.docs})`} |`,
  );
  const dry =
    tool.dry === undefined ? [] : [`| ${names} | with ${code(tool.dry)} | nothing to speak of | allow | ${link} |`];
  return [...dry, ...rows, `| ${names} | anything else | | ${otherwise(tool)} | ${link} |`];
}

const HEAD = ['| tool | operation | effect | verdict | source |', '|---|---|---|---|---|'];

export function coverageText(): string {
  const systems = [...new Set(TOOLS.map((tool) => tool.system))].sort();
  const names = new Set(TOOLS.flatMap((tool) => tool.names));
  const rules = TOOLS.reduce((sum, tool) => sum + tool.rules.length, 0);
  const lines = [
    '# Coverage',
    '',
    'Made from the catalogue by `node bin/runtime.cjs scripts/generate-coverage.ts`; a test fails where this page and the',
    'catalogue differ. It lists what is judged by a table: tool, operation, effect, verdict and where the operation is',
    'documented. The verdict is that of the built-in floor where nothing is known but the text: facts from the disk, git, a',
    'provider or a signed exception can change it, and policy can make it stricter. Where several rows fit, the first counts;',
    '`a|b` are alternatives, `*` is any word.',
    '',
    'Not in tables, but read by code of their own: POSIX tools that touch files, `git`, `find`, interpreters and scripts, `make`',
    'and package scripts, database clients (their SQL is parsed), `curl` and other HTTP clients (their request is judged),',
    'PowerShell. What neither a table nor code knows passes as *unjudged* unless its words sound destructive.',
    '',
    `${names.size} programs, ${rules} operations, ${RAILWAY_MUTATIONS.size} mutations of Railway's API, ${WRAPPERS.length} forms of program that run another one.`,
    '',
  ];
  for (const system of systems) {
    lines.push(`## ${system}`, '', ...HEAD);
    for (const tool of TOOLS.filter((one) => one.system === system)) lines.push(...toolRows(tool));
    lines.push('');
  }
  lines.push('## npm, pnpm, yarn, bun', '', ...HEAD);
  for (const rule of PACKAGE_RULES) {
    const flags = rule.flag === undefined ? '' : ` with ${code(rule.flag.join('|'))}`;
    lines.push(
      `| \`npm\` \`pnpm\` \`yarn\` \`bun\` | matches ${code(rule.words.source)}${flags} | ${rule.verb} ${rule.what} | ${verdictOf(rule)} | [docs](${NPM_DOCS}) |`,
    );
  }
  lines.push('', "## Railway's API", '', 'What is not listed is opaque and holds.', '', ...HEAD);
  for (const [name, mutation] of [...RAILWAY_MUTATIONS].sort(([a], [b]) => (a < b ? -1 : 1)))
    lines.push(
      `| GraphQL | ${code(name)} | ${mutation.verb} ${mutation.kind} | ${verdictOf(mutation)} | [docs](${RAILWAY_DOCS}) |`,
    );
  lines.push(
    '',
    '## Model APIs',
    '',
    'Asking a model for an answer passes; the other operations of these hosts are judged like any API.',
    '',
    ...HEAD,
  );
  for (const api of MODEL_APIS)
    lines.push(
      `| HTTP | ${code(`${api.method} ${api.host}`)} ${api.paths.map((one) => code(one.source)).join(' ')} | run request | allow | [docs](${api.documentation}) |`,
    );
  lines.push(
    '',
    '## Programs in other languages',
    '',
    'Functions that are known by their full name, and methods of objects that are not known. What is done to a file, a shell, a',
    'request or a database is judged as it is in a command; what only the running program knows holds.',
    '',
    ...HEAD,
    ...LANGUAGES.flatMap(([language, { calls, methods }]) => [
      ...calls.map((entry) => programRow(language, entry.names, entry.does, entry.documented)),
      ...methods.map((entry) => programRow(`${language}, any object`, entry.names, entry.does, entry.documented)),
    ]),
  );
  lines.push(
    '',
    '## Programs that run other programs',
    '',
    'Taken off, and what they run is judged:',
    '',
    WRAPPERS.map((wrapper) => code(wrapper.on)).join(', '),
    '',
    '## Everyday programs',
    '',
    'Read, build, test or show, and destroy nothing by themselves; allow:',
    '',
    [...EVERYDAY].map(code).join(', '),
    '',
  );
  return lines.join('\n');
}

if (import.meta.main) {
  const text = coverageText();
  if (!process.argv.includes('--check')) writeFileSync(COVERAGE_FILE, text);
  else if (readFileSync(COVERAGE_FILE, 'utf8') !== text) {
    console.error(
      'docs/coverage.md differs from the catalogue; `node bin/runtime.cjs scripts/generate-coverage.ts` writes it',
    );
    process.exitCode = 1;
  }
}
