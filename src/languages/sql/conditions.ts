import { isKeyColumn } from './effects.ts';
import { type AstNode, asList, asNode, asText, stringOf } from './parser.ts';

/** How much a WHERE lets through: rows named one by one, some rows, or (as good as) all. */
export type Bound = 'keyed' | 'some' | 'all';

const MOST_KEYS = 100;

/** `aliases`: names under which the changed table's columns may be written; the empty one if no other table is joined. */
export function boundOf(where: unknown, table: string, aliases: ReadonlySet<string>): Bound {
  if (where === undefined || where === null) return 'all';
  if (isTrue(asNode(where))) return 'all';
  return isKeyed(asNode(where), table, aliases) ? 'keyed' : 'some';
}

function isKeyed(node: AstNode, table: string, aliases: ReadonlySet<string>): boolean {
  const bool = asNode(node['BoolExpr']);
  if (bool['boolop'] === 'AND_EXPR') return asList(bool['args']).some((one) => isKeyed(one, table, aliases));
  if (bool['boolop'] === 'OR_EXPR') return asList(bool['args']).every((one) => isKeyed(one, table, aliases));
  const compare = asNode(node['A_Expr']);
  if (!asList(compare['name']).some((one) => stringOf(one) === '=')) return false;
  const left = asNode(compare['lexpr']);
  if (compare['kind'] === 'AEXPR_OP') {
    return (
      (isKey(left, table, aliases) && isFixed(asNode(compare['rexpr']))) ||
      (isFixed(left) && isKey(asNode(compare['rexpr']), table, aliases))
    );
  }
  if (compare['kind'] === 'AEXPR_IN') {
    const items = asList(asNode(asNode(compare['rexpr'])['List'])['items']);
    return isKey(left, table, aliases) && items.length <= MOST_KEYS && items.every(isFixed);
  }
  return false;
}

function isKey(node: AstNode, table: string, aliases: ReadonlySet<string>): boolean {
  const names = asList(asNode(node['ColumnRef'])['fields']).map(stringOf);
  const column = names.at(-1) ?? '';
  return (
    column !== '' &&
    names.length <= 2 &&
    aliases.has(names.length === 2 ? (names[0] ?? '') : '') &&
    isKeyColumn(column, table)
  );
}

/** A constant or a bound parameter. */
function isFixed(node: AstNode): boolean {
  const constant = node['A_Const'];
  if (constant !== undefined) return asNode(constant)['isnull'] !== true;
  if (node['ParamRef'] !== undefined) return true;
  const cast = node['TypeCast'];
  return cast !== undefined && isFixed(asNode(asNode(cast)['arg']));
}

/** True for every row (or for every row that has a value): `true`, `1 = 1`, `id = id`, `id IS NOT NULL`, `x OR true`. */
export function isTrue(node: AstNode): boolean {
  const constant = asNode(node['A_Const']);
  if (asNode(constant['boolval'])['boolval'] === true) return true;
  const cast = asNode(node['TypeCast']);
  if (node['TypeCast'] !== undefined) {
    const inner = asNode(asNode(cast['arg'])['A_Const']);
    const text = asText(asNode(inner['sval'])['sval']).trim().toLowerCase();
    return (
      isTrue(asNode(cast['arg'])) ||
      ['t', 'true', 'y', 'yes', 'on', '1'].includes(text) ||
      asNode(inner['ival'])['ival'] === 1
    );
  }
  if (asNode(node['NullTest'])['nulltesttype'] === 'IS_NOT_NULL') return true;
  const bool = asNode(node['BoolExpr']);
  const args = asList(bool['args']);
  if (bool['boolop'] === 'OR_EXPR') return args.some(isTrue) || isComplement(args);
  if (bool['boolop'] === 'AND_EXPR') return args.every(isTrue);
  if (bool['boolop'] === 'NOT_EXPR') return args.every(isFalse);
  const compare = asNode(node['A_Expr']);
  const operator = asList(compare['name']).map(stringOf).at(-1) ?? '';
  const left = asNode(compare['lexpr']);
  const right = asNode(compare['rexpr']);
  if (compare['kind'] === 'AEXPR_OP') {
    if (['=', '>=', '<='].includes(operator) && sameShape(left, right)) return true;
    const [a, b] = [numberOf(left), numberOf(right)];
    if (a !== undefined && b !== undefined) return compareNumbers(a, operator, b);
    // Keys are positive: `id > 0` is every row.
    if (b !== undefined && b <= 0 && ['>', '>=', '<>', '!='].includes(operator) && left['ColumnRef'] !== undefined)
      return true;
  }
  if ((compare['kind'] === 'AEXPR_LIKE' || compare['kind'] === 'AEXPR_ILIKE') && !operator.startsWith('!')) {
    return /^%+$/.test(asText(asNode(asNode(right['A_Const'])['sval'])['sval']));
  }
  return false;
}

function isFalse(node: AstNode): boolean {
  const constant = node['A_Const'];
  if (constant !== undefined) {
    const boolean = asNode(constant)['boolval'];
    return boolean !== undefined && asNode(boolean)['boolval'] !== true;
  }
  const compare = asNode(node['A_Expr']);
  const [a, b] = [numberOf(asNode(compare['lexpr'])), numberOf(asNode(compare['rexpr']))];
  return (
    a !== undefined &&
    b !== undefined &&
    compare['kind'] === 'AEXPR_OP' &&
    !compareNumbers(a, asList(compare['name']).map(stringOf).at(-1) ?? '', b)
  );
}

/** `x OR NOT x`. Subtler ones count as `some`: only what is keyed is treated as harmless, so nothing rests on it. */
function isComplement(args: readonly AstNode[]): boolean {
  return args.some((one) => {
    const inner = asList(
      asNode(one['BoolExpr'])['boolop'] === 'NOT_EXPR' ? asNode(one['BoolExpr'])['args'] : undefined,
    )[0];
    return inner !== undefined && args.some((other) => sameShape(inner, other));
  });
}

function numberOf(node: AstNode): number | undefined {
  const constant = node['A_Const'];
  if (constant === undefined) return undefined;
  const integer = asNode(constant)['ival'];
  if (integer !== undefined) return Number(asNode(integer)['ival'] ?? 0);
  const float = asNode(constant)['fval'];
  return float === undefined ? undefined : Number(asNode(float)['fval']);
}

function compareNumbers(a: number, operator: string, b: number): boolean {
  switch (operator) {
    case '=':
      return a === b;
    case '<>':
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    case '>=':
      return a >= b;
    default:
      return false;
  }
}

/** Equal but for where they stand in the text. */
function sameShape(a: AstNode, b: AstNode): boolean {
  const text = (node: AstNode) =>
    JSON.stringify(node, (key, value: unknown) => (key === 'location' ? undefined : value));
  return text(a) === text(b);
}
