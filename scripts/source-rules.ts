import path from 'node:path';
import ts from 'typescript';

/** The stage file that alone may make each product; see src/pipeline/products.ts. */
const MINTED_IN: Readonly<Record<string, string>> = {
  mintObserved: 'observe.ts',
  mintClassified: 'classify.ts',
  mintVerified: 'verify.ts',
  mintJudged: 'decide.ts',
  mintApproved: 'approve.ts',
  mintAuthorization: 'authorize.ts',
  mintBegun: 'begin.ts',
  mintSafe: 'safeguard.ts',
  mintExecuted: 'execute.ts',
};

const PRODUCTS_FILE = 'src/pipeline/products.ts';
const MAX_LINES = 400;
const TYPE_DEPTH = 4;

export const RULES = [
  'mint-in-own-stage',
  'products-by-name',
  'no-cast-to-product',
  'no-cast-around-types',
  'no-module-let',
  'no-inheritance',
  'no-vague-name',
  'file-length',
  'suppression-reason',
] as const;
export type Rule = (typeof RULES)[number];

export interface Fault {
  readonly rule: Rule;
  /** Relative to the repository. */
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export function faultsIn(source: ts.SourceFile, file: string, checker: ts.TypeChecker): Fault[] {
  const faults: Fault[] = [];
  const add = (rule: Rule, node: ts.Node | undefined, text: string): void => {
    const at = node === undefined ? 0 : source.getLineAndCharacterOfPosition(node.getStart(source)).line;
    faults.push({ rule, file, line: at + 1, text });
  };
  if (/^(utils?|helpers?|common|managers?)$|-(utils?|helpers?)$/.test(path.basename(file, '.ts'))) {
    add('no-vague-name', undefined, 'name the file after what it is about');
  }
  const lines = source.getLineAndCharacterOfPosition(source.end).line;
  if (lines > MAX_LINES) add('file-length', undefined, `${lines} lines, at most ${MAX_LINES}`);
  for (const [index, line] of source.text.split('\n').entries()) {
    if (/(^|\s)\/[/*]\s*((ox|es)lint-disable(?!.*--\s*\S)|@ts-(ignore|nocheck))/.test(line)) {
      faults.push({
        rule: 'suppression-reason',
        file,
        line: index + 1,
        text: 'a suppression carries its reason after `--`',
      });
    }
  }
  if (!file.startsWith('src/')) return faults;
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement) && (statement.declarationList.flags & ts.NodeFlags.Const) === 0) {
      add('no-module-let', statement, 'module-level state outlives its owner: put it into what has a lifetime');
    }
  }
  const visit = (node: ts.Node): void => {
    checkImports(node, file, add);
    if (ts.isHeritageClause(node) && node.token === ts.SyntaxKind.ExtendsKeyword && ts.isClassLike(node.parent)) {
      const base = node.types[0]?.expression.getText(source);
      if (base !== 'Error') add('no-inheritance', node, `a class extends \`${base}\``);
    }
    if (file !== PRODUCTS_FILE) checkCasts(node, file, checker, add);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return faults;
}

type Add = (rule: Rule, node: ts.Node, text: string) => void;

function checkImports(node: ts.Node, file: string, add: Add): void {
  if (ts.isImportSpecifier(node) || ts.isExportSpecifier(node)) {
    const name = (node.propertyName ?? node.name).text;
    const home = MINTED_IN[name];
    if (home === undefined || file === PRODUCTS_FILE) return;
    if (ts.isExportSpecifier(node)) add('mint-in-own-stage', node, `\`${name}\` is passed on`);
    else if (file !== `src/pipeline/${home}`)
      add('mint-in-own-stage', node, `only ${home} may make what \`${name}\` makes`);
    return;
  }
  // Ways to get hold of a mint without naming it.
  const isStarred =
    (ts.isImportDeclaration(node) &&
      node.importClause?.namedBindings !== undefined &&
      ts.isNamespaceImport(node.importClause.namedBindings)) ||
    (ts.isExportDeclaration(node) && (node.exportClause === undefined || ts.isNamespaceExport(node.exportClause)));
  const from = isStarred ? (node as ts.ImportDeclaration | ts.ExportDeclaration).moduleSpecifier : calledImport(node);
  if (from !== undefined && ts.isStringLiteralLike(from) && /(^|\/)products(\.[a-z]+)?$/.test(from.text)) {
    add('products-by-name', node, 'take from products.ts by name, so that it can be checked');
  }
}

function calledImport(node: ts.Node): ts.Expression | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
  return isRequire || node.expression.kind === ts.SyntaxKind.ImportKeyword ? node.arguments[0] : undefined;
}

function checkCasts(node: ts.Node, file: string, checker: ts.TypeChecker, add: Add): void {
  // A type predicate is a cast in other clothes.
  const target =
    ts.isAsExpression(node) || ts.isTypeAssertionExpression(node)
      ? node.type
      : ts.isTypePredicateNode(node)
        ? node.type
        : undefined;
  if (target === undefined) return;
  const type = checker.getTypeFromTypeNode(target);
  if (isProduct(type, checker, TYPE_DEPTH)) {
    add('no-cast-to-product', node, `\`${target.getText()}\` is made by its stage, never by a cast`);
  } else if (!ts.isTypePredicateNode(node) && (type.flags & (ts.TypeFlags.Never | ts.TypeFlags.Any)) !== 0) {
    if (target.getText() !== 'const')
      add('no-cast-around-types', node, `\`as ${target.getText()}\` fits anywhere, a stage product included`);
  } else if (
    file.startsWith('src/pipeline/') &&
    (type.flags & ts.TypeFlags.TypeParameter) !== 0 &&
    target.getText() !== 'const'
  ) {
    add('no-cast-around-types', node, `\`as ${target.getText()}\` can become any type, a stage product included`);
  }
}

/** True where the type, or what it consists of, carries the brand of products.ts. */
function isProduct(type: ts.Type, checker: ts.TypeChecker, depth: number): boolean {
  if (depth === 0) return false;
  if (type.isUnionOrIntersection()) return type.types.some((part) => isProduct(part, checker, depth - 1));
  if ((type.flags & ts.TypeFlags.Object) === 0) return false;
  const properties = checker.getPropertiesOfType(type);
  if (properties.some((property) => property.escapedName.toString().startsWith('__@brand@'))) return true;
  const isReference = ((type as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference) !== 0;
  const inside = isReference ? checker.getTypeArguments(type as ts.TypeReference) : [];
  const own = properties
    .filter((property) => property.declarations?.some((one) => one.getSourceFile().fileName.includes('/src/')) === true)
    .map((property) => checker.getTypeOfSymbol(property));
  return [...inside, ...own].some((part) => isProduct(part, checker, depth - 1));
}
