import type { Json } from '../../core/canonical-json.ts';

/** RFC 9457 problem details, with our own members beside the standard ones. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly hold?: string;
  readonly rule?: string;
  readonly [member: string]: Json | undefined;
}

export interface RefusalBody {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

export function problemType(code: string): string {
  return `urn:holdpoint:problem:${code}`;
}

/**
 * What a refused client reads. A GraphQL client shows errors only where the answer is a GraphQL one, so such a request
 * gets status 200 with the problem inside `errors`; `extensions.status` carries the status that HTTP would have had.
 */
export function refusalBody(status: number, problem: Problem, graphql: boolean): RefusalBody {
  if (!graphql)
    return { status, contentType: 'application/problem+json', text: JSON.stringify({ ...problem, status }) };
  const { title, detail, ...extensions } = problem;
  const errors = [{ message: `${title}: ${detail}`, extensions: { ...extensions, status } }];
  return { status: 200, contentType: 'application/json', text: JSON.stringify({ errors, data: null }) };
}
