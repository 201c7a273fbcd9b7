/** Relations whose rows a dump carries: ordinary tables (leaves of partitioned ones too) that no extension owns. */
const TABLES = `pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')`;

/** SECURITY: nothing that a schema of the database defines stands in for a function or operator of the server. */
const OWN_NAMES = "SET LOCAL search_path = ''; SET LOCAL row_security = off;";

export const LOOK = `\\set ON_ERROR_STOP on
BEGIN READ ONLY;
${OWN_NAMES}
SET LOCAL statement_timeout = '4s';
SELECT pg_catalog.json_build_object(
 'version', pg_catalog.current_setting('server_version_num')::int,
 'bytes', pg_catalog.pg_database_size(d.oid),
 'tables', (SELECT pg_catalog.count(*) FROM ${TABLES}),
 'extensions', (SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_array(e.extname, s.nspname) ORDER BY e.extname), '[]'::pg_catalog.json)
  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace s ON s.oid = e.extnamespace))
FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database();
COMMIT;
`;

/** The last line of a count. */
export const COUNTED = 'counted';

/** Exports the snapshot, counts in it, and keeps it until standard input ends. */
export const COUNT_IN_SNAPSHOT = countScript("SELECT 'snapshot ' || pg_catalog.pg_export_snapshot();");

export const COUNT = countScript('');

function countScript(first: string): string {
  return `\\set ON_ERROR_STOP on
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
${OWN_NAMES}
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
${first}
SELECT pg_catalog.format('SELECT pg_catalog.json_build_array(%L, %L, pg_catalog.count(*)) FROM ONLY %I.%I', n.nspname, c.relname, n.nspname, c.relname)
 FROM ${TABLES} ORDER BY n.nspname, c.relname
\\gexec
SELECT pg_catalog.json_build_array('large objects', '', pg_catalog.count(*)) FROM pg_catalog.pg_largeobject_metadata;
\\echo ${COUNTED}
`;
}
