import { makeClassifier } from '../languages/classify-action.ts';
import { type DescribedApis, NO_APIS } from '../languages/described-apis.ts';
import { readFile } from '../languages/file/read-file.ts';
import { makeGitReader } from '../languages/git/read-git.ts';
import { makeGraphqlReader } from '../languages/graphql/read-graphql.ts';
import { makeHttpReader } from '../languages/http/read-http.ts';
import { makeMcpReader } from '../languages/mcp/read-mcp.ts';
import { loadProgramParser } from '../languages/programs/syntax.ts';
import type { Reader } from '../languages/reading.ts';
import { withRehearsal } from '../languages/rehearsal.ts';
import { makeShellReader } from '../languages/shell/read-shell.ts';
import { loadSqlParser, readSql } from '../languages/sql/read-sql.ts';
import { grammarFiles } from './grammar-files.ts';

/**
 * All languages, ready to read: the one place that knows which there are. `rehearse`: see `withRehearsal`; `apis`: what a
 * person described to us.
 */
export async function allReaders(rehearse?: 'held' | 'always', apis: DescribedApis = NO_APIS): Promise<Reader> {
  await Promise.all([loadSqlParser(), loadProgramParser(grammarFiles())]);
  const http = makeHttpReader({ apis });
  const graphql = makeGraphqlReader(apis);
  const shell = makeShellReader({ sql: readSql, http });
  const read = makeClassifier({
    shell,
    git: makeGitReader(shell),
    sql: readSql,
    http,
    graphql,
    mcp: makeMcpReader({ shell, sql: readSql, http, graphql }),
    file: readFile,
  });
  return rehearse === undefined ? read : withRehearsal(read, rehearse);
}
