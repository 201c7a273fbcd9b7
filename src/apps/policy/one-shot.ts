import { dangerOf } from '../../core/danger.ts';
import { type Digest, digestOf } from '../../core/digest.ts';
import type { Effect } from '../../core/effect.ts';
import type { LayerOpinion } from '../../core/verdict.ts';
import type { PolicyEngine, PolicyInput } from '../../ports/policy-engine.ts';
import { isInScope, type PolicyLayer, type PolicyProblem, showProblem } from '../../ports/policy-layers.ts';
import type { BaseSource, OpenedLayers } from './assemble.ts';
import { concerns, denialOf, type Fault, faultOf } from './faults.ts';
import { type RepositoryPins, repositoryLayer } from './repository.ts';

export interface OneShotParts {
  readonly base: BaseSource;
  readonly pins: RepositoryPins;
  open(layers: readonly PolicyLayer[]): Promise<OpenedLayers>;
  digestOf(layer: PolicyLayer): Digest;
  /** Whether a layer of this digest was proven to have nothing to say to what is harmless. */
  isProvenSilent(digest: Digest): boolean;
  /** What could not be read is said, since the daemon may judge otherwise. */
  note(line: string): void;
}

export interface OneShotPolicy {
  readonly engine: PolicyEngine;
  /** Starts the engine where it will be asked, while facts are still being gathered. */
  expect(effects: readonly Effect[]): void;
  close(): Promise<void>;
}

interface Prepared {
  readonly layers: readonly PolicyLayer[];
  readonly faults: readonly Fault[];
  /** None can be used: everything is denied. */
  readonly broken?: string;
}

/**
 * The layers for a program that judges a few attempts and ends. The engine takes a good part of a second to start, so it is
 * started only where a layer could have something to say. The rules of tasks are the daemon's alone.
 */
export function openOneShotPolicy(parts: OneShotParts): OneShotPolicy {
  const state: { prepared: Promise<Prepared> | undefined; opened: Promise<OpenedLayers> | undefined } = {
    prepared: undefined,
    opened: undefined,
  };

  async function prepare(): Promise<Prepared> {
    const base = await parts.base.read();
    if (!base.ok) return { layers: [], faults: [], broken: show(base.problems) };
    await base.accepted?.();
    if (parts.base.engines.length > 0)
      parts.note("the organisation's OPA server is not asked here, so the daemon may be stricter");
    const { pinned, closed } = await parts.pins.read();
    if (closed)
      parts.note('the pinned policies of repositories are closed to this account, so the daemon may be stricter here');
    return {
      layers: [...base.layers, ...pinned.flatMap((one) => ('pin' in one ? [repositoryLayer(one)] : []))],
      faults: pinned.flatMap((one) => ('fault' in one ? [faultOf('repository', one.key, one.fault)] : [])),
    };
  }

  function prepared(): Promise<Prepared> {
    state.prepared ??= prepare();
    return state.prepared;
  }

  async function start(): Promise<OpenedLayers> {
    const { layers } = await prepared();
    state.opened ??= parts.open(layers);
    return state.opened;
  }

  async function evaluate(input: PolicyInput): Promise<readonly LayerOpinion[]> {
    const { layers, faults, broken } = await prepared();
    if (broken !== undefined) return [denialOf(brokenLayer(broken), input)];
    const opinions = faults.filter((one) => concerns(one, input)).map((one) => denialOf(one, input));
    const asked = layers.filter((one) => isInScope(one.scope, input));
    const digests = asked.map((one) => ({ layer: one.layer, digest: parts.digestOf(one) }));
    // SECURITY: silence is proven of the very text and data that have this digest, or the engine is asked.
    if (isHarmless(input.effects) && digests.every((one) => parts.isProvenSilent(one.digest)))
      return [...opinions, ...digests.map((one) => ({ ...one, findings: [], obligations: [] }))];
    const opened = await start();
    if (!opened.ok) return [...opinions, denialOf(brokenLayer(show(opened.problems)), input)];
    return [...opinions, ...(await opened.policy.evaluate(input))];
  }

  return {
    engine: { evaluate },
    expect(effects) {
      // What goes wrong is told by the evaluation, which waits for the same promise.
      if (!isHarmless(effects)) start().catch(() => undefined);
    },
    async close() {
      await parts.base.close();
      const opened = await state.opened?.catch(() => undefined);
      if (opened?.ok === true) await opened.policy.close();
    },
  };
}

function isHarmless(effects: readonly Effect[]): boolean {
  return effects.every((effect) => dangerOf(effect) === 'harmless');
}

function brokenLayer(why: string) {
  return { layer: 'built-in', digest: digestOf({ type: 'holdpoint/policy-fault/v1', why }), why } as const;
}

function show(problems: readonly PolicyProblem[]): string {
  return problems.map(showProblem).join('; ');
}
