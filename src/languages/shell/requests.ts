import type { Action } from '../../core/attempt.ts';
import { canonicalBytes } from '../../core/canonical-json.ts';
import { worstDanger } from '../../core/danger.ts';
import { type Machine, opaque, type Scope } from './machine.ts';
import { adopt } from './sql-text.ts';
import { hasMark, shown } from './value.ts';

export interface WebRequest {
  readonly method: string;
  /** With marks. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** With marks; `undefined` where there is none. */
  readonly body: string | undefined;
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Hands a request to the HTTP reader; without one, the method alone decides. */
export function request(web: WebRequest, machine: Machine, _scope: Scope, source: string): void {
  const method = web.method.toUpperCase();
  const url = /^[a-z]+:\/\//i.test(web.url) ? web.url : `http://${web.url}`;
  const local = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\]|0\.0\.0\.0|host\.docker\.internal)([:/?#]|$)/i.test(url);
  const reader = machine.readers.http;
  const asAction = (): Action => ({
    kind: 'http',
    bytes: canonicalBytes({
      method,
      url: shown(url).toWellFormed(),
      headers: Object.fromEntries(
        Object.entries(web.headers).map(([name, value]) => [name.toLowerCase(), shown(value)]),
      ),
      ...(web.body === undefined ? {} : { body: shown(web.body).toWellFormed() }),
    }),
  });
  if (SAFE.has(method) && web.body === undefined) {
    // A GET may be known to delete; what cannot be read of one is no reason to ask.
    const known = hasMark(url) ? undefined : reader?.(asAction(), machine.context);
    if (known !== undefined && worstDanger(known.effects) === 'destructive') {
      adopt(known, machine);
      return;
    }
    machine.emit({
      verb: 'read',
      target: { system: 'http', kind: 'endpoint', path: [hostOf(url), method, pathOf(url)] },
      reversal: 'regenerable',
      source,
      summary: `fetches ${shown(url)}`,
    });
    return;
  }
  if (reader !== undefined) {
    adopt(reader(asAction(), machine.context), machine);
    if (web.body !== undefined && hasMark(web.body) && /graphql|query|sql/i.test(url) && !local)
      opaque(machine, source, `sends a body to ${shown(url)} that only the running shell would know`);
    return;
  }
  if (method === 'DELETE') {
    machine.emit({
      verb: 'destroy',
      target: { system: 'http', kind: 'endpoint', path: [hostOf(url), method, pathOf(url)] },
      reversal: 'unknown',
      source,
      summary: `deletes ${shown(url)}`,
    });
    return;
  }
  machine.emit({
    verb: 'run',
    target: { system: 'http', kind: 'endpoint', path: [hostOf(url), method, pathOf(url)] },
    reversal: 'unknown',
    source,
    summary: `sends ${method} to ${shown(url)}`,
    basis: 'opaque',
    tags: ['unjudged'],
  });
}

function hostOf(url: string): string {
  return shown(/^[a-z]+:\/\/([^/?#]*)/i.exec(url)?.[1] ?? '');
}

function pathOf(url: string): string {
  return shown(/^[a-z]+:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? '');
}
