import { dangerOf } from '../../core/danger.ts';
import type { Digest } from '../../core/digest.ts';
import type { Check } from '../../core/evidence.ts';
import { questionKey } from '../../core/evidence.ts';
import { LIMITS } from '../../core/limits.ts';
import type { Finding, Layer, LayerOpinion, Obligation, Says } from '../../core/verdict.ts';
import { POLICY_ERROR, type PolicyInput } from '../../ports/policy-engine.ts';

export interface LayerName {
  readonly layer: Layer;
  readonly digest: Digest;
  /** As messages name it: there may be several of one kind. */
  readonly label: string;
}

/** What OPA found, by rule: `data.holdpoint.policies.<name>.hold` to a list. */
export type Found = Readonly<Record<string, unknown>>;

const ID = /^[a-z0-9][a-z0-9._-]{0,63}(\/[a-z0-9][a-z0-9._-]{0,63}){0,3}$/;
const REASON_MAX_CHARS = 2_000;
const FINDINGS_MAX = 2_000;
const SIGNERS_MAX = 10;
const MEMBERS: ReadonlySet<string> = new Set(['id', 'reason', 'effect', 'signers', 'safeguard', 'verify']);
const CHECKS: ReadonlySet<string> = new Set<Check>([
  'content',
  'environment',
  'dependents',
  'recovery',
  'credential',
  'documentation',
  'rehearsal',
]);
/** Layers that an agent may reach: they only tighten, so what they allow counts for nothing. */
const ONLY_TIGHTEN: ReadonlySet<Layer> = new Set<Layer>(['repository', 'session']);

interface Rule {
  readonly name: string;
  readonly says: Says;
  readonly conftest: boolean;
}

/** A failure as an opinion: it denies every effect, and an attempt without effects too. */
export function policyError(name: LayerName, effects: number, why: string): LayerOpinion {
  // One that denies is enough for all; this bounds the answer where the list of effects is itself the fault.
  const length = Math.min(LIMITS.effects, Math.max(1, effects));
  const reason = `policy error (${name.label}): ${why.replace(/\s+/g, ' ')}`;
  const findings = Array.from({ length }, (_, effect): Finding => {
    return { layer: name.layer, rule: POLICY_ERROR, effect, says: 'deny', reason };
  });
  return { layer: name.layer, digest: name.digest, findings, obligations: [] };
}

/** Reads what one layer found. INVARIANT: what is not exactly a finding denies; nothing is skipped. */
export function opinionOf(
  name: LayerName,
  found: Found,
  input: PolicyInput,
  placeOf: (rule: string) => string,
): LayerOpinion {
  const findings: Finding[] = [];
  const obligations: Obligation[] = [];
  let count = 0;
  for (const [path, list] of Object.entries(found)) {
    const rule = ruleAt(path);
    const fault = (why: string): LayerOpinion => policyError(name, input.effects.length, `${placeOf(path)}: ${why}`);
    if (rule === undefined) return fault(`\`${path}\` is no rule for findings`);
    if (!Array.isArray(list)) return fault(`\`${path}\` is not a set`);
    count += list.length;
    if (count > FINDINGS_MAX) return fault(`more than ${FINDINGS_MAX} findings`);
    for (const item of list as readonly unknown[]) {
      const read = rule.conftest ? readConftest(rule, item, input) : readFinding(rule, item, input);
      if (typeof read === 'string') return fault(`\`${path}\`: ${read}`);
      for (const one of read.findings)
        if (one.says !== 'allow' || !ONLY_TIGHTEN.has(name.layer)) findings.push({ layer: name.layer, ...one });
      obligations.push(...read.obligations);
    }
  }
  return { layer: name.layer, digest: name.digest, findings, obligations };
}

interface Read {
  readonly findings: readonly Omit<Finding, 'layer'>[];
  readonly obligations: readonly Obligation[];
}

function ruleAt(path: string): Rule | undefined {
  const own = /^data\.holdpoint\.policies\.([a-z][a-z0-9_]*)\.(deny|hold|allow)$/.exec(path);
  if (own?.[1] !== undefined) return { name: own[1], says: own[2] as Says, conftest: false };
  const conftest = /^data\.main\.((deny|violation|warn)(_[a-zA-Z0-9]+)*)$/.exec(path);
  if (conftest?.[1] === undefined) return undefined;
  return { name: `main/${conftest[1]}`, says: conftest[2] === 'warn' ? 'hold' : 'deny', conftest: true };
}

/** A finding of our own shape, or what is wrong with it. */
function readFinding(rule: Rule, item: unknown, input: PolicyInput): Read | string {
  if (!isObject(item)) return 'a finding is not an object';
  const unknown = Object.keys(item).find((member) => !MEMBERS.has(member));
  if (unknown !== undefined) return `a finding has the unknown member \`${unknown.slice(0, 60)}\``;
  const { id, reason, effect, signers, safeguard, verify } = item;
  if (typeof id !== 'string' || !ID.test(id))
    return 'a finding has no `id` of lower-case letters, digits, dots, _ and -';
  if (typeof reason !== 'string' || reason.trim() === '' || reason.length > REASON_MAX_CHARS)
    return `the finding \`${id}\` has no \`reason\` of at most ${REASON_MAX_CHARS} characters`;
  if (typeof effect !== 'number' || !Number.isSafeInteger(effect) || effect < 0 || effect >= input.effects.length)
    return `the finding \`${id}\` names no effect by its index`;
  const obligations: Obligation[] = [];
  if (signers !== undefined) {
    if (typeof signers !== 'number' || !Number.isSafeInteger(signers) || signers < 1 || signers > SIGNERS_MAX)
      return `\`signers\` of the finding \`${id}\` is not a number from 1 to ${SIGNERS_MAX}`;
    obligations.push({ kind: 'signers', count: signers });
  }
  if (safeguard !== undefined) {
    if (safeguard !== true) return `\`safeguard\` of the finding \`${id}\` can only be true`;
    obligations.push({ kind: 'safeguard', effect });
  }
  if (obligations.length > 0 && rule.says !== 'hold')
    return `the finding \`${id}\` asks for signers or a safeguard, which only \`hold\` can`;
  const missing = verify === undefined ? [] : unverified(verify, effect, input);
  if (missing === undefined) return `\`verify\` of the finding \`${id}\` is not a list of checks`;
  const full = id.startsWith(`${rule.name}/`) ? id : `${rule.name}/${id}`;
  // INVARIANT: a rule that allows makes nothing stricter that is harmless: the proof of silence leaves it out.
  const target = input.effects[effect];
  if (missing.length > 0 && rule.says === 'allow' && target !== undefined && dangerOf(target) === 'harmless')
    return { findings: [], obligations: [] };
  // What was to be verified and is not turns an allow into a hold; it never weakens a hold or a deny.
  const says = missing.length > 0 && rule.says === 'allow' ? 'hold' : rule.says;
  const why = missing.length > 0 ? `${reason}; not verified: ${missing.join(', ')}` : reason;
  return { findings: [{ rule: full, effect, says, reason: why }], obligations };
}

/** Checks asked for without a fresh, known answer about the effect's target; `undefined` where the list is malformed. */
function unverified(verify: unknown, effect: number, input: PolicyInput): readonly string[] | undefined {
  if (!Array.isArray(verify) || verify.length === 0 || verify.length > CHECKS.size) return undefined;
  const target = input.effects[effect]?.target;
  const missing: string[] = [];
  for (const check of verify as readonly unknown[]) {
    if (typeof check !== 'string' || !CHECKS.has(check)) return undefined;
    const key =
      target !== undefined && 'known' in target
        ? questionKey({ check: check as Check, about: target.known })
        : undefined;
    const answers = input.evidence.filter((one) => questionKey(one.question) === key);
    const isKnown = (one: (typeof answers)[number]): boolean => {
      const ageMs = input.nowMs - one.atMs;
      return 'known' in one.answer && ageMs >= 0 && ageMs <= one.maxAgeMs;
    };
    if (answers.length === 0 || !answers.every(isKnown)) missing.push(check);
  }
  return missing;
}

/** conftest's findings are texts, or objects with `msg`; they speak of the whole attempt. */
function readConftest(rule: Rule, item: unknown, input: PolicyInput): Read | string {
  const message = isObject(item) ? item['msg'] : item;
  if (typeof message !== 'string' || message.trim() === '')
    return 'a finding is neither a text nor an object with `msg`';
  const reason = message.slice(0, REASON_MAX_CHARS);
  const effects = rule.says === 'deny' ? Math.max(1, input.effects.length) : input.effects.length;
  const findings = Array.from({ length: effects }, (_, effect) => ({
    rule: rule.name,
    effect,
    says: rule.says,
    reason,
  }));
  return { findings, obligations: [] };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
