import { verbOfWord, wordsOf } from '../verb-words.ts';

/** What calling a function does besides giving a value. `sql`: its text argument is run as SQL. */
export type FunctionClass =
  | { readonly kind: 'plain' }
  | { readonly kind: 'sql' }
  | { readonly kind: 'opaque' }
  | {
      readonly kind: 'effect';
      readonly verb: 'destroy' | 'change' | 'expose' | 'create';
      readonly reversal: 'irreversible' | 'undoable' | 'unknown';
      readonly does: string;
    };

type Row = readonly [names: string, FunctionClass];

const ROWS: readonly Row[] = [
  [
    'pg_terminate_backend pg_cancel_backend',
    { kind: 'effect', verb: 'change', reversal: 'irreversible', does: 'ends other sessions or their queries' },
  ],
  [
    'lo_unlink lo_truncate lo_truncate64',
    { kind: 'effect', verb: 'destroy', reversal: 'irreversible', does: 'deletes a large object' },
  ],
  [
    'pg_drop_replication_slot pg_replication_origin_drop',
    { kind: 'effect', verb: 'destroy', reversal: 'irreversible', does: 'drops a replication slot' },
  ],
  [
    'pg_file_unlink pg_file_write pg_file_rename',
    { kind: 'effect', verb: 'destroy', reversal: 'irreversible', does: "changes the server's files" },
  ],
  [
    'lo_export lo_put lowrite',
    {
      kind: 'effect',
      verb: 'change',
      reversal: 'irreversible',
      does: 'writes to a large object or a file of the server',
    },
  ],
  [
    'pg_read_file pg_read_binary_file pg_ls_dir pg_stat_file lo_import pg_read_server_files',
    { kind: 'effect', verb: 'expose', reversal: 'irreversible', does: "reads the server's files" },
  ],
  [
    'pg_promote pg_wal_replay_pause pg_log_standby_snapshot pg_replication_slot_advance',
    { kind: 'effect', verb: 'change', reversal: 'irreversible', does: 'changes replication' },
  ],
  ['setval', { kind: 'effect', verb: 'change', reversal: 'unknown', does: 'sets a sequence' }],
  [
    'pg_reload_conf pg_rotate_logfile pg_switch_wal pg_stat_reset',
    { kind: 'effect', verb: 'change', reversal: 'undoable', does: 'does upkeep on the server' },
  ],
  [
    'pg_create_restore_point pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup',
    { kind: 'effect', verb: 'create', reversal: 'undoable', does: 'marks a point to restore to' },
  ],
  [
    'http http_post http_put http_delete http_patch http_get',
    { kind: 'effect', verb: 'expose', reversal: 'irreversible', does: 'sends a request from the server' },
  ],
  [
    'query_export_to_s3 lambda_invoke invoke',
    { kind: 'effect', verb: 'expose', reversal: 'irreversible', does: 'sends data out of the server' },
  ],
  ['query_to_xml query_to_xmlschema query_to_xml_and_xmlschema crosstab ts_stat', { kind: 'sql' }],
  ['dblink dblink_exec dblink_send_query dblink_open', { kind: 'sql' }],
  ['schedule schedule_in_database', { kind: 'sql' }],
  ['dblink_connect dblink_connect_u xp_cmdshell sys_exec sys_eval load_extension', { kind: 'opaque' }],
];

const BY_NAME: ReadonlyMap<string, FunctionClass> = new Map(
  ROWS.flatMap(([names, what]) => names.split(' ').map((name) => [name, what] as const)),
);

/** Functions of PostgreSQL whose names begin like an order but only give a value. */
const HARMLESS = new Set(
  (
    'replace overlay set_bit set_byte set_masklen setseed setweight set_config array_remove array_replace array_append array_prepend regexp_replace ' +
    'jsonb_set jsonb_set_lax jsonb_insert json_strip_nulls jsonb_strip_nulls format format_type convert convert_from convert_to reverse ts_delete ts_rewrite delete trim ' +
    'merge_action range_merge nextval currval pg_notify pg_advisory_lock pg_advisory_unlock pg_advisory_xact_lock pg_try_advisory_lock update_time updatexml insert'
  ).split(' '),
);

/** A function by its last name. Those that nobody has described are judged by the first word of their name. */
export function functionClass(name: string): FunctionClass {
  const lower = name.toLowerCase();
  const known = BY_NAME.get(lower);
  if (known !== undefined) return known;
  if (HARMLESS.has(lower)) return { kind: 'plain' };
  const words = wordsOf(lower);
  const orders = words.some((word, index) => {
    const verb = verbOfWord(word);
    return verb === 'destroy'
      ? index === 0 || index === words.length - 1
      : index === 0 && (verb === 'grant' || verb === 'expose');
  });
  return orders && words.length > 1 ? { kind: 'opaque' } : { kind: 'plain' };
}
