import { decideVerdict, type Layer, type LayerOpinion } from '../../../core/verdict.ts';
import type { DecisionReader } from '../../../ports/decision-log.ts';
import { type PolicyLayer, showProblem } from '../../../ports/policy-layers.ts';
import type { PolicyTools } from '../../../ports/policy-tools.ts';
import { EXIT, type Io } from '../io.ts';
import { readArguments, spanMs } from './arguments.ts';
import { SINCE, whyClosed } from './decisions.ts';
import { type PolicyDeps, tellProblems, usageOf, withTools } from './deps.ts';
import { recordedOf } from './recorded.ts';
import { readRegoFiles } from './rego-files.ts';
import { type Changes, makeChanges, type Skipped, tryReport } from './try-report.ts';

/** As diff(1) has it: 1 is a difference, 2 is trouble. */
const CHANGES = 1;
const TROUBLE = 2;
const LAYERS: ReadonlySet<string> = new Set<DraftLayer>(['built-in', 'organisation', 'repository', 'session']);
const EXAMPLES = 3;
/** A person's own denial is kept in the layer of the session, but no policy says it. */
const DENIED_BEFORE = 'session/denied-before';

type DraftLayer = Exclude<Layer, 'floor'>;

/** `holdpoint policy try DRAFT… [--layer LAYER] [--since 7d] [--limit N] [--json]` */
export async function runPolicyTry(argv: readonly string[], io: Io, deps: PolicyDeps): Promise<number> {
  const read = readArguments(argv, { options: { layer: 'value', since: 'value', limit: 'value', json: 'flag' } });
  if (!read.ok) return usageOf(io, 'try', read.why);
  const { args } = read;
  const span = spanMs(args.value('since') ?? '7d');
  const layer = args.value('layer') ?? 'repository';
  const limit = args.value('limit') ?? String(EXAMPLES);
  if (args.words.length === 0) return usageOf(io, 'try', 'the folder or file of a draft is needed');
  if (span === undefined) return usageOf(io, 'try', SINCE);
  if (!isLayer(layer)) return usageOf(io, 'try', '`--layer` takes built-in, organisation, repository or session');
  if (!/^\d{1,6}$/.test(limit)) return usageOf(io, 'try', '`--limit` takes a number');
  const files = await readRegoFiles(args.words, { cwd: io.cwd, names: 'folder', dataAtTop: true });
  if (!files.ok || files.value.modules.length === 0) {
    tellProblems(io, files.ok ? [{ code: 'file_error', message: 'no `.rego` file there' }] : files.problems);
    return TROUBLE;
  }
  const draft: PolicyLayer = { layer, modules: files.value.modules, data: files.value.data };
  return withTools(deps, async (tools) => {
    const checked = await tools.check({
      modules: draft.modules.filter((one) => !one.name.endsWith('_test.rego')),
      ...(draft.data === undefined ? {} : { data: draft.data }),
    });
    if (!checked.ok) {
      tellProblems(io, checked.problems);
      return TROUBLE;
    }
    const changes = makeChanges(Number(limit));
    const skipped = noneSkipped();
    const workspace = layer === 'repository' ? deps.workspaceOf(io.cwd) : undefined;
    try {
      const reader = deps.readDecisions();
      await replay(
        { reader, sinceMs: deps.nowMs() - span, draft, workspace, version: deps.version },
        tools,
        changes,
        skipped,
      );
      skipped.malformed += reader.malformed;
    } catch (error) {
      io.err(`holdpoint policy try: ${whyClosed(error, deps)}\n`);
      return TROUBLE;
    }
    const since = args.value('since') ?? '7d';
    io.out(
      args.has('json')
        ? `${JSON.stringify({ since, layer, ...changes.summary(), skipped }, undefined, 2)}\n`
        : tryReport(changes.summary(), skipped, { since, layer, workspace }),
    );
    return changes.summary().changed === 0 ? EXIT.ok : CHANGES;
  });
}

interface Replay {
  readonly reader: DecisionReader;
  readonly sinceMs: number;
  readonly draft: PolicyLayer;
  /** Only decisions of this one: a repository's policy is asked about no other. */
  readonly workspace: string | undefined;
  readonly version: string;
}

async function replay(what: Replay, tools: PolicyTools, changes: Changes, skipped: Counters): Promise<void> {
  for await (const entry of what.reader.read(what.sinceMs)) {
    const recorded = recordedOf(entry);
    if (recorded === undefined) {
      skipped.malformed += 1;
      continue;
    }
    const { replay: kept } = recorded;
    if (kept === undefined) {
      skipped.erased += 1;
      continue;
    }
    if (what.workspace !== undefined && kept.workspace !== what.workspace) {
      skipped.elsewhere += 1;
      continue;
    }
    const before = decideVerdict(kept.effects, kept.opinions, kept.exceptions);
    if (before.says !== recorded.says) {
      skipped.notReached += 1;
      continue;
    }
    const said = await tools.opinion(what.draft, kept.document);
    if (!said.ok) {
      skipped.notJudged += 1;
      skipped.whyNotJudged ??= said.problems.map(showProblem).join('; ');
      continue;
    }
    if (recorded.masked) skipped.masked += 1;
    if (recorded.version !== what.version) skipped.otherVersion += 1;
    const others = kept.opinions.flatMap((one) => withoutLayer(one, what.draft.layer));
    const after = decideVerdict(kept.effects, [...others, said.value], kept.exceptions);
    changes.add({ before, after, id: recorded.id, time: recorded.time, text: kept.text });
  }
}

/** What a layer said is taken out; what a person refused stays. */
function withoutLayer(opinion: LayerOpinion, layer: DraftLayer): readonly LayerOpinion[] {
  if (opinion.layer !== layer) return [opinion];
  const findings = opinion.findings.filter((one) => one.rule === DENIED_BEFORE);
  return findings.length === 0 ? [] : [{ ...opinion, findings }];
}

type Counters = { -readonly [Name in keyof Skipped]: Skipped[Name] };

function noneSkipped(): Counters {
  return {
    erased: 0,
    malformed: 0,
    elsewhere: 0,
    notReached: 0,
    notJudged: 0,
    masked: 0,
    otherVersion: 0,
    whyNotJudged: undefined,
  };
}

function isLayer(text: string): text is DraftLayer {
  return LAYERS.has(text);
}
