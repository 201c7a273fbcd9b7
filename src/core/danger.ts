import type { Effect } from './effect.ts';

export type Danger = 'harmless' | 'opaque' | 'destructive';

/** The only definition of danger. Every rule, card and test asks here. */
export function dangerOf(effect: Effect): Danger {
  // INVARIANT: no verb, target or way back makes tampering with the guard harmless.
  if (effect.tags?.includes('guard-tampering') === true) return 'destructive';
  switch (effect.verb) {
    case 'read':
    case 'create':
      return 'harmless';
    case 'run':
      // A run that is understood has its consequences as effects of their own; one that is not is opaque.
      return effect.basis === 'opaque' && effect.tags?.includes('unjudged') !== true ? 'opaque' : 'harmless';
    case 'change':
    case 'destroy':
      if (!('known' in effect.target)) return effect.reversal === 'regenerable' ? 'harmless' : 'destructive';
      return effect.reversal === 'regenerable' || effect.reversal === 'undoable' ? 'harmless' : 'destructive';
    case 'expose':
    case 'grant':
      return 'destructive';
    default:
      return effect.verb satisfies never;
  }
}

const RANK: Record<Danger, number> = { harmless: 0, opaque: 1, destructive: 2 };

/** The worst of a list; `harmless` for an empty one. */
export function worstDanger(effects: readonly Effect[]): Danger {
  let worst: Danger = 'harmless';
  for (const effect of effects) {
    const danger = dangerOf(effect);
    if (RANK[danger] > RANK[worst]) worst = danger;
  }
  return worst;
}

/** True where an attempt does nothing but read. Intent receipts for these need not be awaited. */
export function isPlainRead(effects: readonly Effect[]): boolean {
  return effects.every((effect) => effect.verb === 'read' && dangerOf(effect) === 'harmless');
}

/**
 * The classes that are stopped even in shadow mode: what no undo brings back and what takes the guard itself away.
 */
export function isCatastrophic(effect: Effect): boolean {
  if (dangerOf(effect) !== 'destructive') return false;
  if (effect.tags?.includes('guard-tampering') === true || effect.tags?.includes('catastrophic') === true) return true;
  const provider = 'known' in effect.target && !LOCAL_SYSTEMS.has(effect.target.known.system);
  return effect.verb === 'destroy' && effect.reversal === 'irreversible' && provider;
}

const LOCAL_SYSTEMS: ReadonlySet<string> = new Set(['file', 'git']);
