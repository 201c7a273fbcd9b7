import { canonicalJson, type Json } from '../../core/canonical-json.ts';
import { type LayerInForce, type PolicyLayer, type Reloaded, showProblem } from '../../ports/policy-layers.ts';
import type { OpaServer, PolicyCandidate } from '../../ports/policy-sources.ts';
import type { BaseRead, BaseSource } from './assemble.ts';
import type { Owners } from './guarded-file.ts';
import { type Organisation, type OrganisationDeps, organisationLayer } from './organisation.ts';
import { builtInLayer } from './pack.ts';
import { type PolicySettings, readPolicySettings } from './settings.ts';
import { type Watch, watchOrganisation } from './watch-organisation.ts';

export interface BaseOptions {
  readonly configDir: string;
  readonly owners: Owners;
  readonly organisation: OrganisationDeps;
  /** For the operator. */
  tell(line: string): void;
  /** Looks for another state of the organisation's policy now and then; left out where one attempt is judged. */
  readonly watches: boolean;
  /** Goes on with the pack alone where the organisation's policy cannot be read, once that is said; else it is a problem. */
  readonly withoutOrganisation?: (why: string) => void;
}

/** The organisation's policy of one state of the settings. */
interface Held {
  readonly key: string;
  readonly organisation: Exclude<Organisation, { kind: 'problem' }>;
  layer: PolicyLayer | undefined;
  watch: Watch | undefined;
  warning: string | undefined;
}

/** The pack under the preset of the settings, and what the settings say of the organisation. */
export function makeBase(options: BaseOptions): BaseSource {
  const state: { held: Held | undefined; reload: (() => Promise<Reloaded>) | undefined } = {
    held: undefined,
    reload: undefined,
  };

  async function read(): Promise<BaseRead> {
    const read = await readPolicySettings(options.configDir, options.owners);
    if (!read.ok) return read;
    const { settings } = read;
    const key = keyOf(settings);
    if (state.held?.key === key) return baseOf(settings, state.held.layer, {});
    const organisation = await organisationLayer(settings, options.organisation);
    if (organisation.kind === 'problem') {
      if (options.withoutOrganisation === undefined) return { ok: false, problems: organisation.problems };
      options.withoutOrganisation(organisation.problems.map(showProblem).join('; '));
      return baseOf(settings, undefined, {});
    }
    const next: Held = { key, organisation, layer: undefined, watch: undefined, warning: undefined };
    if (organisation.kind !== 'layer')
      return baseOf(settings, undefined, { accepted: () => adopt(next, undefined), rejected: () => closeOf(next) });
    const { candidate, fallback } = organisation;
    const withCandidate = (one: PolicyCandidate, rest: Partial<BaseOk>): BaseOk =>
      baseOf(settings, one.layer, { accepted: () => adopt(next, one), rejected: () => closeOf(next), ...rest });
    if (fallback === undefined) return withCandidate(candidate, {});
    return withCandidate(candidate, {
      fallback: (why: string) => {
        next.warning = `the organisation's new policy is refused and the last good one stays: ${why}`;
        return withCandidate(fallback, {});
      },
    });
  }

  async function adopt(next: Held, candidate: PolicyCandidate | undefined): Promise<string | undefined> {
    const before = state.held;
    state.held = next;
    next.layer = candidate?.layer;
    if (next.organisation.kind === 'layer') {
      next.warning ??= next.organisation.warning;
      if (next.warning !== undefined) options.tell(next.warning);
      if (options.watches) next.watch = watchOver(next, next.organisation.source);
    }
    if (before !== undefined) await closeOf(before);
    return candidate?.accepted();
  }

  function watchOver(held: Held, source: Parameters<typeof watchOrganisation>[0]['source']): Watch {
    return watchOrganisation({
      source,
      report: options.tell,
      reload: async (layer) => {
        if (state.held !== held || state.reload === undefined) return { ok: true };
        const before = held.layer;
        held.layer = layer;
        const done = await state.reload();
        if (done.ok) held.warning = undefined;
        else held.layer = before;
        return done;
      },
    });
  }

  function server(): OpaServer | undefined {
    const organisation = state.held?.organisation;
    return organisation?.kind === 'server' ? organisation.server : undefined;
  }

  return {
    read,
    get engines() {
      const one = server();
      return one === undefined ? [] : [one];
    },
    describe(): readonly LayerInForce[] {
      const one = server();
      return one === undefined ? [] : [one.inForce];
    },
    troubles: () =>
      [state.held?.warning, state.held?.watch?.trouble, server()?.trouble].filter((one) => one !== undefined),
    refresh: async () => void (await state.held?.watch?.check()),
    onChange: (reload) => {
      state.reload = reload;
    },
    async close() {
      if (state.held !== undefined) await closeOf(state.held);
    },
  };
}

type BaseOk = Extract<BaseRead, { ok: true }>;

function baseOf(settings: PolicySettings, organisation: PolicyLayer | undefined, rest: Partial<BaseOk>): BaseOk {
  const layers = [builtInLayer(settings.preset), ...(organisation === undefined ? [] : [organisation])];
  return { ok: true, preset: settings.preset, layers, ...rest };
}

function keyOf({ organisation }: PolicySettings): string {
  return canonicalJson((organisation ?? null) as Json);
}

async function closeOf({ organisation, watch }: Held): Promise<void> {
  switch (organisation.kind) {
    case 'none':
      return;
    case 'server':
      return organisation.server.close();
    case 'layer':
      // The watch closes its source.
      return watch === undefined ? organisation.source.close() : watch.close();
    default:
      return organisation satisfies never;
  }
}
