import type { LayerOpinion } from '../../core/verdict.ts';
import type { PolicyEngine } from '../../ports/policy-engine.ts';
import {
  type LayeredPolicy,
  type LayerInForce,
  type PolicyLayer,
  type PolicyProblem,
  type Reloaded,
  showProblem,
} from '../../ports/policy-layers.ts';
import { concerns, denialOf, type Fault, faultOf } from './faults.ts';
import { digestOfSources, REPOSITORY_POLICY, readRegoFolder } from './rego-folder.ts';
import { keyOfWorkspace, type Pinned, type RepositoryPins, repositoryLayer } from './repository.ts';
import { keyOfTask, type SessionPolicies, type SessionRead, type SessionRules, sessionLayer } from './session.ts';

/** What stands below repository and session: the pack, and what the organisation says. */
export type BaseRead =
  | {
      readonly ok: true;
      readonly preset: string;
      readonly layers: readonly PolicyLayer[];
      /** To be called once they are in force. The answer says what could not be kept. */
      accepted?(): Promise<string | undefined>;
      /** To be called where they did not come into force. */
      rejected?(): Promise<void>;
      /** What to try at the start where these do not compile. */
      fallback?(why: string): Extract<BaseRead, { ok: true }>;
    }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

export interface BaseSource {
  /** Settings and sources as they are now. */
  read(): Promise<BaseRead>;
  /** What judges beside the embedded engine: an OPA server of the organisation. */
  readonly engines: readonly PolicyEngine[];
  /** Beside the layers: a server's name, its digest. */
  describe(): readonly LayerInForce[];
  /** What the operator should know: a source that is away, a new policy that is refused. */
  troubles(): readonly string[];
  /** Looks at the sources now; what is new is put in force by what `onChange` was given. */
  refresh(): Promise<void>;
  onChange(reload: () => Promise<Reloaded>): void;
  close(): Promise<void>;
}

export type OpenedLayers =
  | { readonly ok: true; readonly policy: LayeredPolicy }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

export interface PolicyParts {
  readonly base: BaseSource;
  readonly pins: RepositoryPins;
  readonly sessions: SessionPolicies;
  /** Compiles and starts the embedded engine. */
  open(layers: readonly PolicyLayer[]): Promise<OpenedLayers>;
  nowMs(): number;
  /** For the operator, at once: a line to the daemon's standard error. */
  tell(line: string): void;
}

export interface PolicyReport {
  readonly preset: string;
  readonly layers: readonly LayerInForce[];
  /** Pins and rules of tasks that do not count: what they would judge is denied. */
  readonly faults: readonly string[];
  /** Workspaces whose files are not what is pinned. */
  readonly drifted: readonly string[];
  /** Of the organisation's source. */
  readonly troubles: readonly string[];
  readonly reload: { readonly atMs: number; readonly ok: boolean; readonly problems: readonly string[] };
}

/** A change that becomes durable once its rules are known to compile. */
export interface Change {
  readonly pinned?: Extract<Pinned, { sources: unknown }>;
  readonly session?: SessionRules;
  /** Writes it down. */
  keep(): void;
}

/** All policy above the floor, for the life of a daemon. */
export interface Policy {
  readonly engine: PolicyEngine;
  /** Reads everything anew. On a fault the last good set stays, and `report` and standard error say so. */
  reload(): Promise<Reloaded>;
  /** As `reload`, of what lies in the state alone. */
  reread(): Promise<Reloaded>;
  /** Puts a change in force and keeps it; on a fault nothing has changed. */
  change(change: Change): Promise<Reloaded>;
  /** A person took this pin out, so that its absence is no fault. */
  forget(workspace: string): void;
  report(): Promise<PolicyReport>;
  readonly pins: RepositoryPins;
  readonly sessions: SessionPolicies;
  close(): Promise<void>;
}

/** What is on disk now. */
interface Gathered {
  readonly pinned: readonly Pinned[];
  readonly session: readonly SessionRead[];
}

export type PolicyOpened =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

/** Puts all layers in force. The pack or the organisation at fault refuses; a broken pin denies in its workspace alone. */
export async function openPolicy(parts: PolicyParts): Promise<PolicyOpened> {
  const { base, pins, sessions } = parts;
  const known = new Map<string, string | undefined>();
  const state: {
    layers: LayeredPolicy | undefined;
    faults: readonly Fault[];
    /** What did not compile at the start, by its id; it will not compile later either. */
    readonly broken: Map<string, Fault>;
    preset: string;
    pinned: readonly Pinned[];
    reload: PolicyReport['reload'];
    line: Promise<unknown>;
    queued: Promise<Reloaded> | undefined;
    expiry: NodeJS.Timeout | undefined;
  } = {
    layers: undefined,
    faults: [],
    broken: new Map(),
    preset: '',
    pinned: [],
    reload: { atMs: parts.nowMs(), ok: true, problems: [] },
    line: Promise.resolve(),
    queued: undefined,
    expiry: undefined,
  };

  async function gather(change?: Change): Promise<Gathered | PolicyProblem> {
    const read = await pins.read();
    const session = sessions.read(parts.nowMs());
    if (read.closed || session.closed)
      return { code: 'policy_error', message: 'the folder of the pinned policies cannot be read' };
    const pinned = new Map(read.pinned.map((one) => [one.key, one]));
    for (const [key, workspace] of known)
      if (!pinned.has(key))
        pinned.set(key, {
          key,
          ...(workspace === undefined ? {} : { workspace }),
          fault: 'its pinned policy is gone, and nobody signed for that',
        });
    const rules = new Map(session.rules.map((one) => [one.id, one]));
    if (change?.pinned !== undefined) pinned.set(change.pinned.key, change.pinned);
    if (change?.session !== undefined) rules.set(change.session.id, change.session);
    return { pinned: [...pinned.values()], session: [...rules.values()] };
  }

  /** Judges by this from now on. Faults count at once, whatever becomes of the rest. */
  function setFaults(gathered: Gathered): void {
    state.pinned = gathered.pinned;
    for (const one of gathered.pinned)
      known.set(one.key, 'pin' in one ? one.pin.workspace : (one.workspace ?? known.get(one.key)));
    state.faults = [
      ...gathered.pinned.flatMap((one) => ('fault' in one ? [faultOf('repository', one.key, one.fault)] : [])),
      ...gathered.session.flatMap((one) => ('fault' in one ? [faultOf('session', one.key, one.fault)] : [])),
      ...scopedLayers(gathered).flatMap((one) => state.broken.get(one.id) ?? []),
    ];
  }

  async function load(change?: Change): Promise<Reloaded> {
    const gathered = await gather(change);
    if ('code' in gathered) return { ok: false, problems: [gathered] };
    if (change === undefined) setFaults(gathered);
    const read = await base.read();
    if (!read.ok) return read;
    const done = await loadBase(gathered, read);
    if (!done.ok) {
      await read.rejected?.();
      return done;
    }
    setFaults(gathered);
    state.preset = read.preset;
    const unkept = await done.base.accepted?.();
    if (unkept !== undefined) parts.tell(`policy: ${unkept}`);
    watchExpiry(gathered.session);
    return { ok: true };
  }

  /** At the start there is no good set yet, so what can be left out is: a newer bundle, then what is broken in one place. */
  async function loadBase(gathered: Gathered, read: BaseOk): Promise<LoadedBase | Extract<Reloaded, { ok: false }>> {
    const scoped = scopedLayers(gathered).filter((one) => !state.broken.has(one.id));
    const done = await put([...read.layers, ...scoped.map((one) => one.layer)]);
    if (done.ok) return { ok: true, base: read };
    if (state.layers !== undefined) return done;
    const alone = scoped.length === 0 ? done : await loadOneByOne(read.layers, scoped);
    if (alone.ok) return { ok: true, base: read };
    return read.fallback === undefined ? alone : loadBase(gathered, read.fallback(show(alone.problems)));
  }

  async function put(layers: readonly PolicyLayer[]): Promise<Reloaded> {
    if (state.layers !== undefined) return state.layers.reload(layers);
    const opened = await parts.open(layers);
    if (!opened.ok) return opened;
    state.layers = opened.policy;
    return { ok: true };
  }

  async function loadOneByOne(baseLayers: readonly PolicyLayer[], scoped: readonly Scoped[]): Promise<Reloaded> {
    const first = await put(baseLayers);
    if (!first.ok) return first;
    const good: PolicyLayer[] = [...baseLayers];
    for (const one of scoped) {
      const tried = await put([...good, one.layer]);
      if (tried.ok) good.push(one.layer);
      else state.broken.set(one.id, faultOf(one.kind, one.key, `its policy does not compile: ${show(tried.problems)}`));
    }
    return { ok: true };
  }

  /** Rules of a task end by the clock, not by the next reload. */
  function watchExpiry(session: readonly SessionRead[]): void {
    clearTimeout(state.expiry);
    const untilMs = Math.min(...session.flatMap((one) => ('untilMs' in one ? [one.untilMs] : [])));
    if (!Number.isFinite(untilMs)) return;
    state.expiry = setTimeout(() => void loadInLine(), Math.max(0, untilMs - parts.nowMs()) + 1);
    state.expiry.unref();
  }

  function inLine<T>(work: () => Promise<T>): Promise<T> {
    const mine = state.line.then(work);
    state.line = mine.catch(() => undefined);
    return mine;
  }

  function note(done: Reloaded): Reloaded {
    const problems = done.ok ? [] : done.problems.map(showProblem);
    state.reload = { atMs: parts.nowMs(), ok: done.ok, problems };
    for (const problem of problems)
      parts.tell(`the policy was not reloaded, and the last good one stays in force: ${problem}`);
    for (const one of state.faults) parts.tell(`policy: ${describeFault(one)}`);
    return done;
  }

  /** Those that wait for the same thing get one answer. */
  function loadInLine(): Promise<Reloaded> {
    state.queued ??= inLine(async () => {
      state.queued = undefined;
      return note(await load());
    });
    return state.queued;
  }

  async function reload(): Promise<Reloaded> {
    await base.refresh();
    const done = await loadInLine();
    // What was refused a moment ago has changed nothing, and whoever asked for it has to hear that.
    const problems = base.troubles().map((message) => ({ code: 'policy_error', message }));
    return done.ok && problems.length > 0 ? { ok: false, problems } : done;
  }

  function describeFault(one: Fault): string {
    const where = one.layer === 'repository' ? (known.get(one.key) ?? `a workspace (${one.key})`) : `task ${one.key}`;
    return `${where}: ${one.why}; what it would judge is denied`;
  }

  const first = await load();
  if (!first.ok) {
    await base.close();
    return first;
  }
  for (const one of state.faults) parts.tell(`policy: ${describeFault(one)}`);
  base.onChange(loadInLine);

  return {
    ok: true,
    policy: {
      engine: {
        evaluate: async (input) => {
          const opinions: LayerOpinion[] = state.faults
            .filter((one) => concerns(one, input))
            .map((one) => denialOf(one, input));
          for (const engine of base.engines) opinions.push(...(await engine.evaluate(input)));
          if (state.layers !== undefined) opinions.push(...(await state.layers.evaluate(input)));
          return opinions;
        },
      },
      reload,
      reread: loadInLine,
      change: (change) =>
        inLine(async () => {
          const wasKnown = change.pinned === undefined || known.has(change.pinned.key);
          const done = await load(change);
          if (!done.ok) return done;
          try {
            change.keep();
            return done;
          } catch (error) {
            if (!wasKnown) known.delete(change.pinned.key);
            note(await load());
            const message = `it could not be written down: ${error instanceof Error ? error.message : String(error)}`;
            return { ok: false, problems: [{ code: 'policy_error', message }] };
          }
        }),
      forget: (workspace) => void known.delete(keyOfWorkspace(workspace)),
      report: () => Promise.resolve(report()),
      pins,
      sessions,
      async close() {
        clearTimeout(state.expiry);
        await base.close();
        await state.layers?.close();
      },
    },
  };

  function report(): PolicyReport {
    return {
      preset: state.preset,
      layers: [...base.describe(), ...(state.layers?.inForce ?? [])],
      faults: state.faults.map(describeFault),
      drifted: state.pinned.flatMap((one) => ('pin' in one && hasDrifted(one) ? [one.pin.workspace] : [])),
      troubles: base.troubles(),
      reload: state.reload,
    };
  }
}

type BaseOk = Extract<BaseRead, { ok: true }>;

interface LoadedBase {
  readonly ok: true;
  readonly base: BaseOk;
}

interface Scoped {
  readonly id: string;
  readonly kind: Fault['layer'];
  readonly key: string;
  readonly layer: PolicyLayer;
}

function scopedLayers({ pinned, session }: Gathered): readonly Scoped[] {
  const scoped = (kind: Fault['layer'], key: string, layer: PolicyLayer): Scoped => {
    return { id: `${kind} ${key} ${digestOfSources(layer)}`, kind, key, layer };
  };
  return [
    ...pinned.flatMap((one) => ('pin' in one ? [scoped('repository', one.key, repositoryLayer(one))] : [])),
    ...session.flatMap((one) => ('task' in one ? [scoped('session', keyOfTask(one.task), sessionLayer(one))] : [])),
  ];
}

function hasDrifted(one: Extract<Pinned, { sources: unknown }>): boolean {
  const tree = readRegoFolder(one.pin.workspace, REPOSITORY_POLICY);
  return !tree.ok || digestOfSources(tree.sources) !== one.pin.digest;
}

function show(problems: readonly PolicyProblem[]): string {
  return problems.map(showProblem).join('; ');
}
