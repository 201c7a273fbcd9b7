import type { Target } from './fuzzing.ts';
import { GIT } from './targets/git.ts';
import { GRAPHQL } from './targets/graphql.ts';
import { HTTP_REQUEST } from './targets/http-request.ts';
import { JSON_TEXT } from './targets/json.ts';
import { MULTIPART } from './targets/multipart.ts';
import { OPENAPI } from './targets/openapi.ts';
import { SQL_OVER_HTTP } from './targets/sql-over-http.ts';
import { WEBSOCKET } from './targets/websocket.ts';

export const TARGETS: readonly Target[] = [
  HTTP_REQUEST,
  GRAPHQL,
  JSON_TEXT,
  MULTIPART,
  GIT,
  OPENAPI,
  WEBSOCKET,
  SQL_OVER_HTTP,
];
