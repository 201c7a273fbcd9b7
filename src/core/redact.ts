import type { Json } from './canonical-json.ts';

/** What stands where a secret stood. */
export const REDACTED = '<redacted>';

/**
 * A copy of `json` in which likely secrets in strings are masked. A filter, not a proof: it knows shapes (PEM keys,
 * well-known token prefixes, credentials in URLs and headers) and names (`*TOKEN*`, `*SECRET*`, ...), and masks too
 * much rather than too little. Idempotent. Time is linear in the size of the input: each pattern starts only where a run of its
 * characters starts, or has a bounded length.
 */
export function redactSecrets(json: Json): Json {
  if (typeof json === 'string') return redactText(json);
  if (json === null || typeof json !== 'object') return json;
  if (Array.isArray(json)) return json.map((item: Json) => redactSecrets(item));
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      redactText(name),
      value === undefined ? value : SECRET_MEMBER.test(name) ? redactAll(value) : redactSecrets(value),
    ]),
  );
}

/** The same for one text. */
export function redactText(text: string): string {
  if (NO_SECRET.test(text)) return text;
  let out = redactPem(text);
  out = out.replace(URL_PASSWORD, (_, before: string) => `${before}:${REDACTED}@`);
  out = out.replace(URL_TOKEN, (_, before: string) => `${before}${REDACTED}@`);
  out = out.replace(HEADER, (_, before: string) => `${before}${REDACTED}`);
  out = out.replace(SCHEME, (whole, before: string, value: string) =>
    looksRandom(value) ? `${before}${REDACTED}` : whole,
  );
  out = out.replace(USER_FLAG, (_, before: string) => `${before}${REDACTED}`);
  out = redactNamed(out);
  out = out.replace(UUID_AFTER_WORD, (_, before: string) => `${before}${REDACTED}`);
  return out.replace(RUN, redactRun);
}

/**
 * The same for a text that a person reads before signing. SECURITY: the name or shape of a secret must not hide what would
 * run: a mask that covers anything but one word that is no option or path (with the scheme of a credential) or the lines of a key is taken away.
 */
export function redactForReading(text: string): string {
  const [first = '', ...rest] = redactText(text).split(REDACTED);
  let out = first;
  let at = first.length;
  rest.forEach((part, index) => {
    // Whichever way the parts are laid over the text: each character of it is in a part that is shown, or looked at here.
    const next = index === rest.length - 1 ? text.length - part.length : text.indexOf(part, at);
    const hidden = text.slice(at, next);
    out += (ONE_WORD.test(hidden) || KEY_LINES.test(hidden) ? REDACTED : hidden) + part;
    at = next + part.length;
  });
  return out;
}

const ONE_WORD = /^(?:(?:basic|bearer|digest|token)[ \t]+)?(?![-/~.])[^\s;|&<>()`'"$\\]+$/i;
const KEY_LINES =
  /^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:\r?\n|\\n)(?:[A-Za-z0-9+/=]{16,76}(?:\r?\n|\\n))*(?:[A-Za-z0-9+/]*=+(?:\r?\n|\\n))?-----END [A-Z0-9 ]*PRIVATE KEY-----$/;

/** Most strings of a document: each pattern below needs space, `=` or `:`, or a run of 16 characters that is not a plain digest. */
const NO_SECRET = /^(?:[^\s=:@]{0,15}|[0-9a-f]{64})$/;

/** Members whose whole value is a secret, whatever it looks like. Digests and identities named `...Key` stay readable. */
const SECRET_MEMBER =
  /^(?:proxy-)?authorization$|^(?:set-)?cookie$|token|secret|passw(?:or)?d|passphrase|credentials?$|(?:api|access|private|signing|encryption)[-_]?key/i;

const SECRET_NAME =
  /token|secret|passw(?:or)?d|passphrase|credential|(?:api|access|private|signing|encryption)[-_]?key/i;

/** Names of which `NAME=VALUE` is masked besides: `KEY` as a part of its own, not `monkey`. */
const KEY_NAME = /KEY|(?:^|[^a-zA-Z])key|[a-z]Key/;

const URL_PASSWORD = /((?<![a-z0-9+.-])[a-z][a-z0-9+.-]*:\/\/[^\s/:@'"]*):[^\s/'"]+@/gi;
const URL_TOKEN = /((?<![a-z0-9+.-])[a-z][a-z0-9+.-]*:\/\/)[^\s/:@'"]{16,}@/gi;
const HEADER =
  /((?<![\w-])(?:(?:proxy-)?authorization|(?:set-)?cookie|x-[a-z]{1,20}-?(?:key|token)|project-access-token)\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?)[^"'\\\r\n]+/gi;
const SCHEME = /((?<!\w)(?:bearer|basic|token)\s{1,4})([\w.~+/=-]{8,})/gi;
const USER_FLAG = /((?<!\S)(?:-u\s?|--user[\s=]\s?)["']?[^\s:"']{1,128}:)[^\s"']+/g;
/** A name and what stands between it and its value. The value is left for a look of its own, which may be another name. */
const NAMED = /(?<![\w.-])([\w.-]+)(\\?["']?\s{0,4}[=:]\s{0,4}|\s{1,4})(\\?["']?)/g;
/** A reference or a placeholder names a secret without holding it. */
const REFERENCE = /\$[A-Za-z_({]|%\w{1,60}%|<[\w -]{1,40}>/y;
const UUID_AFTER_WORD =
  /((?<!\w)(?:token|secret|key|password|bearer)s?\W{1,4})[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** A run of token characters; `=` and `/` end it, so that a mask never swallows the rest of an assignment or a path. */
const RUN = /[\w+.~-]{16,}/g;

/** Starts of well-known secrets. Each alternative has a bounded length. */
const KNOWN_START = new RegExp(
  `(?<![A-Za-z0-9])(?:${[
    'A(?:KIA|SIA)[A-Z0-9]{16}',
    'gh[opsur]_[A-Za-z0-9]{16}',
    'github_pat_[A-Za-z0-9]{16}',
    'glpat-[\\w-]{16}',
    'xox[a-z]-[\\w-]{10}',
    'xapp-[\\w-]{10}',
    'npm_[A-Za-z0-9]{16}',
    'pypi-[\\w-]{16}',
    '(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10}',
    'whsec_[A-Za-z0-9]{10}',
    'sk-[\\w-]{20}',
    'AIza[\\w-]{20}',
    'hf_[A-Za-z0-9]{20}',
    'do[por]_v1_[a-f0-9]{16}',
    'SG\\.[\\w-]{16}',
    'AGE-SECRET-KEY-1',
    'eyJ[\\w-]{8,200}\\.',
  ].join('|')})`,
);

function redactNamed(text: string): string {
  const parts: string[] = [];
  let done = 0;
  for (const match of text.matchAll(NAMED)) {
    if (match.index < done) continue;
    const [whole, name = '', separator = '', quote = ''] = match;
    const at = match.index + whole.length;
    const assigns = separator.includes('=');
    // `--token VALUE`, but neither prose nor a flag after a flag.
    if (separator.trim() === '' && (!name.startsWith('-') || text[at] === '-')) continue;
    if (!SECRET_NAME.test(name) && !(assigns && KEY_NAME.test(name))) continue;
    REFERENCE.lastIndex = at;
    if (REFERENCE.test(text)) continue;
    const value = valuePattern(quote);
    value.lastIndex = at;
    const found = value.exec(text)?.[0];
    if (found === undefined) continue;
    parts.push(text.slice(done, at), REDACTED);
    done = at + found.length;
  }
  return parts.join('') + text.slice(done);
}

/** Where a value ends, by the quote before it. A quote with a backslash is JSON inside a string. */
function valuePattern(quote: string): RegExp {
  if (quote === '"') return /(?:[^"\\\n]|\\[^\n])+/y;
  if (quote === "'") return /[^'\n]+/y;
  return quote === '' ? /[^\s"'\\&;|,)}\]]+/y : /[^"'\\\n]+/y;
}

function redactRun(run: string): string {
  const start = KNOWN_START.exec(run);
  return start === null ? run : `${run.slice(0, start.index)}${REDACTED}`;
}

function redactAll(value: Json): Json {
  if (typeof value === 'string') return REDACTED;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item: Json) => redactAll(item));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      redactText(name),
      member === undefined ? member : redactAll(member),
    ]),
  );
}

/** Prose after the word `basic` has neither digits nor capitals inside. */
function looksRandom(value: string): boolean {
  return /\d/.test(value) || /[a-z][A-Z]|=$/.test(value) || value.length >= 32;
}

/** Masks PEM blocks that hold a private key, up to their end line, or to the end of the text where there is none. */
function redactPem(text: string): string {
  const begin = '-----BEGIN ';
  const parts: string[] = [];
  let done = 0;
  for (let at = text.indexOf(begin); at !== -1; at = text.indexOf(begin, at)) {
    const label = text.slice(at + begin.length, at + begin.length + 64);
    if (!/^[A-Z0-9 ]*PRIVATE KEY/.test(label)) {
      at += begin.length;
      continue;
    }
    const end = text.indexOf('-----END ', at + begin.length);
    const close = end === -1 ? -1 : text.indexOf('-----', end + 9);
    parts.push(text.slice(done, at), REDACTED);
    done = close === -1 ? text.length : close + 5;
    at = done;
  }
  return done === 0 ? text : parts.join('') + text.slice(done);
}
