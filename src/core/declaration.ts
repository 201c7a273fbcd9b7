import type { EnvironmentFact } from './facts.ts';
import { type ResourceRef, resourceKey } from './resource.ts';

export const DECLARED_ENVIRONMENTS = ['production', 'staging', 'development', 'throwaway'] as const;
export type DeclaredEnvironment = (typeof DECLARED_ENVIRONMENTS)[number];

/** What a person says about one thing of the world, by an identity that no agent can move to another. */
export interface Declaration {
  readonly target: ResourceRef;
  readonly environment: DeclaredEnvironment;
  readonly declaredAtMs: number;
  readonly note?: string;
}

/** A declaration whose signature was verified; `signer` is the enrolled person's name. */
export interface Declared extends Declaration {
  readonly signer: string;
}

/** One environment as it is known before anybody's word about it. */
export interface SeenEnvironment {
  readonly id: string;
  readonly name: string;
  /** As far as is known; where nothing says otherwise, true. */
  readonly production: boolean;
  /** The provider itself vouches for `production`, by ids or flags that no name changes. */
  readonly vouched: boolean;
  /** What names and tags say, which an agent could have written. */
  readonly claims: 'production' | 'other' | 'nothing';
  /** What people declared about this environment, and about what is asked for in it. */
  readonly declared: readonly Declared[];
}

/**
 * One fact out of what the provider vouches for, what people declared and what names claim. A declaration may raise or
 * settle an environment. INVARIANT: a claim never lowers one, nor does a declaration lower what the provider vouches for
 * or what a name says: the two contradict each other, and then it counts as production.
 */
export function settleEnvironments(seen: readonly SeenEnvironment[]): EnvironmentFact {
  const contradictions = new Set<string>();
  const declared = new Map<string, Declared>();
  let leansOnName = false;
  let surelyProduction = false;
  const environments = seen.map((one) => {
    for (const word of one.declared) declared.set(resourceKey(word.target), word);
    const up = one.declared.find((word) => word.environment === 'production');
    const down = one.declared.find((word) => word.environment !== 'production');
    const clashes = clashesOf(one, up, down);
    for (const clash of clashes) contradictions.add(clash);
    const production =
      up !== undefined || clashes.length > 0 || (one.production && (one.vouched || down === undefined));
    if (up !== undefined || (one.vouched && one.production)) surelyProduction = true;
    if (!one.vouched && one.declared.length === 0) leansOnName = true;
    return { id: one.id, name: one.name, production };
  });
  return {
    environments,
    by: leansOnName && !surelyProduction ? 'claimed' : declared.size > 0 ? 'declared' : 'provider',
    ...(declared.size === 0 ? {} : { declared: [...declared.values()].map(wordOf) }),
    ...(contradictions.size === 0 ? {} : { contradictions: [...contradictions] }),
  };
}

function clashesOf(seen: SeenEnvironment, up: Declared | undefined, down: Declared | undefined): readonly string[] {
  const name = `\`${seen.name}\``;
  const clashes: string[] = [];
  if (up !== undefined && down !== undefined) clashes.push(`${said(up)}, but ${said(down)}`);
  if (down !== undefined && seen.vouched && seen.production)
    clashes.push(`${said(down)}, but the provider's own ids make ${name} production`);
  if (up !== undefined && seen.vouched && !seen.production)
    clashes.push(`${said(up)}, but the provider's own ids make ${name} something else`);
  if (down !== undefined && !seen.vouched && seen.claims === 'production')
    clashes.push(`${said(down)}, but the name ${name} claims production`);
  if (up !== undefined && !seen.vouched && seen.claims === 'other')
    clashes.push(`${said(up)}, but the name ${name} claims that it is not`);
  return clashes;
}

function said(word: Declared): string {
  return `${word.signer} declared ${word.target.kind} ${word.target.path.join('/')} ${word.environment}`;
}

function wordOf(word: Declared): NonNullable<EnvironmentFact['declared']>[number] {
  const { target, environment, signer, declaredAtMs, note } = word;
  return {
    about: `${target.system} ${target.kind} ${target.path.join('/')}`,
    environment,
    signer,
    atMs: declaredAtMs,
    ...(note === undefined ? {} : { note }),
  };
}
