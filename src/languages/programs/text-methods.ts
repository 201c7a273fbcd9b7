import { HOLE } from '../shell/value.ts';
import { folderOf, itemsOf, NOT_KNOWN, reversed, text, type Value, type Values } from './value.ts';

type Text = Extract<Value, { readonly kind: 'text' }>;

const SAME =
  /^(strip|lstrip|rstrip|trim|trimEnd|trimStart|chomp|encode|decode|as_posix|toString|to_s|to_str|to_path|to_sym|valueOf|resolve|absolute|expanduser|expand_path|realpath|cleanpath|freeze|dup|clone|normalize|then|cache|scrub|b|squish|__str__|__fspath__|as_uri|href|pathname|__enter__|async_)$/;

/** What a method of a text gives back, for those that spell another text. */
export function textMethod(name: string, of: Text, args: readonly Values[]): Values | undefined {
  const [first] = args;
  const known = args.map((arg) => (arg.length === 1 && arg[0]?.kind === 'text' ? arg[0].text : undefined));
  if (SAME.test(name)) return [of];
  switch (name) {
    case 'join': {
      // Python's `sep.join(list)`, Ruby's `path.join(name)`.
      const list = first?.[0];
      if (list?.kind !== 'list') return args.length === 0 ? [of] : paths(of, args);
      return list.open ? NOT_KNOWN : together(list.items, of.text);
    }
    case 'joinpath':
    case '/':
      return paths(of, args);
    case 'glob':
    case 'rglob':
      return [{ kind: 'list', items: [[text(`${of.text}/${known[0] ?? '*'}`, true)]], open: true }];
    case 'iterdir':
    case 'children':
    case 'entries':
    case 'each_child':
      return [{ kind: 'list', items: [[text(`${of.text}/*`, true)]], open: true }];
    case 'read':
    case 'read_text':
    case 'read_bytes':
    case 'open':
      return [{ kind: 'content', of: [of] }];
    case 'parent':
    case 'dirname':
      return [text(folderOf(of.text), of.pattern)];
    case 'basename':
      return [text(of.text.slice(of.text.lastIndexOf('/') + 1), of.pattern)];
    case 'lower':
    case 'toLowerCase':
    case 'downcase':
      return [text(of.text.toLowerCase(), of.pattern)];
    case 'upper':
    case 'toUpperCase':
    case 'upcase':
      return [text(of.text.toUpperCase(), of.pattern)];
    case 'reverse':
      return [text(reversed(of.text), of.pattern)];
    case 'concat':
      return together([[of], ...args], '');
    case 'replace':
    case 'replaceAll':
    case 'gsub':
    case 'sub':
    case 'tr': {
      const [from, to] = known;
      if (from === undefined || to === undefined || from === '') return NOT_KNOWN;
      return [text(name === 'sub' ? of.text.replace(from, () => to) : of.text.replaceAll(from, () => to), of.pattern)];
    }
    case 'split':
    case 'shellsplit': {
      if (of.text.includes(HOLE)) return NOT_KNOWN;
      const words = known[0] === undefined ? of.text.trim().split(/\s+/) : of.text.split(known[0]);
      return [{ kind: 'list', items: words.slice(0, 200).map((word) => [text(word)]), open: false }];
    }
    case '%':
    case 'format':
      return formatted(of, name === '%' && first?.[0]?.kind === 'list' ? first[0].items : args);
    default:
      return undefined;
  }
}

/** `%s` and `{}` in turn; whatever else is put in is not known. */
function formatted(of: Text, args: readonly Values[]): Values {
  let next = 0;
  const filled = of.text.replace(
    /%[-+0-9.]*[sdrif]|\{(\d*)(?:[!:][^{}]*)?\}|\{[^{}]*\}/g,
    (_, at: string | undefined) => {
      const index = at === undefined || at === '' ? next : Number(at);
      next += 1;
      const [value, more] = args[index] ?? [];
      return value?.kind === 'text' && more === undefined
        ? value.text
        : value?.kind === 'number'
          ? String(value.value)
          : HOLE;
    },
  );
  return [text(filled, of.pattern)];
}

function paths(of: Text, args: readonly Values[]): Values {
  return args.reduce<Values>(
    (heads, arg) =>
      heads.flatMap((head) =>
        itemsOf(arg).map((tail) => {
          if (head.kind !== 'text') return head;
          if (tail.kind !== 'text') return text(`${head.text}/${HOLE}`);
          return text(/^[/~]/.test(tail.text) ? tail.text : `${head.text}/${tail.text}`, head.pattern || tail.pattern);
        }),
      ),
    [of],
  );
}

function together(parts: readonly Values[], glue: string): Values {
  const texts = parts.map((part) => {
    const [one, more] = part;
    return one?.kind === 'text' && more === undefined ? one.text : one?.kind === 'number' ? String(one.value) : HOLE;
  });
  return [text(texts.join(glue))];
}
