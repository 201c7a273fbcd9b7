import { dangerOf } from '../../core/danger.ts';
import type { Effect } from '../../core/effect.ts';
import { brief } from '../api-actions.ts';
import type { SqlEffects } from './effects.ts';
import { type AstNode, asList, asNode, asText, stringOf } from './parser.ts';

/** What a DROP names: each object with its kind (`table`, `index`, ...) and its name in parts. */
export function objectsOf(drop: AstNode): readonly { readonly kind: string; readonly name: readonly string[] }[] {
  const kind =
    asText(drop['removeType'])
      .replace(/^OBJECT_/, '')
      .toLowerCase() || 'object';
  return asList(drop['objects']).map((object) => {
    const items = asList(asNode(object['List'])['items']);
    const names =
      items.length > 0
        ? items.map(stringOf)
        : [
            stringOf(object) ||
              stringOf(asList(asNode(object['ObjectWithArgs'])['objname']).at(-1)) ||
              stringOf(asList(asNode(object['TypeName'])['names']).at(-1)),
          ];
    return { kind, name: names.filter((name) => name !== '') };
  });
}

const POWERS = new Set(['superuser', 'createrole', 'createdb', 'isreplication', 'bypassrls']);

export function roleIsPowerful(create: AstNode): boolean {
  return asList(create['options']).some((option) => {
    const element = asNode(option['DefElem']);
    const name = asText(element['defname']);
    if (name === 'addroleto' || name === 'rolemembers' || name === 'adminmembers') return true;
    return POWERS.has(name) && asNode(asNode(element['arg'])['Boolean'])['boolval'] === true;
  });
}

const LOOKING = new Set(['select', 'usage', 'connect']);

/** Leave to look, for a role that is named, takes nothing away and is taken back by REVOKE; anything more is a grant. */
export function grantOf(node: AstNode, effects: SqlEffects): Effect[] {
  const target = effects.ref(
    'privileges',
    asText(node['objtype'])
      .replace(/^OBJECT_/, '')
      .toLowerCase(),
  );
  if (node['is_grant'] !== true)
    return [effects.make('change', 'unknown', target, 'takes privileges away, which may stop what relies on them')];
  const privileges = asList(node['privileges']).map((one) =>
    asText(asNode(one['AccessPriv'])['priv_name']).toLowerCase(),
  );
  const roles = asList(node['grantees']).map((one) => asText(asNode(one['RoleSpec'])['roletype']));
  const isLooking = privileges.length > 0 && privileges.every((one) => LOOKING.has(one));
  const isNamed = roles.every((role) => role === 'ROLESPEC_CSTRING');
  return isLooking && isNamed && node['grant_option'] !== true
    ? [effects.make('change', 'undoable', target, `lets a role ${privileges.join(', ')}`)]
    : [effects.make('grant', 'unknown', target, `grants ${brief(privileges.join(', ') || 'all privileges')}`)];
}

/**
 * A function is judged when it is made, since a later call only shows its name. Its body, if it would delete or hides
 * what it runs, makes the definition opaque.
 */
export function createdFunction(
  node: AstNode,
  context: { readonly effects: SqlEffects },
  readSql: (text: string) => readonly Effect[],
): Effect[] {
  const { effects } = context;
  const name = asList(node['funcname']).map(stringOf);
  const options = asList(node['options']).map((option) => asNode(option['DefElem']));
  const option = (wanted: string) => options.find((element) => element['defname'] === wanted);
  const language = stringOf(option('language')?.['arg']).toLowerCase() || 'sql';
  const body = asList(asNode(asNode(option('as')?.['arg'])['List'])['items']).map(stringOf);
  const created = effects.make(
    node['replace'] === true ? 'change' : 'create',
    'undoable',
    effects.ref('function', ...name),
    `defines function \`${brief(name.join('.'))}\``,
  );
  const why = bodyFault(language, body, readSql);
  return why === undefined ? [created] : [created, effects.opaque(`function \`${brief(name.join('.'))}\` ${why}`)];
}

function bodyFault(
  language: string,
  body: readonly string[],
  readSql: (text: string) => readonly Effect[],
): string | undefined {
  if (body.length === 0) return undefined;
  if (language === 'sql') {
    return body.some((text) => readSql(text).some((effect) => dangerOf(effect) !== 'harmless'))
      ? 'deletes or changes data when it is called'
      : undefined;
  }
  if (language !== 'plpgsql') return `is written in ${brief(language)}, which is not read`;
  const bare = body.join('\n').replace(/--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'/g, ' ');
  return /\b(delete\s+from|truncate|drop|execute|alter|copy|perform\s+\w*(?:delete|drop|remove))\b/i.test(bare)
    ? 'deletes, or runs text, when it is called'
    : undefined;
}
