import type { ParameterOperation, Word } from 'unbash';
import { type Field, HOLE, hasMark, literal, SECRET, UNKNOWN_FIELD } from './value.ts';

const UNKNOWN: readonly Field[] = [UNKNOWN_FIELD];

/** What `${name OPERATION}` gives for known values. `isSet`: the text itself gave the parameter its value. */
export function operate(
  operation: ParameterOperation | undefined,
  bound: readonly Field[],
  isSet: boolean,
  expand: (word: Word) => Field,
): readonly Field[] {
  if (operation === undefined) return bound;
  const value = bound[0] ?? literal('');
  const certain = !hasMark(value.s) && !value.glob;
  switch (operation.type) {
    case 'Default': {
      const operand = expand(operation.operand);
      const op = operation.operator.replace(':', '');
      if (op === '?') return bound;
      if (op === '+')
        return isSet && certain ? [value.s === '' ? literal('') : operand] : [{ ...operand, maybe: true }];
      if (isSet && certain) return value.s === '' && operation.operator.startsWith(':') ? [operand] : bound;
      if (isSet && !value.s.includes(HOLE)) return bound;
      // From outside: the default, unless the environment says otherwise.
      return [{ ...operand, maybe: value.s.includes(HOLE) }];
    }
    case 'Remove': {
      const pattern = expand(operation.operand).s;
      // `${line%%=*}`: the name without its value.
      if (value.s.includes(SECRET) && operation.operator === '%%' && pattern === '=*') return UNKNOWN;
      if (!certain || hasMark(pattern)) return hasMark(value.s) ? bound : UNKNOWN;
      return [literal(remove(value.s, pattern, operation.operator))];
    }
    case 'Replace': {
      const pattern = expand(operation.pattern).s;
      const replacement = expand(operation.replacement).s;
      if (!certain || hasMark(pattern) || /[*?[]/.test(pattern) || pattern === '') return UNKNOWN;
      const operator = operation.operator;
      if (operator === '//') return [literal(value.s.replaceAll(pattern, () => replacement))];
      if (operator === '/#')
        return [literal(value.s.startsWith(pattern) ? replacement + value.s.slice(pattern.length) : value.s)];
      if (operator === '/%')
        return [literal(value.s.endsWith(pattern) ? value.s.slice(0, -pattern.length) + replacement : value.s)];
      return [literal(value.s.replace(pattern, () => replacement))];
    }
    case 'Slice': {
      const offset = Number(expand(operation.offset).s);
      const length = operation.length === undefined ? undefined : Number(expand(operation.length).s);
      if (
        !certain ||
        !Number.isInteger(offset) ||
        (length !== undefined && !Number.isInteger(length)) ||
        bound.length > 1
      )
        return UNKNOWN;
      const start = offset < 0 ? Math.max(0, value.s.length + offset) : offset;
      return [
        literal(
          length === undefined
            ? value.s.slice(start)
            : length < 0
              ? value.s.slice(start, length)
              : value.s.slice(start, start + length),
        ),
      ];
    }
    case 'CaseModification': {
      if (!certain || operation.operand !== undefined) return UNKNOWN;
      const s = value.s;
      const op = operation.operator;
      if (op === '^^') return [literal(s.toUpperCase())];
      if (op === ',,') return [literal(s.toLowerCase())];
      if (op === '^') return [literal(s.slice(0, 1).toUpperCase() + s.slice(1))];
      return [literal(s.slice(0, 1).toLowerCase() + s.slice(1))];
    }
    case 'Transform':
      return operation.operand.value === 'Q' || operation.operand.value === 'E' || operation.operand.value === 'P'
        ? bound
        : UNKNOWN;
    case 'Names':
    case 'Unknown':
      return UNKNOWN;
    default:
      return operation satisfies never;
  }
}

/** `#`, `##`, `%`, `%%` for patterns whose only special is `*` at one end, and for plain text. */
function remove(value: string, pattern: string, operator: '#' | '##' | '%' | '%%'): string {
  if (!/[*?[]/.test(pattern)) {
    if (operator.startsWith('#')) return value.startsWith(pattern) ? value.slice(pattern.length) : value;
    return value.endsWith(pattern) ? value.slice(0, value.length - pattern.length) : value;
  }
  const core = pattern.replace(/^\*|\*$/g, '');
  if (/[*?[]/.test(core)) return HOLE;
  switch (operator) {
    case '#':
    case '##': {
      if (!pattern.startsWith('*')) return HOLE;
      const at = operator === '#' ? value.indexOf(core) : value.lastIndexOf(core);
      return at === -1 ? value : value.slice(at + core.length);
    }
    case '%':
    case '%%': {
      if (!pattern.endsWith('*')) return HOLE;
      const at = operator === '%' ? value.lastIndexOf(core) : value.indexOf(core);
      return at === -1 ? value : value.slice(0, at);
    }
    default:
      return operator satisfies never;
  }
}
