import type { Connection } from '../../catalog/entry.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { readProgram } from '../programs/read-program.ts';
import { parseArgs, setOf } from './argv.ts';
import { connectionRef } from './connections.ts';
import { loseFile } from './file-effects.ts';
import { type Call, type Handler, harmlessRun, isVisible, opaque, subscope, unjudged } from './machine.ts';
import { lastName } from './paths.ts';
import { contentOf, isDue } from './scripts.ts';
import { readSqlText } from './sql-text.ts';
import { type Field, HOLE, hasHole, literal, shown } from './value.ts';

interface Client {
  readonly dialect: string;
  readonly valued: string;
  /** Flags whose value is SQL. */
  readonly sql: string;
  /** Flags whose value is a file of SQL. */
  readonly files: string;
  /** Operand from which SQL is read. */
  readonly operand?: number;
  readonly connection?: Connection;
}

const CLIENTS: ReadonlyMap<string, Client> = new Map([
  [
    'psql',
    {
      dialect: 'postgres',
      valued:
        '-h -p -U -d -c -f -v -o -L -F -R -P -T --host --port --username --dbname --command --file --set --variable --output --pset',
      sql: '-c|--command',
      files: '-f|--file',
      connection: {
        loader: 'libpq',
        words: { host: '-h|--host', port: '-p|--port', user: '-U|--username', database: '-d|--dbname' },
        operand: 'database',
      },
    },
  ],
  ['pgcli', { dialect: 'postgres', valued: '-h -p -U -d -e', sql: '-e|--execute', files: '' }],
  [
    'cockroach',
    {
      dialect: 'postgres',
      valued: '-e --execute -d --database --url --host -f --file --certs-dir',
      sql: '-e|--execute',
      files: '-f|--file',
    },
  ],
  [
    'mysql',
    {
      dialect: 'mysql',
      valued:
        '-h -P -u -D -e --host --port --user --database --execute -S --socket --defaults-file --defaults-extra-file',
      sql: '-e|--execute',
      files: '',
    },
  ],
  [
    'sqlite3',
    {
      dialect: 'sqlite',
      valued: '-cmd -init -separator -nullvalue -newline -mmap -maxsize -heap -vfs',
      sql: '-cmd',
      files: '-init',
      operand: 1,
    },
  ],
  ['duckdb', { dialect: 'duckdb', valued: '-c -f -s -cmd -init', sql: '-c|-s|-cmd', files: '-f|-init', operand: 1 }],
  [
    'clickhouse-client',
    {
      dialect: 'clickhouse',
      valued: '-q --query -h --host --port -u --user --password -d --database --queries-file -f --format',
      sql: '-q|--query',
      files: '--queries-file',
    },
  ],
  ['sqlcmd', { dialect: 'tsql', valued: '-S -U -P -d -Q -q -i -o -H -h -s -W', sql: '-Q|-q', files: '-i' }],
  ['sqlplus', { dialect: 'oracle', valued: '', sql: '', files: '' }],
  [
    'snowsql',
    {
      dialect: 'snowflake',
      valued: '-q --query -f --filename -a -u -d -s -w -r -c -o',
      sql: '-q|--query',
      files: '-f|--filename',
    },
  ],
  [
    'bq',
    { dialect: 'bigquery', valued: '--project_id --format --location --dataset_id', sql: '', files: '', operand: 1 },
  ],
  [
    'cqlsh',
    { dialect: 'cassandra', valued: '-e -f -k -u -p --execute --file', sql: '-e|--execute', files: '-f|--file' },
  ],
  ['usql', { dialect: 'postgres', valued: '-c -f', sql: '-c|--command', files: '-f|--file' }],
  ['isql', { dialect: 'sql', valued: '-i -o -u -p', sql: '', files: '-i' }],
  [
    'trino',
    { dialect: 'sql', valued: '--execute --file --server --catalog --schema -f', sql: '--execute', files: '--file|-f' },
  ],
  [
    'presto',
    { dialect: 'sql', valued: '--execute --file --server --catalog --schema -f', sql: '--execute', files: '--file|-f' },
  ],
]);

const ALIASES: ReadonlyMap<string, string> = new Map([
  ['mariadb', 'mysql'],
  ['mycli', 'mysql'],
  ['sqlite', 'sqlite3'],
  ['litecli', 'sqlite3'],
  ['clickhouse', 'clickhouse-client'],
  ['beeline', 'isql'],
  ['impala-shell', 'isql'],
  ['libsql', 'sqlite3'],
]);

const client: Handler = (call) => {
  const spec = CLIENTS.get(ALIASES.get(call.name) ?? call.name);
  if (spec === undefined) return HOLE;
  const { machine, scope } = call;
  const long = call.name.startsWith('sqlite') || call.name === 'duckdb';
  const args = parseArgs(call.argv, { valued: setOf(spec.valued), bundles: !long });
  const source = `catalog/${call.name}`;
  harmlessRun(machine, source, call.name);
  const first = args.operands[0]?.s ?? '';
  // Nothing outlives an in-memory database.
  if (
    long &&
    (first === ':memory:' || first === '' || first.startsWith('file::memory:') || args.operands[0] === undefined)
  ) {
    if (!/^\s*(attach|\.open|\.shell|\.system|copy)/im.test(args.operands[1]?.s ?? scope.stdin ?? '')) return HOLE;
  }
  const texts: string[] = [];
  let files: Field[] = [];
  for (const flag of spec.sql.split('|')) for (const value of args.values.get(flag) ?? []) texts.push(value.s);
  for (const flag of spec.files.split('|')) files = files.concat(args.values.get(flag) ?? []);
  if (spec.operand !== undefined) for (const operand of args.operands.slice(spec.operand)) texts.push(operand.s);
  if (call.name === 'bq') {
    if (first !== 'query')
      return bigQuery(
        call,
        args.operands.map((one) => one.s),
      );
  }
  if (
    scope.stdin !== undefined &&
    texts.length === 0 &&
    files.length === 0 &&
    !args.has('-l', '--list', '--version', '--help')
  ) {
    const fed = scope.input === undefined ? undefined : contentOf(scope.input, scope, machine);
    const input = fed ?? scope.stdin;
    if (input === HOLE || (input.replaceAll(HOLE, '').trim() === '' && input !== ''))
      opaque(
        machine,
        source,
        `runs SQL from ${scope.input === undefined ? 'a pipe' : shown(scope.input.s)}, which is not known`,
      );
    else texts.push(input);
  }
  for (const file of files) {
    if (file.s === '-') {
      texts.push(scope.stdin ?? HOLE);
      continue;
    }
    const text = contentOf(file, scope, machine);
    if (text !== undefined) texts.push(text);
    // Where no disk can be asked its name has to do, as for scripts.
    else if (!isDue(file.s, scope, machine) && !hasHole(file.s) && CALM_NAMES.test(lastName(file.s).slice(-200)))
      unjudged(machine, source, `runs the SQL in ${shown(file.s)}`);
    else opaque(machine, source, `runs the SQL in ${shown(file.s)}, which is not known`);
  }
  const connection =
    spec.connection === undefined || texts.some((text) => /^\s*\\(c|connect)\b/m.test(text))
      ? undefined
      : connectionRef(spec.connection, args, args.operands[0], scope, machine);
  for (const text of texts) sql(text, spec.dialect, call, source, connection);
  return HOLE;
};

/** Files that define, fill or ask, by what people call them. */
const CALM_NAMES =
  /^(?!.*(drop|reset|down|delete|purge|truncate|clean|wipe|destroy|prod))[\w.-]*(schema|seed|init|create|structure|setup|tables?|views?|functions?|fixtures?|quer(y|ies)|report|select|stats|explain|analy[sz]e|index(es)?|grants?)[\w.-]*\.sql$/i;

/** Meta commands of the client run shells and files; the rest goes to the SQL reader. */
function sql(text: string, dialect: string, call: Call, source: string, connection: ResourceRef | undefined): void {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    const shell = /^\s*(?:\\!|\.(?:shell|system)|system)\s+(.*)$/.exec(line);
    const meta = /^\s*(\\\w+\+?|\.\w+)(\s.*)?$/.exec(line);
    writesFile(line, call, source);
    if (shell !== null && (dialect !== 'postgres' || line.includes('\\!')))
      call.machine.script(shell[1] ?? '', subscope(call.scope));
    else if (meta !== null) {
      if (/^\\(i|ir|include)$|^\.read$|^\.restore$|^\\(gexec|copy)$/.test(meta[1] ?? '')) {
        if (/copy/.test(meta[1] ?? '') && !/program/i.test(line)) continue;
        opaque(call.machine, source, `runs a file or generated statements by ${meta[1] ?? ''}`);
      }
    } else lines.push(line);
  }
  readSqlText(lines.join('\n'), dialect, call.scope, call.machine, source, connection);
}

/** Where the client is told to put what comes next. */
function writesFile(line: string, call: Call, source: string): void {
  const found =
    /^\s*(?:\.(?:output|once|log|trace|backup|save)|\\(?:o|out|w|write|g|T)|tee)\s+(?:\w+\s+)?([^\s|;]+)\s*;?\s*$/.exec(
      line,
    ) ?? /^\s*\\copy\s.*\bto\s+'([^']+)'/i.exec(line);
  const name = found?.[1]?.replace(/^(['"])(.*)\1$/, '$2') ?? '';
  if (name === '' || /^(std(out|err)|off|on)$/.test(name)) return;
  loseFile(call.machine, literal(name), call.scope.cwd, isVisible(call.machine) ? 'overwrite' : 'append', { source });
}

function bigQuery(call: Call, words: readonly string[]): string {
  if (words[0] === 'rm')
    call.machine.emit({
      verb: 'destroy',
      target: { system: 'bigquery', kind: 'dataset', path: [words.at(-1) ?? ''] },
      reversal: 'irreversible',
      source: 'catalog/bq',
      summary: `deletes ${words.at(-1) ?? ''} in BigQuery`,
    });
  return HOLE;
}

const MONGO_DESTROYS =
  /\.(drop|dropDatabase|deleteMany|deleteOne|remove|dropIndex(es)?|findOneAndDelete|dropUser|dropRole|dropAllUsersFromDatabase|shutdownServer|renameCollection|bulkWrite|convertToCapped)\s*\(/;

const mongo: Handler = (call) => {
  const args = parseArgs(call.argv, {
    valued: setOf('--eval -u -p --username --password --host --port --authenticationDatabase -f --file'),
  });
  harmlessRun(call.machine, 'catalog/mongosh', call.name);
  const texts = [
    ...(args.values.get('--eval') ?? []).map((field) => field.s),
    ...(call.scope.stdin === undefined ? [] : [call.scope.stdin]),
  ];
  for (const operand of args.operands) {
    if (!/\.(js|mongodb)$/.test(operand.s)) continue;
    const text = contentOf(operand, call.scope, call.machine);
    if (text === undefined) opaque(call.machine, 'catalog/mongosh', `runs ${shown(operand.s)}, which is not known`);
    else texts.push(text);
  }
  for (const text of texts) {
    const bare = text.replace(/\/\/[^\n]*/g, '').replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, "''");
    const whole = /\.(updateMany|updateOne)\s*\(\s*\{\s*\}/.test(bare);
    if (MONGO_DESTROYS.test(bare) || whole || /dropDatabase|runCommand\(\s*\{\s*drop/.test(bare)) {
      call.machine.emit({
        verb: 'destroy',
        target: { system: 'mongodb', kind: 'collection', path: [args.operands[0]?.s ?? ''] },
        reversal: 'irreversible',
        source: 'catalog/mongosh',
        summary: 'deletes from MongoDB',
        max: 'unbounded',
        basis: 'documented',
      });
    } else if (hasHole(text)) opaque(call.machine, 'catalog/mongosh', 'runs a script for MongoDB that is not known');
    else readProgram(text, 'javascript', subscope(call.scope), call.machine);
  }
  return HOLE;
};

const REDIS_DESTROYS =
  /^(flushall|flushdb|del|unlink|getdel|hdel|ltrim|srem|zrem|zremrangebyrank|zremrangebyscore|spop|lrem|xtrim|xdel|shutdown|swapdb|rename|restore|migrate|debug|expire|pexpire|expireat|script|function|failover|replicaof|slaveof|cluster|acl|config)$/i;
const REDIS_READS =
  /^(config get|script (exists|load)|function (list|dump|stats)|cluster (info|nodes|slots|shards|keyslot|myid)|acl (list|whoami|users|cat|getuser|log)|debug (object|jmap|sleep)|expire .+ (nx|gt))/i;

const redis: Handler = (call) => {
  const args = parseArgs(call.argv, {
    valued: setOf('-h -p -a -n -u -s -i -r -x --user --pass --pattern --cacert --cert --key -d -D --eval -t'),
    bundles: false,
  });
  harmlessRun(call.machine, 'catalog/redis-cli', call.name);
  const lines =
    args.operands.length > 0 ? [args.operands.map((one) => one.s).join(' ')] : (call.scope.stdin ?? '').split('\n');
  const script = args.value('--eval');
  if (script !== undefined) opaque(call.machine, 'catalog/redis-cli', `runs the script ${shown(script.s)} in Redis`);
  for (const line of lines) {
    const word = line.trim().split(/\s+/)[0] ?? '';
    const inner = /\b(redis\.call|server\.call)\s*\(\s*['"](\w+)/i.exec(line)?.[2];
    if (
      (REDIS_DESTROYS.test(word) && !REDIS_READS.test(line.trim())) ||
      (inner !== undefined && /^(flushall|flushdb|del|unlink)$/i.test(inner))
    ) {
      call.machine.emit({
        verb: 'destroy',
        target: { system: 'redis', kind: 'key', path: [shown(line.trim()).slice(0, 80)] },
        reversal: 'irreversible',
        source: 'catalog/redis-cli',
        summary: `runs ${shown(line.trim()).slice(0, 80)} in Redis`,
        max: 'unbounded',
        basis: 'documented',
      });
    } else if (hasHole(word)) opaque(call.machine, 'catalog/redis-cli', 'runs commands in Redis that are not known');
  }
  return HOLE;
};

export const DATABASES: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ...[...CLIENTS.keys(), ...ALIASES.keys()].map((name) => [name, client] as const),
  ...['mongosh', 'mongo'].map((name) => [name, mongo] as const),
  ...['redis-cli', 'valkey-cli', 'keydb-cli'].map((name) => [name, redis] as const),
]);
