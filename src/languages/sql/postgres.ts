import type { Effect } from '../../core/effect.ts';
import { brief } from '../api-actions.ts';
import { alterTable } from './alter.ts';
import { boundOf } from './conditions.ts';
import { isScratchName, type SqlEffects } from './effects.ts';
import { functionClass } from './functions.ts';
import { type AstNode, asList, asNode, asText, type ParsedStatement, parsePostgres, stringOf } from './parser.ts';
import { createdFunction, grantOf, objectsOf, roleIsPowerful } from './postgres-objects.ts';

export interface PostgresContext {
  readonly effects: SqlEffects;
  /** Someone vouches that the database is not production. */
  readonly isTest: boolean;
  /** Someone vouches that it is. */
  readonly isProduction: boolean;
  /** Tables that the same text made as temporary ones. */
  readonly temporary: Set<string>;
  /** How many texts inside texts. */
  readonly depth: number;
}

const DEEPEST = 4;

/** Statements that change nothing that lasts beyond the session, or only make something anew from what is there. */
const HARMLESS = new Set(
  (
    'VariableShowStmt TransactionStmt ListenStmt UnlistenStmt NotifyStmt DeallocateStmt DiscardStmt FetchStmt ClosePortalStmt ConstraintsSetStmt ' +
    'CheckPointStmt LockStmt VacuumStmt ReindexStmt ClusterStmt CommentStmt ReturnStmt AlterStatsStmt AlterCollationStmt'
  ).split(' '),
);
const CREATING = new Set(
  (
    'CreateStmt CreateTableAsStmt IndexStmt ViewStmt CreateSchemaStmt CreateSeqStmt CreateEnumStmt CreateDomainStmt CompositeTypeStmt CreateRangeStmt DefineStmt ' +
    'CreateExtensionStmt CreateTrigStmt CreatePolicyStmt CreatedbStmt CreatePublicationStmt CreateFdwStmt CreateForeignServerStmt CreateUserMappingStmt ' +
    'CreateForeignTableStmt ImportForeignSchemaStmt CreateCastStmt CreateConversionStmt CreateOpClassStmt CreateOpFamilyStmt CreateStatsStmt CreateTableSpaceStmt CreateAmStmt ' +
    'CreateTransformStmt CreatePLangStmt CreateEventTrigStmt RuleStmt AlterEnumStmt RefreshMatViewStmt DeclareCursorStmt PrepareStmt SelectStmt ExplainStmt InsertStmt'
  ).split(' '),
);

/** Effects of one top-level statement, those of statements inside it included. */
export function postgresEffects(statement: ParsedStatement, context: PostgresContext): Effect[] {
  const { effects } = context;
  const { kind, node } = statement;
  if (kind === 'ExplainStmt' && !isAnalyzed(node)) return [effects.read('shows a plan without running it')];
  const found: Effect[] = [];
  walk(kind, node, context, found);
  return found.length > 0 ? found : [effects.read('reads from a database')];
}

function isAnalyzed(explain: AstNode): boolean {
  return asList(explain['options']).some((option) => {
    const element = asNode(option['DefElem']);
    if (asText(element['defname']).toLowerCase() !== 'analyze') return false;
    const value = stringOf(element['arg']).toLowerCase();
    return element['arg'] === undefined || !['false', 'off', '0'].includes(value);
  });
}

/** Judges a node and everything below it: a DELETE in a CTE, a rule or a cursor is a DELETE. */
function walk(kind: string, node: AstNode, context: PostgresContext, found: Effect[]): void {
  if (kind === 'FuncCall') found.push(...calledFunction(node, context));
  else if (kind.endsWith('Stmt')) found.push(...judge(kind, node, context));
  for (const [key, value] of Object.entries(node)) walkValue(key, value, context, found);
}

function walkValue(key: string, value: unknown, context: PostgresContext, found: Effect[]): void {
  if (Array.isArray(value)) for (const item of value) walkValue(key, item, context, found);
  else if (typeof value === 'object' && value !== null) {
    // A key that begins with a capital names the kind of the node below it; others are fields.
    if (/^[A-Z]/.test(key)) walk(key, value as AstNode, context, found);
    else for (const [inner, item] of Object.entries(value)) walkValue(inner, item, context, found);
  }
}

function judge(kind: string, node: AstNode, context: PostgresContext): Effect[] {
  const { effects } = context;
  const relation = asNode(node['relation']);
  const table = asText(relation['relname']);
  const target = effects.ref('table', asText(relation['schemaname']), table);
  switch (kind) {
    case 'DeleteStmt':
    case 'UpdateStmt':
      return [rowChange(kind === 'DeleteStmt' ? 'destroy' : 'change', node, context)];
    case 'MergeStmt':
      return mergeEffects(node, context);
    case 'InsertStmt': {
      const upserts = asNode(node['onConflictClause'])['action'] === 'ONCONFLICT_UPDATE';
      if (isCatalog(relation))
        return [effects.make('change', 'irreversible', target, `writes to the system catalogue \`${brief(table)}\``)];
      return upserts
        ? [
            effects.make(
              'change',
              context.isProduction ? 'safeguardable' : 'undoable',
              target,
              `inserts into \`${brief(table)}\`, over rows with the same key`,
              { rows: true },
            ),
          ]
        : [effects.make('create', 'undoable', target, `inserts into \`${brief(table)}\``, { rows: true })];
    }
    case 'TruncateStmt':
      return asList(node['relations']).map((wrapped) =>
        dropped('table', rangeName(asNode(wrapped['RangeVar'])), 'empties table', context),
      );
    case 'DropStmt':
      return objectsOf(node).map(({ kind: what, name }) => dropped(what, name, `drops ${what}`, context));
    case 'DropdbStmt':
      return [dropped('database', [asText(node['dbname'])], 'drops database', context)];
    case 'DropRoleStmt':
    case 'DropOwnedStmt':
    case 'DropTableSpaceStmt':
    case 'DropSubscriptionStmt':
    case 'DropUserMappingStmt':
      return [effects.make('destroy', 'irreversible', effects.ref('object', kind), `drops (${kind})`)];
    case 'AlterTableStmt':
      return alterTable(node, effects);
    case 'CreateStmt':
    case 'CreateTableAsStmt': {
      const made = kind === 'CreateStmt' ? relation : asNode(asNode(node['into'])['rel']);
      const name = asText(made['relname']);
      // Made as temporary by this text; that the creation succeeded is not known, so the name has to agree.
      if (made['relpersistence'] === 't' && node['if_not_exists'] !== true && isScratchName(name))
        context.temporary.add(name);
      return [
        effects.make(
          'create',
          'undoable',
          effects.ref('table', asText(made['schemaname']), name),
          `creates table \`${brief(name)}\``,
        ),
      ];
    }
    case 'CreateRoleStmt':
      return roleIsPowerful(node)
        ? [
            effects.make(
              'grant',
              'unknown',
              effects.ref('role', asText(node['role'])),
              `creates the powerful role \`${brief(asText(node['role']))}\``,
            ),
          ]
        : [
            effects.make(
              'create',
              'undoable',
              effects.ref('role', asText(node['role'])),
              `creates role \`${brief(asText(node['role']))}\``,
            ),
          ];
    case 'GrantStmt':
      return grantOf(node, effects);
    case 'GrantRoleStmt':
    case 'AlterRoleStmt':
    case 'AlterDefaultPrivilegesStmt':
    case 'AlterPolicyStmt':
    case 'AlterOwnerStmt':
    case 'ReassignOwnedStmt':
      return [effects.make('grant', 'unknown', effects.ref('privileges', kind), `changes who may do what (${kind})`)];
    case 'CreateSubscriptionStmt':
    case 'AlterSubscriptionStmt':
      return [
        effects.make(
          'expose',
          'irreversible',
          effects.ref('subscription', asText(node['subname'])),
          'connects to another server and replicates',
        ),
      ];
    case 'CopyStmt':
      return copyEffects(node, context);
    case 'CreateFunctionStmt':
      return createdFunction(node, context, (text) => nested(text, context));
    case 'VariableSetStmt':
      return settingEffects(node, context);
    case 'DoStmt':
      return [effects.opaque('a block of procedural code')];
    case 'CallStmt':
      return [effects.opaque('a stored procedure is called')];
    case 'ExecuteStmt':
      return [effects.opaque('a prepared statement from elsewhere is run')];
    case 'LoadStmt':
      return [effects.opaque('a library is loaded into the server')];
    case 'AlterSeqStmt':
    case 'RenameStmt':
    case 'AlterObjectSchemaStmt':
      return [
        effects.make(
          'change',
          'unknown',
          effects.ref('object', table),
          `${kind === 'RenameStmt' ? 'renames' : 'alters'} \`${brief(table)}\`, which others may use by its name`,
        ),
      ];
    default:
      if (HARMLESS.has(kind) || CREATING.has(kind))
        return kind.startsWith('Create') || kind === 'IndexStmt' || kind === 'ViewStmt'
          ? [effects.make('create', 'undoable', effects.ref('object', table), `creates something (${kind})`)]
          : [];
      // INVARIANT: a kind of statement that is not listed is never harmless.
      if (kind.startsWith('Alter'))
        return [effects.make('change', 'unknown', effects.ref('object', kind), `alters something (${kind})`)];
      return [effects.opaque(`a statement of kind ${kind}`)];
  }
}

function rangeName(range: AstNode): string[] {
  return [asText(range['schemaname']), asText(range['relname'])];
}

function isCatalog(relation: AstNode): boolean {
  const schema = asText(relation['schemaname']);
  return (
    schema === 'pg_catalog' ||
    schema === 'information_schema' ||
    (schema === '' && asText(relation['relname']).startsWith('pg_'))
  );
}

function dropped(kind: string, name: readonly string[], does: string, context: PostgresContext): Effect {
  const { effects } = context;
  const last = name.at(-1) ?? '';
  const isTemporary =
    kind === 'table' &&
    (name[0] === 'pg_temp' ||
      (name[0] === '' ? context.temporary.has(last) : name.length === 1 && context.temporary.has(last)));
  const isScratch = isTemporary || (context.isTest && isScratchName(last));
  const isWhole = kind === 'database' || kind === 'schema';
  return effects.make(
    'destroy',
    isScratch ? 'regenerable' : isWhole ? 'irreversible' : 'safeguardable',
    effects.ref(kind, ...name),
    `${does} \`${brief(name.filter((part) => part !== '').join('.'))}\``,
  );
}

function rowChange(verb: 'destroy' | 'change', node: AstNode, context: PostgresContext): Effect {
  const { effects } = context;
  const relation = asNode(node['relation']);
  const table = asText(relation['relname']);
  const alias = asText(asNode(relation['alias'])['aliasname']);
  const joins = asList(node['usingClause']).length + asList(node['fromClause']).length > 0;
  const bound = boundOf(node['whereClause'], table, new Set([alias === '' ? table : alias, ...(joins ? [] : [''])]));
  const target = effects.ref('table', asText(relation['schemaname']), table);
  const does = verb === 'destroy' ? 'deletes' : 'changes';
  if (isCatalog(relation))
    return effects.make(verb, 'irreversible', target, `${does} rows of the system catalogue \`${brief(table)}\``, {
      rows: true,
    });
  const isTemporary =
    asText(relation['schemaname']) === 'pg_temp' ||
    (relation['schemaname'] === undefined && context.temporary.has(table));
  if (isTemporary)
    return effects.make(verb, 'regenerable', target, `${does} rows of a temporary table`, { rows: true });
  if (bound === 'all')
    return effects.make(verb, 'safeguardable', target, `${does} every row of \`${brief(table)}\``, { rows: true });
  // Rows named by key are the ordinary work of an application; elsewhere than in production they are let through.
  const isSmall = bound === 'keyed' && !context.isProduction;
  const reversal = context.isTest || isSmall ? 'undoable' : 'safeguardable';
  return effects.make(
    verb,
    reversal,
    target,
    `${does} ${bound === 'keyed' ? 'rows named by key' : 'rows that fit a condition'} in \`${brief(table)}\``,
    { rows: true },
  );
}

function mergeEffects(node: AstNode, context: PostgresContext): Effect[] {
  const { effects } = context;
  const relation = asNode(node['relation']);
  const table = asText(relation['relname']);
  const target = effects.ref('table', asText(relation['schemaname']), table);
  return asList(node['mergeWhenClauses']).flatMap((wrapped) => {
    const command = asNode(wrapped['MergeWhenClause'])['commandType'];
    if (command === 'CMD_DELETE')
      return [
        effects.make('destroy', 'safeguardable', target, `deletes rows of \`${brief(table)}\` by a merge`, {
          rows: true,
        }),
      ];
    if (command === 'CMD_UPDATE')
      return [
        effects.make('change', 'safeguardable', target, `changes rows of \`${brief(table)}\` by a merge`, {
          rows: true,
        }),
      ];
    if (command === 'CMD_INSERT')
      return [
        effects.make('create', 'undoable', target, `inserts into \`${brief(table)}\` by a merge`, { rows: true }),
      ];
    return command === 'CMD_NOTHING' ? [] : [effects.opaque('a merge with an unknown action')];
  });
}

function copyEffects(node: AstNode, context: PostgresContext): Effect[] {
  const { effects } = context;
  const table = asText(asNode(node['relation'])['relname']);
  if (node['is_program'] === true) return [effects.opaque('COPY runs a program on the database server')];
  if (node['is_from'] === true)
    return [
      effects.make('create', 'undoable', effects.ref('table', table), `loads rows into \`${brief(table)}\``, {
        rows: true,
      }),
    ];
  if (asText(node['filename']) === '') return [];
  return [
    effects.make(
      'change',
      'unknown',
      effects.ref('server-file', asText(node['filename'])),
      'writes a file on the database server',
    ),
  ];
}

function settingEffects(node: AstNode, context: PostgresContext): Effect[] {
  const name = asText(node['name']).toLowerCase();
  // Where names resolve may change now: what was made as temporary may no longer be what a name means.
  if (name === 'search_path') context.temporary.clear();
  if (name === 'standard_conforming_strings' || name === 'backslash_quote')
    return [context.effects.opaque('the meaning of quotes is changed, so what follows may read otherwise')];
  if (name === 'session_replication_role')
    return [
      context.effects.make(
        'change',
        'unknown',
        context.effects.ref('setting', name),
        'switches off triggers and foreign keys',
      ),
    ];
  return [];
}

function calledFunction(node: AstNode, context: PostgresContext): Effect[] {
  const { effects } = context;
  const name = asList(node['funcname']).map(stringOf);
  const last = name.at(-1) ?? '';
  const what = functionClass(last);
  switch (what.kind) {
    case 'plain':
      return [];
    case 'effect':
      return [
        effects.make(
          what.verb,
          what.reversal,
          effects.ref('function', ...name),
          `${what.does} (function \`${brief(last)}\`)`,
        ),
      ];
    case 'opaque':
      return [effects.opaque(`function \`${brief(name.join('.'))}\` may do anything`)];
    case 'sql': {
      const texts = asList(node['args']).map((argument) => {
        const constant = asNode(argument['A_Const']);
        // A number or boolean is no text to run; an empty string has no field for its value.
        if (constant['sval'] !== undefined) return asText(asNode(constant['sval'])['sval']);
        return argument['A_Const'] === undefined ? undefined : '';
      });
      if (texts.some((text) => typeof text !== 'string'))
        return [effects.opaque(`function \`${brief(last)}\` runs a text that is not known`)];
      // Every text argument is read, since which one is SQL differs; one that is a name or a connection does not parse.
      const readings = texts.flatMap((text) =>
        /\s/.test(asText(text).trim()) && !/^\w+=/.test(asText(text)) ? [nested(asText(text), context)] : [],
      );
      return readings.length === 0
        ? [effects.opaque(`function \`${brief(last)}\` runs a text that is not known`)]
        : readings.flat();
    }
    default:
      return what satisfies never;
  }
}

/** SQL inside a text: what a function runs, the body of a function. */
function nested(text: string, context: PostgresContext): Effect[] {
  if (context.depth >= DEEPEST) return [context.effects.opaque('SQL inside SQL inside SQL')];
  const parsed = parsePostgres(text);
  if (!parsed.ok) return [context.effects.opaque(`a text that is run as SQL (${parsed.why})`)];
  return parsed.statements.flatMap((statement) =>
    postgresEffects(statement, { ...context, depth: context.depth + 1, temporary: new Set() }),
  );
}
