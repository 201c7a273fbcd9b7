import { GITHUB_MUTATIONS } from '../../catalog/providers/github-mutations.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { type Tri, unknown } from '../../core/tri.ts';
import { brief, isJsonObject, opaqueEffect } from '../api-actions.ts';
import type { DescribedApis } from '../described-apis.ts';
import { providerEffects } from '../provider-effects.ts';
import type { Reading } from '../reading.ts';
import { verbOfName } from '../verb-words.ts';
import type { CalledField } from './document.ts';

/** The forge behind a host of GitHub's GraphQL API; `undefined` for other hosts. */
export function forgeOf(host: string, apis: DescribedApis): string | undefined {
  if (host === 'api.github.com') return 'github.com';
  const tenant = /^api\.([a-z0-9-]+\.ghe\.com)$/.exec(host)?.[1];
  return tenant ?? (apis.githubHosts.has(host) ? host : undefined);
}

/** Effects of one root field of a mutation on GitHub's API. */
export function githubMutation(field: CalledField, forge: string): Reading {
  const operation = GITHUB_MUTATIONS.get(field.name);
  const source = `github:${field.name}`;
  if (operation === undefined) {
    const why = `mutation \`${brief(field.name)}\` is not in the catalogue`;
    const opaque = { ...opaqueEffect(source, why, 'does something on GitHub'), span: field.span };
    if (verbOfName(field.name) !== 'destroy') return { effects: [opaque], questions: [] };
    return {
      effects: [{ ...opaque, verb: 'destroy', basis: 'parsed', summary: `deletes something on GitHub: ${why}` }],
      questions: [],
    };
  }
  const { input } = field.args;
  const isUnresolved = field.unresolved.includes('input');
  const members = isJsonObject(input)
    ? input
    : isUnresolved
      ? 'the input has no value yet'
      : 'the input is not an object';
  const target = targetOf(operation.kind, members, forge);
  return {
    effects: providerEffects({ operation, system: 'github', target, parameters: new Map(), members, span: field.span }),
    questions: [],
  };
}

/** By the node ids that the input names. */
function targetOf(kind: string, members: object | string, forge: string): Tri<ResourceRef> {
  if (typeof members === 'string') return unknown(members);
  const ids = Object.entries(members).flatMap(([name, value]) =>
    /^id$|Id$|^(repositoryNameWithOwner|name)$/.test(name) && name !== 'clientMutationId' && typeof value === 'string'
      ? [value.slice(0, 200)]
      : [],
  );
  return { known: { system: 'github', kind, path: [forge, ...(ids.length === 0 ? ['current'] : ids)] } };
}
