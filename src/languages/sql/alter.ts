import type { Effect } from '../../core/effect.ts';
import { brief } from '../api-actions.ts';
import type { SqlEffects } from './effects.ts';
import { type AstNode, asList, asNode, asText, stringOf } from './parser.ts';

type Judged = readonly [
  'destroy' | 'change' | 'grant' | 'create',
  'irreversible' | 'safeguardable' | 'undoable' | 'unknown',
  string,
];

const SUBTYPES: Readonly<Record<string, Judged>> = {
  AT_AddColumn: ['create', 'undoable', 'adds a column'],
  AT_AddConstraint: ['create', 'undoable', 'adds a constraint'],
  AT_AddIndex: ['create', 'undoable', 'adds an index'],
  AT_AddIdentity: ['change', 'undoable', 'makes a column an identity'],
  AT_AddInherit: ['change', 'undoable', 'adds a parent'],
  AT_AttachPartition: ['change', 'undoable', 'attaches a partition'],
  AT_ColumnDefault: ['change', 'undoable', 'changes a default'],
  AT_SetNotNull: ['change', 'undoable', 'forbids nulls'],
  AT_DropNotNull: ['change', 'undoable', 'allows nulls'],
  AT_SetStatistics: ['change', 'undoable', 'changes statistics'],
  AT_SetOptions: ['change', 'undoable', 'changes options'],
  AT_ResetOptions: ['change', 'undoable', 'changes options'],
  AT_SetRelOptions: ['change', 'undoable', 'changes options'],
  AT_ResetRelOptions: ['change', 'undoable', 'changes options'],
  AT_SetStorage: ['change', 'undoable', 'changes storage'],
  AT_SetCompression: ['change', 'undoable', 'changes compression'],
  AT_SetLogged: ['change', 'undoable', 'makes a table logged'],
  AT_SetTableSpace: ['change', 'undoable', 'moves a table to another tablespace'],
  AT_ValidateConstraint: ['change', 'undoable', 'validates a constraint'],
  AT_EnableTrig: ['change', 'undoable', 'enables a trigger'],
  AT_EnableTrigAll: ['change', 'undoable', 'enables triggers'],
  AT_EnableTrigUser: ['change', 'undoable', 'enables triggers'],
  AT_EnableAlwaysTrig: ['change', 'undoable', 'enables a trigger'],
  AT_EnableRowSecurity: ['change', 'undoable', 'enables row level security'],
  AT_ForceRowSecurity: ['change', 'undoable', 'forces row level security'],
  AT_ReplicaIdentity: ['change', 'undoable', 'changes the replica identity'],
  AT_ClusterOn: ['change', 'undoable', 'changes the clustering index'],
  AT_DropCluster: ['change', 'undoable', 'changes the clustering index'],
  AT_DropColumn: ['destroy', 'safeguardable', 'drops a column and its data'],
  AT_DropConstraint: ['destroy', 'safeguardable', 'drops a constraint'],
  AT_DropIdentity: ['destroy', 'safeguardable', 'drops an identity'],
  AT_DropExpression: ['destroy', 'safeguardable', 'drops a generated expression'],
  AT_DetachPartition: ['change', 'safeguardable', 'detaches a partition'],
  AT_DisableRowSecurity: ['grant', 'unknown', 'disables row level security, which opens the data'],
  AT_NoForceRowSecurity: ['grant', 'unknown', 'lets the owner pass row level security'],
  AT_ChangeOwner: ['grant', 'unknown', 'changes the owner'],
};

/** ALTER TABLE and its kin, command by command. */
export function alterTable(node: AstNode, effects: SqlEffects): Effect[] {
  const relation = asNode(node['relation']);
  const name = asText(relation['relname']);
  const target = effects.ref('table', asText(relation['schemaname']), name);
  return asList(node['cmds']).map((wrapped) => {
    const command = asNode(wrapped['AlterTableCmd']);
    const subtype = asText(command['subtype']);
    const on = `${asText(command['name'])} on \`${brief(name)}\``.trim();
    if (subtype === 'AT_AlterColumnType') {
      return isWidening(command)
        ? effects.make('change', 'undoable', target, `widens the type of column ${on}`)
        : effects.make('change', 'safeguardable', target, `changes the type of column ${on}, which can lose data`);
    }
    const judged = SUBTYPES[subtype];
    if (judged === undefined) return effects.make('change', 'unknown', target, `alters ${on}`);
    return effects.make(judged[0], judged[1], target, `${judged[2]}: ${on}`);
  });
}

/** Every type has a text form, so text without a length keeps what was there, if nothing else is computed. */
function isWidening(command: AstNode): boolean {
  const definition = asNode(asNode(command['def'])['ColumnDef']);
  const type = asNode(definition['typeName']);
  const name = stringOf(asList(type['names']).at(-1));
  const isUnlimited =
    (name === 'text' || name === 'varchar') &&
    asList(type['typmods']).length === 0 &&
    asList(type['arrayBounds']).length === 0;
  const using = asNode(definition['raw_default']);
  const inner = using['TypeCast'] === undefined ? using : asNode(asNode(using['TypeCast'])['arg']);
  const isSelf =
    definition['raw_default'] === undefined ||
    (stringOf(asList(asNode(inner['ColumnRef'])['fields'])[0]) === asText(command['name']) &&
      asList(asNode(inner['ColumnRef'])['fields']).length === 1);
  const castsToOther =
    using['TypeCast'] !== undefined &&
    stringOf(asList(asNode(asNode(using['TypeCast'])['typeName'])['names']).at(-1)) !== name;
  return isUnlimited && isSelf && !castsToOther;
}
