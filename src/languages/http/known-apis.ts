import type { Json } from '../../core/canonical-json.ts';
import { isJsonObject } from '../api-actions.ts';
import { type NameVerb, stricterVerb } from '../verb-words.ts';
import type { Body, HttpRequest } from './request.ts';

/** Resources to which a POST means sending, paying or inviting, whatever its name in the path. */
const SENDING =
  /^(messages?|e?mails?|sms|tweets|statuses|notifications?|charges|payouts|refunds|payments?|payment_intents|transfers|broadcasts|publish|dispatches|webhooks?)$/i;
const GRANTING =
  /^(invites?|invitations?|collaborators|members|memberships|roleassignments|permissions|api[-_]?keys?|tokens|access[-_]?tokens|deploy[-_]?keys|keys)$/i;

/** Elasticsearch and its kin: endpoints that begin with an underscore. */
const SEARCH_ENGINE: Readonly<Record<string, NameVerb>> = {
  _delete_by_query: 'destroy',
  _update_by_query: 'change',
  _search: 'read',
  _msearch: 'read',
  _count: 'read',
  _mget: 'read',
  _explain: 'read',
  _validate: 'read',
  _analyze: 'read',
  _field_caps: 'read',
  _termvectors: 'read',
  _pit: 'read',
  _refresh: 'read',
  _flush: 'change',
  _forcemerge: 'change',
  _close: 'change',
  _open: 'change',
  _reindex: 'change',
  _rollover: 'change',
  _shrink: 'change',
  _split: 'change',
  _clone: 'create',
  _update: 'change',
  _doc: 'create',
  _create: 'create',
};

/** What is known of a POST by the habits of APIs; `undefined` leaves it to the words of its name. */
export function verbOfKnownApi(request: HttpRequest, body: Body): NameVerb | undefined {
  const last = request.segments.at(-1) ?? '';
  if (last === '_bulk') return bulkVerb(body);
  const engine = request.segments.findLast((segment) => Object.hasOwn(SEARCH_ENGINE, segment));
  if (engine !== undefined) return SEARCH_ENGINE[engine];
  const name = last.replace(/\.(json|xml)$/i, '');
  if (SENDING.test(name)) return 'expose';
  return GRANTING.test(name) ? 'grant' : undefined;
}

/** A bulk body is lines of JSON, each second one an order. */
function bulkVerb(body: Body): NameVerb | undefined {
  const text = body.kind === 'text' ? body.text : body.kind === 'json' ? JSON.stringify(body.value) : undefined;
  if (text === undefined) return undefined;
  let verb: NameVerb = 'create';
  for (const [, order] of text.matchAll(/^\s*\{\s*"(\w+)"\s*:\s*\{/gm)) {
    if (order === 'delete') verb = stricterVerb(verb, 'destroy');
    else if (order === 'update' || order === 'index') verb = stricterVerb(verb, 'change');
  }
  return verb;
}

/** Mail that its provider accepts and does not deliver. Source: https://www.twilio.com/docs/sendgrid/for-developers/sending-email/sandbox-mode */
export function isRecallable(request: HttpRequest, body: Body): boolean {
  if (!/(^|\.)sendgrid\.com$/.test(request.host) || body.kind !== 'json') return false;
  return at(body.value, ['mail_settings', 'sandbox_mode', 'enable']) === true;
}

function at(value: Json | undefined, path: readonly string[]): Json | undefined {
  let here = value;
  for (const key of path) here = isJsonObject(here) ? here[key] : undefined;
  return here;
}
