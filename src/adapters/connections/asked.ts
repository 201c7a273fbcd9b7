import { join } from 'node:path';
import type { Address } from './address.ts';
import { parseDotenv } from './dotenv.ts';
import type { ReadText, SettingsText } from './read-text.ts';

export interface Value {
  readonly text: string;
  readonly from: string;
}

/** What the words of one command say, and where the rest is looked up. Has the lifetime of one answer. */
export interface Asked {
  readonly cwd: string;
  readonly home: string;
  readonly account: string;
  /** A word of the command: `host`, `port`, `database`, `url`, `env`, ... */
  word(name: string): string | undefined;
  /** A variable as the process would have it: set or taken away in the command, else the agent's own. */
  variable(name: string): Value | undefined;
  /** The same of what does not change where it leads: who connects, and by which secret. */
  aside(name: string): Value | undefined;
  text: ReadText;
  /** Something that could make it another connection than the one found. */
  doubt(why: string): void;
  readonly doubts: readonly string[];
}

export interface Located {
  readonly addresses: readonly Address[];
}

export type Loader = (asked: Asked) => Promise<Located>;

export const UNSEEN = "the agent's own variables are not seen from here";

/**
 * `words`: `name=value` of the command's flags; `$NAME=value` of variables that it sets, `!NAME=` of those that it takes
 * away, `?NAME=value` of those that are set in the shell and passed on only if they were there before. `environment`: the
 * agent's own variables; `undefined` where they are not seen.
 */
export function makeAsked(parts: {
  readonly cwd: string;
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>> | undefined;
  readonly home: string;
  readonly account: string;
  readonly text: ReadText;
}): Asked {
  const words = new Map<string, string>();
  for (const word of parts.words) {
    const equals = word.indexOf('=');
    if (equals > 0) words.set(word.slice(0, equals), word.slice(equals + 1));
  }
  const doubts: string[] = [];
  const doubt = (why: string): void => {
    if (!doubts.includes(why)) doubts.push(why);
  };
  const lookUp = (name: string): Value | undefined => {
    const own = words.get(`$${name}`);
    if (own !== undefined) return { text: own, from: `${name} in the command` };
    const before = words.has(`!${name}`) ? undefined : parts.environment?.[name];
    const value = before === undefined ? undefined : (words.get(`?${name}`) ?? before);
    return value === undefined ? undefined : { text: value, from: `${name} of the environment` };
  };
  return {
    cwd: parts.cwd,
    home: parts.home,
    account: parts.account,
    word: (name) => words.get(name),
    variable: (name) => {
      if (parts.environment === undefined && !words.has(`$${name}`) && !words.has(`!${name}`)) doubt(UNSEEN);
      return lookUp(name);
    },
    aside: lookUp,
    text: parts.text,
    doubt,
    doubts,
  };
}

/** The first of several files that is there. What cannot be read is a doubt, and nothing after it counts. */
export async function firstFile(
  asked: Asked,
  names: readonly string[],
): Promise<{ readonly name: string; readonly text: string } | undefined> {
  for (const name of names) {
    const text: SettingsText = await asked.text(join(asked.cwd, name));
    if ('known' in text) return { name, text: text.known };
    if ('unknown' in text) {
      asked.doubt(text.unknown);
      return undefined;
    }
  }
  return undefined;
}

/** Variables of `.env` files, the first file that sets a name wins; over all of them the variables of the process. */
export async function environmentFiles(
  asked: Asked,
  names: readonly string[],
): Promise<(name: string) => Value | undefined> {
  const values = new Map<string, Value | undefined>();
  for (const name of names) {
    const text = await asked.text(join(asked.cwd, name));
    if ('unknown' in text) asked.doubt(text.unknown);
    if (!('known' in text)) continue;
    for (const [key, value] of parseDotenv(text.known, () => undefined))
      if (!values.has(key))
        values.set(key, value === undefined ? undefined : { text: value, from: `${key} in ${name}` });
  }
  return (name) => {
    const own = asked.variable(name);
    if (own !== undefined) return own;
    if (values.has(name) && values.get(name) === undefined)
      asked.doubt(`what ${name} is set to can be told only by the program that loads it`);
    return values.get(name);
  };
}
