import { type NameVerb, stricterVerb, verbOfName, verbOfWord, wordsOf } from './verb-words.ts';
import { weightOf } from './weighty-nouns.ts';

/** What an operation's own name and text say that it does. */
export interface Documented {
  /** Worse than a creation; counts whoever wrote it. */
  readonly raises: Exclude<NameVerb, 'read' | 'create' | 'run'> | undefined;
  /** All that name and text say is that it reads or creates; counts only where a person vouches for the text. */
  readonly mild: 'read' | 'create' | undefined;
  readonly isIrreversible: boolean;
}

export interface OperationText {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  /** A GET or a query: its words are mostly about things that it shows, so only a plain deletion counts. */
  readonly isSafe: boolean;
}

const MOST_TEXT = 4_000;
const MOST_SENTENCES = 40;

/** Words that can stand before the verb of a sentence about the operation itself. */
const BEFORE =
  /^(this|it|will|also|then|can|may|now|immediately|api|endpoint|operation|method|call|calling|request|mutation|query|route|resource|use|to|[a-z]+ly)$/;
const DESTROYS = 'delete|remove|destroy|drop|purge|wipe|erase|truncate';
const GONE = 'deleted|destroyed|erased|wiped|purged|truncated|lost|overwritten|dropped|removed';
/** After one of these the words speak of something else than what this call does. */
const ELSEWHERE =
  /\b(if|when|whether|once|that|which|who|whose|until|unless|where|while|not|never|no longer|cannot|can't|don't|doesn't|won't|able|allowed|permission|permissions|scope)\b/;
const MENTIONS = new RegExp(`${DESTROYS}|lost|overwritten`.replaceAll('erase', 'eras').replaceAll('wipe', 'wip'));
const FINAL =
  /\b(irreversibl[ey]|irrevocabl[ey]|permanently|unrecoverabl[ey]|forever|(cannot|can't|can not|could not|impossible to) (be )?(undone|undo|reversed?|recover(ed)?|restored?|reverted))\b/;

/** Pure and bounded: the same text gives the same answer. */
export function documentedVerb(text: OperationText): Documented {
  const summary = sentencesOf(text.summary);
  const description = sentencesOf(text.description);
  const first = summary[0] ?? description[0];
  const sentences = [...summary, ...description];
  const isReadByName = verbOfName(text.name) === 'read';
  const said: (NameVerb | undefined)[] = text.isSafe
    ? [safeNameVerb(text.name)]
    : [verbOfName(text.name), first === undefined ? undefined : leadingVerb(first)];
  const deletes = sentences.some((sentence) => isDeletion(sentence, text.isSafe, isReadByName));
  if (deletes) said.push('destroy');
  let worst: NameVerb | undefined;
  for (const verb of said) if (verb !== undefined) worst = worst === undefined ? verb : stricterVerb(worst, verb);
  // A token, a member or a webhook is created harmlessly by its name only.
  const named = worst === 'create' ? weightOf(text.name) : undefined;
  if (named === 'grant' || named === 'expose') worst = named;
  else if (worst === 'create' && (named ?? weightOf(first ?? '')) !== undefined) worst = 'run';
  const isMild = worst === 'read' || worst === 'create';
  return {
    raises: worst === undefined || isMild || worst === 'run' ? undefined : (worst as Documented['raises']),
    mild: isMild ? (worst as 'read' | 'create') : undefined,
    isIrreversible: sentences.some((sentence) => FINAL.test(sentence)),
  };
}

function sentencesOf(text: string): string[] {
  return text
    .slice(0, MOST_TEXT)
    .toLowerCase()
    .replace(/[*_`>#]+/g, ' ')
    .replaceAll('’', "'")
    .split(/[.!?;](?:\s|$)|[\r\n]{2,}|\n\s*[-•]\s/)
    .map((sentence) => sentence.replace(/\s+/g, ' ').trim())
    .filter((sentence) => sentence !== '')
    .slice(0, MOST_SENTENCES);
}

/** The verb at the start of a sentence, in the imperative or the third person. */
function leadingVerb(sentence: string): NameVerb | undefined {
  for (const word of sentence.split(/[^a-z'-]+/).slice(0, 8)) {
    const verb = verbOfForm(word);
    if (verb !== undefined) return verb;
    if (!BEFORE.test(word)) return undefined;
  }
  return undefined;
}

function verbOfForm(word: string): NameVerb | undefined {
  return (
    verbOfWord(word) ??
    (word.endsWith('ies') ? verbOfWord(`${word.slice(0, -3)}y`) : undefined) ??
    (word.endsWith('es') ? verbOfWord(word.slice(0, -2)) : undefined) ??
    (word.endsWith('s') ? verbOfWord(word.slice(0, -1)) : undefined)
  );
}

const EXACTLY_DESTROYS = new RegExp(`^(${DESTROYS})$`);
const AGAIN = '(?:then |also |[a-z]+ly )*';
const OF_ITSELF =
  '(?:(?:this|it|the|also|then|will|can|api|endpoint|operation|method|call|request|mutation|[a-z]+ly) )*';
/** `Delete status` and the like name a thing. */
const THINGS = 'status|history|log|event|date|time|flag|policy|preview|marker|protection';
const A_THING = `(?! (?:${THINGS})s?\\b)`;
const NAMES_A_THING = new RegExp(`^(?:${THINGS})s?$`);
const LEADS = new RegExp(`^${OF_ITSELF}(?:${DESTROYS})(?:s|es)?\\b${A_THING}`);
const BARE = new RegExp(`^(?:[a-z]+ly )?(?:${DESTROYS})\\b`);
const AND_DELETES = new RegExp(`\\b(?:and|then|also|or) ${AGAIN}(?:${DESTROYS})(?:s|es)\\b`);
const WILL_DELETE = new RegExp(`\\bwill ${AGAIN}(?:${DESTROYS})\\b`);
const AND_DELETE = new RegExp(`\\band ${AGAIN}(?:${DESTROYS})\\b`);
const IS_GONE = new RegExp(`\\b(?:will be|are|is|gets?) (?:then |also |all |both |[a-z]+ly )*(?:${GONE})\\b`);
const GONE_BY_READING = new RegExp(
  `\\b(?:is|are|gets) ${AGAIN}(?:${GONE}) (?:after|upon|by|on|once) (?:being |it is |they are |this |the )?(?:read|retriev|download|fetch|return|access|call|request)`,
);
const CONDITION = /^(if|when|once|unless|after|before|while)\b/;

/** The name of something that should only read: worse than that only where a deletion leads or follows a joint. */
function safeNameVerb(name: string): NameVerb | undefined {
  const words = wordsOf(name);
  const isOrder = words.some(
    (word, index) =>
      EXACTLY_DESTROYS.test(word) &&
      !NAMES_A_THING.test(words[index + 1] ?? '') &&
      (index === 0 || /^(and|or|then)$/.test(words[index - 1] ?? '')),
  );
  return isOrder ? 'destroy' : verbOfName(name) === 'read' ? 'read' : undefined;
}

function isDeletion(whole: string, isSafe: boolean, isReadByName: boolean): boolean {
  if (!MENTIONS.test(whole)) return false;
  // `If it is attached, it is deleted as well`: what follows the condition is what happens.
  const sentence = CONDITION.test(whole) ? whole.slice(whole.indexOf(',') + 1).trim() : whole;
  if (CONDITION.test(sentence)) return false;
  const says = (pattern: RegExp): boolean => {
    const at = pattern.exec(sentence)?.index;
    return at !== undefined && !ELSEWHERE.test(sentence.slice(0, at));
  };
  if (LEADS.test(sentence) && !(isSafe && isReadByName && BARE.test(sentence))) return true;
  if (says(AND_DELETES) || says(WILL_DELETE)) return true;
  // `Fetch and delete a message`, but not `scope needed to read and delete`.
  const at = AND_DELETE.exec(sentence)?.index;
  const isOrder = at !== undefined && verbOfWord(sentence.split(' ')[0] ?? '') !== undefined;
  if (isOrder && says(AND_DELETE) && !/\b(to|can|may)\b/.test(sentence.slice(0, at))) return true;
  return says(isSafe ? GONE_BY_READING : IS_GONE);
}
