import { makeClassifier } from '../languages/classify-action.ts';
import { readFile } from '../languages/file/read-file.ts';
import { makeGitReader } from '../languages/git/read-git.ts';
import { readGraphql } from '../languages/graphql/read-graphql.ts';
import { readHttp } from '../languages/http/read-http.ts';
import { makeMcpReader } from '../languages/mcp/read-mcp.ts';
import type { Reader } from '../languages/reading.ts';
import { withRehearsal } from '../languages/rehearsal.ts';
import { makeShellReader } from '../languages/shell/read-shell.ts';
import { loadSqlParser, readSql } from '../languages/sql/read-sql.ts';

/** All languages, ready to read: the one place that knows which there are. `rehearse`: see `withRehearsal`. */
export async function allReaders(rehearse?: 'held' | 'always'): Promise<Reader> {
  await loadSqlParser();
  const shell = makeShellReader({ sql: readSql, http: readHttp });
  const read = makeClassifier({
    shell,
    git: makeGitReader(shell),
    sql: readSql,
    http: readHttp,
    graphql: readGraphql,
    mcp: makeMcpReader({ shell, sql: readSql, http: readHttp }),
    file: readFile,
  });
  return rehearse === undefined ? read : withRehearsal(read, rehearse);
}
