import type { Does } from '../../catalog/programs/entry.ts';
import { request } from '../shell/requests.ts';
import { readSqlText } from '../shell/sql-text.ts';
import { HOLE } from '../shell/value.ts';
import { lastPart } from './catalogue.ts';
import { optionOf, valuesAt } from './file-acts.ts';
import { plainOf } from './results.ts';
import type { Act, Stage } from './stage.ts';
import type { Value, Values } from './value.ts';

export function requestAct(does: Extract<Does, { readonly kind: 'requests' | 'sql' }>, act: Act, stage: Stage): void {
  if (does.kind === 'sql') {
    for (const values of valuesAt(does.text, act)) for (const value of values) sql(value, stage);
    return;
  }
  const base = typeof does.method === 'number' ? textAt(act.args[does.method]) : does.method;
  web(base ?? HOLE, valuesAt(does.url, act).flat(), act, stage);
}

const SQL =
  /^\s*(?:--[^\n]*\n\s*|\/\*[\s\S]*?\*\/\s*)*(select|with|insert|update|delete|drop|truncate|alter|create|grant|revoke|vacuum|begin|replace|merge|call|do)\b/i;

function sql(value: Value, stage: Stage): void {
  if (value.kind !== 'text' || !SQL.test(value.text)) return;
  readSqlText(value.text, value.text.includes('::') ? 'postgres' : 'sql', stage.scope, stage.machine, stage.source);
}

function textAt(values: Values | undefined): string | undefined {
  const [only, more] = values ?? [];
  return only?.kind === 'text' && more === undefined ? only.text : undefined;
}

function web(method: string, urls: Values, act: Act, stage: Stage): void {
  const stated = optionOf('method', act, stage);
  const methods =
    stated === undefined ? [method] : stated.map((one) => (one.kind === 'text' ? one.text.replace(/^:/, '') : HOLE));
  const body = bodyOf(method, act, stage);
  const texts = urls.flatMap((one) => urlOf(one));
  for (const one of methods) {
    // `urlopen(url, data)` and `fetch(url, {body})` without a method.
    const upper = one.includes(HOLE)
      ? HOLE
      : (one === 'GET' && /urlopen|Request$/.test(act.name) && body !== undefined ? 'POST' : one).toUpperCase();
    for (const url of texts.length === 0 ? [undefined] : texts) {
      // Nothing is known of it: most often a function that nobody calls here.
      if (url === undefined && (upper === 'GET' || upper === 'HEAD' || upper === HOLE)) continue;
      request(
        { method: upper === HOLE ? 'POST' : upper, url: url ?? HOLE, headers: {}, body },
        stage.machine,
        stage.scope,
        `code/${act.name.startsWith('?.') ? act.written : act.name}`,
      );
    }
  }
}

/** Addresses; a path alone is one at a host that is not known. */
function urlOf(value: Value): readonly string[] {
  if (value.kind === 'text')
    return [/^https?:/i.test(value.text) || value.text.startsWith(HOLE) ? value.text : `${HOLE}${value.text}`];
  if (value.kind !== 'record') return [];
  const part = (name: string): string | undefined => textAt(value.fields.get(name));
  const whole = part('url') ?? part('href') ?? part('uri');
  if (whole !== undefined) return [whole];
  const host = part('hostname') ?? part('host');
  return host === undefined ? [] : [`https://${host}${part('path') ?? '/'}`];
}

function bodyOf(method: string, act: Act, stage: Stage): string | undefined {
  for (const name of ['json', 'data', 'body', 'content', 'payload', 'form_params']) {
    const found = optionOf(name, act, stage);
    if (found?.[0] !== undefined) return bodyText(found[0]);
  }
  const second = act.args[1]?.[0];
  const sends = /^(POST|PUT|PATCH)$/i.test(method) || /urlopen|Request$/.test(act.name);
  if (!sends || second === undefined || second.kind === 'plain' || second.kind === 'local') return undefined;
  // Options of `fetch` and its like are no body.
  if (second.kind === 'record' && /fetch|request$/i.test(act.name)) return undefined;
  return bodyText(second);
}

function bodyText(value: Value): string {
  const plain = plainOf(value, 0);
  return typeof plain === 'string' ? plain : JSON.stringify(plain);
}

const VERBS = /^(delete|post|put|patch|get|head|request)$/;
const CLIENTS =
  /(^|\.)_?\$?(requests|httpx|axios|got|ky|superagent|session|client|http|https|api|rest|net\.http|httparty|faraday|restclient|guzzle)(\(\))?\.\w+$/i;

const DESTRUCTIVE =
  /^(drop|delete|destroy|wipe|purge|reset|truncate|erase|nuke|recreate|clear|flush|init|remove)_?(all|db|database|databases|table|tables|schema|schemas|data|bucket|buckets|volume|volumes|collection|collections|index|indices|cluster|instance|instances|users|records|keyspace|project|projects|everything|stack|many|namespace|db_cluster|db_instance|object|objects|topic|queue|repository|repo)$/;
const ONLY_HERE =
  /^\$?(localStorage|sessionStorage|cache|map|set|Map|Set|console|df|self|list|dict|np|pd|os\.environ)$/i;

/** Calls that no catalogue has: a request by how it is spelled, or what by its name destroys data. */
export function byItsWords(act: Act, stage: Stage): void {
  const last = lastPart(act.name);
  if (VERBS.test(last) && act.name.includes('.')) {
    const [first] = act.args;
    const verb = textAt(first);
    if (last === 'request' && verb !== undefined && /^[A-Za-z]+$/.test(verb)) {
      web(verb, act.args[1] ?? [], act, stage);
      return;
    }
    const isUrl = (first ?? []).some((one) => one.kind === 'text' && /^https?:\/\//i.test(one.text));
    const isPath = (first ?? []).some((one) => one.kind === 'text' && /^[/\ue000]/.test(one.text));
    if (isUrl || (CLIENTS.test(act.written) && (isPath || first?.some((one) => one.kind === 'unknown') === true))) {
      web(last === 'request' ? 'GET' : last, first ?? [], act, stage);
      return;
    }
  }
  if (act.name === 'curl_setopt') {
    const [handle, option, value] = act.args;
    const isMethod = option?.some((one) => one.kind === 'thing' && one.name === 'curlopt_customrequest') === true;
    const url = handle?.flatMap((one) => (one.kind === 'thing' ? (one.first ?? []) : [])) ?? [];
    if (isMethod) web(textAt(value) ?? HOLE, url, { ...act, args: [] }, stage);
    return;
  }
  const spelled = stage.tongue === 'php' ? lastPart(act.written) : last;
  const words = spelled
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/_command$/, '');
  // `collection.drop()`, with an argument it is about something else; `Schema::drop('t')`; `User.objects.all().delete()`.
  const drops =
    (words === 'drop' && act.args.length === 0 && act.name.includes('.')) ||
    /(^|\.)Schema\.drop/.test(act.written) ||
    (words === 'delete' && /\.objects\./.test(act.written));
  if (!drops && !DESTRUCTIVE.test(words)) return;
  if (act.receiver.length > 0 && act.receiver.every((one) => /^(text|list|record)$/.test(one.kind))) return;
  if (ONLY_HERE.test(act.written.split('.')[0] ?? '') && act.written.includes('.')) return;
  stage.machine.emit({
    verb: 'destroy',
    target: { unknown: `what ${act.written} acts on` },
    reversal: 'unknown',
    source: stage.source,
    summary: `calls ${act.written}, which by its name destroys data`,
    max: 'unbounded',
  });
}
