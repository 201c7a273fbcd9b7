// Writes docs/policy.md from the annotations of the pack and from its presets.
//   --check   writes nothing; fails where the file is not what would be written
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { PRESETS, type PresetName, packModules, presetData } from '../src/apps/policy/pack.ts';

const FILE = path.resolve(import.meta.dirname, '../docs/policy.md');

const Custom = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/),
  severity: z.enum(['critical', 'high', 'medium', 'low']),
  safeguard: z.literal(true).optional(),
  everyday: z.literal(true).optional(),
  source: z.url().optional(),
});
const RuleAnnotations = z.looseObject({
  title: z.string().min(1),
  description: z.string().optional(),
  custom: Custom,
});
const PackageAnnotations = z.looseObject({ title: z.string().min(1), description: z.string().min(1) });

const Preset = z.strictObject({
  name: z.enum(PRESETS),
  description: z.string().min(1),
  everyday: z.boolean(),
  production_words: z.array(z.string().regex(/^[a-z0-9]+$/)).min(1),
  shared_branches: z.string().min(1),
  limits: z.strictObject({
    effects: z.int().min(1),
    systems: z.int().min(1),
    files: z.int().min(1),
    bytes: z.int().min(1),
    text_chars: z.int().min(1),
    backup_age_hours: z.int().min(1),
  }),
  rules: z.record(
    z.string(),
    z.union([z.strictObject({ says: z.enum(['deny', 'off']) }), z.strictObject({ signers: z.int().min(2).max(10) })]),
  ),
});
export type PresetContent = z.infer<typeof Preset>;

export interface PackRule {
  /** As it stands in verdicts: `irreversible/volume`. */
  readonly rule: string;
  readonly concern: string;
  readonly title: string;
  readonly description?: string | undefined;
  readonly custom: z.infer<typeof Custom>;
  /** `found`: the preset says what becomes of it. */
  readonly kind: 'found' | 'deny' | 'hold';
  readonly file: string;
  readonly row: number;
}

export interface PackConcern {
  readonly concern: string;
  readonly title: string;
  readonly description: string;
  readonly rules: readonly PackRule[];
}

export function presetOf(name: PresetName): PresetContent {
  return z.strictObject({ holdpoint: z.strictObject({ preset: Preset }) }).parse(presetData(name)).holdpoint.preset;
}

/** What the annotations say, with strict shapes: a rule of the pack without its id and title is a fault. */
export function readPack(): readonly PackConcern[] {
  return packModules().flatMap(({ name, text }) => {
    const concern = path.basename(name, '.rego');
    const blocks = annotationsIn(name, text);
    const about = blocks.find((one) => one.above.startsWith('package '));
    if (concern === 'lib') return [];
    const { title, description } = PackageAnnotations.parse(about?.annotations);
    const rules = blocks.flatMap(({ above, annotations, row }): PackRule[] => {
      const kind = /^(found|hold|deny) contains /.exec(above)?.[1];
      if (kind === undefined) return [];
      const read = RuleAnnotations.parse(annotations);
      const rule = `${concern}/${read.custom.id}`;
      return [{ rule, concern, ...read, kind: kind as PackRule['kind'], file: name, row }];
    });
    return [{ concern, title, description, rules }];
  });
}

interface Block {
  readonly annotations: Readonly<Record<string, unknown>>;
  /** The line that it stands above, and where that is. */
  readonly above: string;
  readonly row: number;
}

/** The part of `# METADATA` that the pack uses: one line a member, text folded by `>-`, and `custom` as a flow mapping. */
function annotationsIn(name: string, text: string): readonly Block[] {
  const lines = text.split('\n');
  return lines.flatMap((line, start) => {
    if (line !== '# METADATA') return [];
    const annotations: Record<string, unknown> = {};
    let folded: string | undefined;
    let row = start + 1;
    for (; lines[row]?.startsWith('#') === true; row += 1) {
      const [, indent = '', content = ''] = /^#( *)(.*)$/.exec(lines[row] ?? '') ?? [];
      const [, key, value = ''] = /^([a-z]+): (.+)$/.exec(content) ?? [];
      if (indent.length > 1 && folded !== undefined)
        annotations[folded] = `${String(annotations[folded])} ${content}`.trim();
      else if (key === undefined) throw new Error(`${name}:${row + 1}: not an annotation that this script reads`);
      else if (value === '>-') [folded, annotations[key]] = [key, ''];
      else annotations[key] = key === 'custom' ? flowMapping(value) : value;
    }
    return [{ annotations, above: lines[row] ?? '', row: row + 1 }];
  });
}

function flowMapping(text: string): Readonly<Record<string, unknown>> {
  const pairs = text.replace(/^\{|\}$/g, '').split(', ');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key = '', ...rest] = pair.split(': ');
      const value = rest.join(': ');
      return [key, value === 'true' ? true : value];
    }),
  );
}

export interface Outcome {
  readonly says: 'hold' | 'deny' | 'off';
  readonly signers: number;
}

/** What a preset makes of a rule. */
export function outcomeOf(rule: PackRule, preset: PresetContent): Outcome {
  if (rule.kind === 'deny') return { says: 'deny', signers: 0 };
  if (rule.kind === 'hold') return preset.everyday ? { says: 'hold', signers: 1 } : { says: 'off', signers: 0 };
  const set = preset.rules[rule.rule];
  if (set === undefined) return { says: 'hold', signers: 1 };
  return 'signers' in set ? { says: 'hold', signers: set.signers } : { says: set.says, signers: 0 };
}

function shown({ says, signers }: Outcome): string {
  if (says === 'off') return '';
  return signers > 1 ? `hold, ${signers} sign` : says;
}

const LIMIT_NAMES: Readonly<Record<keyof PresetContent['limits'], string>> = {
  effects: 'destructive effects in one attempt (`velocity/effects`)',
  systems: 'systems outside of this machine (`velocity/systems`)',
  files: 'files (`velocity/files`)',
  bytes: 'bytes (`velocity/bytes`)',
  text_chars: 'characters of text (`velocity/long-text`)',
  backup_age_hours: 'hours since the newest backup (`irreversible/old-copies`)',
};

export function policyDocs(): string {
  const concerns = readPack();
  const presets = PRESETS.map(presetOf);
  const count = concerns.reduce((sum, one) => sum + one.rules.length, 0);
  const heads = presets.map((one) => one.name).join(' | ');
  const lines = [
    '# The default policies',
    '',
    '<!-- Written by scripts/generate-policy-docs.ts from policy/pack/ and policy/presets/: change those. -->',
    '',
    `${count} rules in ${concerns.length} files of \`policy/pack/\`. They come after the built-in floor, which holds everything that`,
    'could destroy or cannot be understood, and which no policy loosens. So these rules never make a hold go away: they say',
    'why in words that a person can check, ask for more signatures or for a copy first, and deny what nobody should do.',
    'How to write your own: [policy-language.md](policy-language.md).',
    '',
    'A rule speaks of effects that could hurt, not of commands. An attempt all of whose effects are harmless is not even',
    'evaluated under `solo` and `team`: Open Policy Agent shows when the pack is loaded that nothing in it could fire. Under',
    '`regulated` a few rules look at everyday work too; they are marked.',
    '',
    '## Presets',
    '',
    ...presets.map((one) => `- **${one.name}**: ${one.description}`),
    '',
    `| | ${heads} |`,
    `|---|${presets.map(() => '---').join('|')}|`,
    ...(['deny', 'two', 'off'] as const).map((what) => {
      const names = { deny: 'rules that deny', two: 'rules that ask for two signatures', off: 'rules that are off' };
      const has = (outcome: Outcome): boolean => (what === 'two' ? outcome.signers > 1 : outcome.says === what);
      const counts = presets.map(
        (preset) => concerns.flatMap((one) => one.rules).filter((rule) => has(outcomeOf(rule, preset))).length,
      );
      return `| ${names[what]} | ${counts.join(' | ')} |`;
    }),
    `| looks at everyday work | ${presets.map((one) => (one.everyday ? 'yes' : 'no')).join(' | ')} |`,
    `| words that mean production | ${presets.map((one) => one.production_words.join(', ')).join(' | ')} |`,
    ...(Object.keys(LIMIT_NAMES) as (keyof PresetContent['limits'])[]).map(
      (limit) => `| more than so many ${LIMIT_NAMES[limit]} | ${presets.map((one) => one.limits[limit]).join(' | ')} |`,
    ),
    '',
    'Where a cell below is empty, the rule is off. `hold` alone is one signature.',
  ];
  for (const { title, description, concern, rules } of concerns) {
    lines.push('', `## ${title}`, '', `${description} \`policy/pack/${concern}.rego\``, '');
    lines.push(`| rule | when | severity | ${heads} |`, `|---|---|---|${presets.map(() => '---').join('|')}|`);
    for (const rule of rules) {
      const { custom } = rule;
      const notes = [
        rule.description,
        custom.safeguard === true ? 'A copy is taken first where one can be.' : undefined,
        custom.everyday === true ? '*Looks at everyday work.*' : undefined,
        custom.source === undefined ? undefined : `[Source](${custom.source}).`,
      ].filter((note) => note !== undefined);
      const when = [`${rule.title}.`, ...notes].join(' ');
      const cells = presets.map((preset) => shown(outcomeOf(rule, preset)));
      lines.push(`| \`${rule.rule}\` | ${when} | ${custom.severity} | ${cells.join(' | ')} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function main(): number {
  const text = policyDocs();
  if (!process.argv.includes('--check')) {
    writeFileSync(FILE, text);
    return 0;
  }
  if (readFileSync(FILE, 'utf8') === text) return 0;
  process.stderr.write(
    'docs/policy.md is not what its sources say: run node bin/runtime.cjs scripts/generate-policy-docs.ts\n',
  );
  return 1;
}

if (import.meta.main) process.exitCode = main();
