import { makeClassifier } from '../languages/classify-action.ts';
import { readFile } from '../languages/file/read-file.ts';
import { makeGitReader } from '../languages/git/read-git.ts';
import { readGraphql } from '../languages/graphql/read-graphql.ts';
import { readHttp } from '../languages/http/read-http.ts';
import { makeMcpReader } from '../languages/mcp/read-mcp.ts';
import type { Reader } from '../languages/reading.ts';
import { makeShellReader } from '../languages/shell/read-shell.ts';
import { loadSqlParser, readSql } from '../languages/sql/read-sql.ts';

/** All languages, ready to read: the one place that knows which there are. */
export async function allReaders(): Promise<Reader> {
  await loadSqlParser();
  const shell = makeShellReader({ sql: readSql, http: readHttp });
  return makeClassifier({
    shell,
    git: makeGitReader(shell),
    sql: readSql,
    http: readHttp,
    graphql: readGraphql,
    mcp: makeMcpReader({ shell, sql: readSql, http: readHttp }),
    file: readFile,
  });
}
