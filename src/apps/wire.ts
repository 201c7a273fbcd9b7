import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openCertificates } from '../adapters/certificates/certificates.ts';
import { connectionVerifiers } from '../adapters/connections/index.ts';
import { openDecisionLog } from '../adapters/decision-log/decision-log.ts';
import { readDecisions } from '../adapters/decision-log/read-decisions.ts';
import { makeDocumentationVerifier, openApiDocuments, readyApiDocuments } from '../adapters/documents/index.ts';
import { githubApis, makeGithubVerifier } from '../adapters/github/index.ts';
import { hostReleaseExecutor } from '../adapters/local-executor/host-release.ts';
import { runShellAction } from '../adapters/local-executor/run-shell-action.ts';
import { listSafeguards } from '../adapters/local-safeguard/list-safeguards.ts';
import { makeLocalSafeguarder } from '../adapters/local-safeguard/local-safeguarder.ts';
import { restoreSafeguard } from '../adapters/local-safeguard/restore-safeguard.ts';
import { makeMcpServers } from '../adapters/mcp-servers/mcp-servers.ts';
import { readSums } from '../adapters/opa/artefact.ts';
import { openBundleFeed } from '../adapters/opa/bundles/bundle-feed.ts';
import { openKeptBundles } from '../adapters/opa/bundles/kept-bundles.ts';
import { documentText } from '../adapters/opa/document-text.ts';
import { digestOfLayer } from '../adapters/opa/layers.ts';
import { openOpaEngine } from '../adapters/opa/opa-engine.ts';
import { createPolicyTools } from '../adapters/opa/policy-tools.ts';
import { openOpaServer } from '../adapters/opa/server/opa-server.ts';
import { openPeople, openPeopleTools } from '../adapters/people/index.ts';
import { faultOfDump, listDumps, makePostgresCopier } from '../adapters/postgres-copy/index.ts';
import { openRailway } from '../adapters/railway/index.ts';
import { makeRehearsalVerifier } from '../adapters/rehearsal/rehearsal-verifier.ts';
import { makeRehearser } from '../adapters/rehearsal/sandbox.ts';
import { openStore } from '../adapters/sqlite/store.ts';
import { makeSystemClock } from '../adapters/system-clock/system-clock.ts';
import { makeTaskMemory } from '../adapters/task-memory/task-memory.ts';
import { openTranscripts } from '../adapters/transcripts/transcripts.ts';
import { makeWorkspaceVerifier } from '../adapters/workspace/workspace-verifier.ts';
import { GITHUB_DOCUMENTATION } from '../catalog/providers/github.ts';
import { RAILWAY_API, RAILWAY_DOCUMENTATION } from '../catalog/railway/provider.ts';
import type { RawAttempt } from '../pipeline/observe.ts';
import { makeJudge, makePipeline } from '../pipeline/pipeline.ts';
import type { Clock } from '../ports/clock.ts';
import { type PolicyLayer, showProblem } from '../ports/policy-layers.ts';
import type { PolicyTools } from '../ports/policy-tools.ts';
import type { Store } from '../ports/store.ts';
import type { Verifier } from '../ports/verifier.ts';
import { keepCommandCredentials } from './daemon/command-credential.ts';
import { noteCreated } from './daemon/created-files.ts';
import { startDaemon } from './daemon/daemon.ts';
import { makeGatewayDoor, makeRegistry } from './daemon/gateway-door.ts';
import { makeHookDoor } from './daemon/hook-door.ts';
import { makeMapOps } from './daemon/map-ops.ts';
import { makeOrders } from './daemon/orders.ts';
import { realFolder, workspaceOf } from './daemon/origin.ts';
import { makePolicyOps, policySummary } from './daemon/policy-ops.ts';
import { makePreapprove } from './daemon/preapproval.ts';
import { withRememberedDenials } from './daemon/remembered-denials.ts';
import { makeService } from './daemon/service.ts';
import { mapDir, openDeclaredMap } from './declared-map.ts';
import { openDescribed } from './described-documents.ts';
import { toAction } from './egress/action.ts';
import { CredentialTable } from './egress/credential-table.ts';
import { type GatewaySettings, readGatewaySettings } from './egress/settings.ts';
import { startEgress } from './egress/start.ts';
import type { Engine, EngineOptions, EngineResult } from './engine.ts';
import {
  decisionsDir,
  engineDir,
  hookClientBundle,
  installationKey,
  ledgerDir,
  lost,
  organisationPlace,
  originOf,
  ownersOf,
  peopleSummary,
  scratchOf,
  tell,
} from './installation.ts';
import { agentSurroundings, type OpenedJudge, type RehearsalPlaces, type Surroundings } from './judge.ts';
import type { Paths } from './paths.ts';
import { type OpenedLayers, openPolicy } from './policy/assemble.ts';
import { makeBase } from './policy/base.ts';
import { openOneShotPolicy } from './policy/one-shot.ts';
import { PROVEN_SILENT } from './policy/proven-silent.ts';
import { openRepositoryPins } from './policy/repository.ts';
import { openSessionPolicies } from './policy/session.ts';
import { allReaders } from './readers.ts';
import { STATED_FOLDER, statedFacts } from './stated-facts.ts';

/** The bound is on steps, which are the same on each machine; the clock is only for what steps do not count. */
const POLICY_TIMEOUT_MS = 2_000;
const PINS = 'policy/repository';
/** A copy that is taken first, and restored once, has ten minutes. */
const JUDGE_TIMEOUT_MS = 11 * 60_000;

/** Builds one engine out of the real adapters and starts it. The only place that knows them. */
export async function openEngine(options: EngineOptions): Promise<EngineResult> {
  const { paths } = options;
  const clock = makeSystemClock();
  for (const folder of [paths.state, paths.config]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const person = paths.system?.person;
  const people = openPeople({
    stateDir: paths.state,
    ...(person === undefined ? {} : { uid: person.uid }),
    ...options.registry,
  });
  // The engine starts while the store is opened.
  const opening = openPolicy({
    base: makeBase({
      configDir: paths.config,
      owners: ownersOf(paths),
      organisation: { ...organisationPlace(paths, clock), openServer: openOpaServer, openBundles: openBundleFeed },
      tell,
      watches: true,
    }),
    pins: openRepositoryPins({ folder: path.join(paths.state, PINS), people, nowMs: () => clock.nowMs() }),
    sessions: openSessionPolicies(path.join(paths.state, 'policy/session')),
    open: (layers) => openLayers(layers, engineDir(paths)),
    nowMs: () => clock.nowMs(),
    tell,
  });
  let store: Store;
  let gatewaySettings: GatewaySettings & EngineOptions['gateway'];
  try {
    gatewaySettings = {
      ...readGatewaySettings(path.join(paths.config, 'gateway.json'), process.env),
      ...options.gateway,
    };
    store = withRememberedDenials(
      await openStore({
        dir: ledgerDir(paths.state),
        logKeyPath: path.join(paths.state, 'log.key'),
        origin: originOf(),
      }),
    );
  } catch (error) {
    const unused = await opening;
    if (unused.ok) await unused.policy.close();
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
  const opened = await opening;
  if (!opened.ok) {
    await store.close();
    return { ok: false, why: `the policy cannot be put in force: ${opened.problems.map(showProblem).join('; ')}` };
  }
  const { policy } = opened;
  const credentials = new CredentialTable();
  const declared = await openDeclaredMap({ folder: mapDir(paths.state), people, nowMs: () => clock.nowMs() });
  const { documents, described } = await openDescribed(readyApiDocuments, paths, clock);
  const tasks = makeTaskMemory({ file: path.join(paths.state, 'tasks.jsonl') });
  const decisions = openDecisionLog({
    dir: decisionsDir(paths.state),
    labels: { id: originOf(), version: options.version },
    documentOf: documentText,
    onTrouble: tell,
  });
  const safeguards = path.join(paths.state, 'safeguards');
  const railway = openRailway({
    endpoint: options.railwayEndpoint ?? RAILWAY_API,
    credentials,
    clock,
    documentation: RAILWAY_DOCUMENTATION,
    declared,
    copier: makePostgresCopier({ dir: safeguards, scratchIn: scratchOf(paths), clock }),
  });
  const workspace = makeWorkspaceVerifier({ clock, tasks });
  const pipeline = makePipeline({
    read: await allReaders(options.rehearse === undefined ? undefined : 'held', described.apis),
    verifiers: [
      workspace,
      ...connectionVerifiers({
        ...agentSurroundings(paths, options.home),
        clock,
        declared,
        configDir: paths.config,
        mayLeaveMachine: true,
      }),
      ...(options.rehearse === undefined
        ? []
        : [
            rehearsalVerifier(
              { home: options.home, path: options.rehearse.path, hidden: [paths.state, paths.config, paths.runtime] },
              workspace,
              clock,
            ),
          ]),
      makeDocumentationVerifier({ documents, clock, textOf: described.textOf }),
      makeGithubVerifier({
        apiOf: githubApis(documents.githubHosts, options.githubEndpoint),
        credentials,
        clock,
        documentation: GITHUB_DOCUMENTATION,
        declared,
      }),
      railway.verifier,
    ],
    engines: [policy.engine],
    decisions,
    approver: people,
    safeguarders: [makeLocalSafeguarder({ dir: safeguards, clock }), ...railway.safeguarders],
    store,
    clock,
    nonce: () => randomBytes(32).toString('hex'),
    mode: options.mode,
  });
  const unknownAtStart = (await store.unfinished()).length;
  const service = makeService({
    pipeline,
    store,
    clock,
    person: options.person,
    release: hostReleaseExecutor,
    onAttempt: keepCommandCredentials(credentials),
    onDone: (judged) => noteCreated(judged, tasks),
  });
  const registry = makeRegistry();
  const fingerprintKey = installationKey(path.join(paths.state, 'fingerprint.key'));
  const gatewayDoor = makeGatewayDoor(service, {
    holdWaitMs: gatewaySettings.holdWaitMs ?? 0,
    registry,
    toAction: (request) => {
      const { action, credential } = toAction(request, { fingerprintKey });
      return { action, keep: (id) => (credential === undefined ? undefined : credentials.remember(id, credential)) };
    },
  });
  const certificates = await openCertificates({
    directory: path.join(paths.state, 'gateway'),
    // The state of a system installation is closed to agents: what their programs have to trust lies beside the socket.
    ...(paths.trust === 'system' ? { publicDirectory: paths.runtime } : {}),
    clock,
  });
  const egress = await startEgress({
    certificates,
    clock,
    judge: gatewayDoor.judge,
    identify: registry.identify,
    onRefusal: (refusal) => {
      gatewayDoor.recordRefusal(refusal).catch(lost);
    },
    onRecordFailure: lost,
    // The judge may wait for a person: the gateway gives up only after that.
    limits: { judgeTimeoutMs: (gatewaySettings.holdWaitMs ?? 0) + JUDGE_TIMEOUT_MS },
    ...gatewaySettings,
  });
  const agentEnvironment: Engine['agentEnvironment'] = ({ task, workspace, agent }) =>
    egress.environmentFor(task, registry.register({ task, workspace: realFolder(workspace), agent }));
  const started = await startDaemon({
    paths,
    service,
    version: options.version,
    mode: options.mode,
    hookDoor: makeHookDoor(service, {
      home: options.home,
      execCommand: options.execCommand,
      mcpServers: makeMcpServers({
        home: paths.system?.agent.home ?? options.home,
        key: fingerprintKey,
        clock,
      }),
    }),
    gateway: egress,
    agentEnvironment: async (identity) => {
      await certificates.ready();
      return agentEnvironment(identity);
    },
    preapprove: makePreapprove(service, people),
    // In a system installation these come by a socket that only root and the daemon reach.
    orders: makeOrders(service, paths.trust === 'system' ? undefined : people),
    policy: makePolicyOps({
      policy,
      people,
      clock,
      exceptionsDir: path.join(paths.state, 'exceptions'),
      ordersAreSigned: paths.trust !== 'system',
    }),
    map: makeMapOps(declared, paths.trust !== 'system'),
    policySummary: async () => policySummary(await policy.report(), decisions.lost),
    peopleSummary: () => peopleSummary(people, person?.name),
    unknownAtStart,
    close: async () => {
      await policy.close();
      await decisions.close();
      await store.close();
    },
  });
  if (!started.ok) {
    await egress.close();
    await policy.close();
    await decisions.close();
    await store.close();
    return started;
  }
  return { ok: true, engine: { daemon: started.daemon, service, store, people, policy, agentEnvironment } };
}

/**
 * Judges without a daemon: text, the local disk where a folder is given, and facts that somebody states. With
 * `rehearsal` it also runs the command in a throw-away view.
 */
export async function openJudge(
  paths: Paths,
  note: (line: string) => void,
  rehearsal?: RehearsalPlaces,
  surroundings: Surroundings = agentSurroundings(paths, '/nonexistent'),
): Promise<OpenedJudge> {
  const clock = makeSystemClock();
  const readers = await allReaders(rehearsal === undefined ? undefined : 'always');
  const sums = readSums();
  const workspace = makeWorkspaceVerifier({ clock, tasks: { wasCreated: () => false } });
  const rehearse = rehearsal === undefined ? [] : [rehearsalVerifier(rehearsal, workspace, clock)];
  const people = openPeople({
    stateDir: paths.state,
    ...(paths.system === undefined ? {} : { uid: paths.system.person.uid }),
  });
  const declared = await openDeclaredMap({ folder: mapDir(paths.state), people, nowMs: () => clock.nowMs() });
  const where = { declared, ...surroundings, clock, configDir: paths.config };
  const connections = connectionVerifiers({ ...where, mayLeaveMachine: false });
  const policy = openOneShotPolicy({
    base: makeBase({
      configDir: paths.config,
      owners: ownersOf(paths),
      organisation: { ...organisationPlace(paths, clock), openServer: openOpaServer, openBundles: openKeptBundles },
      tell: note,
      watches: false,
      withoutOrganisation: (why) =>
        note(`the organisation's policy takes no part here, so the daemon may be stricter: ${why}`),
    }),
    pins: openRepositoryPins({ folder: path.join(paths.state, PINS), people, nowMs: () => clock.nowMs() }),
    open: (layers) =>
      openLayers(layers, existsSync(engineDir(paths)) ? engineDir(paths) : undefined, { warmUpRounds: 0 }),
    digestOf: (layer) => digestOfLayer(layer, sums),
    isProvenSilent: (digest) => PROVEN_SILENT.has(digest),
    note,
  });
  const read: typeof readers = (action, context) => {
    const reading = readers(action, context);
    policy.expect(reading.effects);
    return reading;
  };
  const common = { read, engines: [policy.engine], safeguarders: [], clock, mode: () => 'enforce' as const };
  return {
    judge: (raw, facts) =>
      makeJudge({
        ...common,
        verifiers: [
          ...(facts === undefined ? [] : [statedFacts(facts, clock)]),
          ...(looksAtDisk(raw) ? [workspace, ...connections] : []),
          ...rehearse,
        ],
        approver: !looksAtDisk(raw) ? { exceptions: () => Promise.resolve([]) } : people,
        store: { denials: () => Promise.resolve([]) },
      })(raw),
    close: () => policy.close(),
  };
}

function rehearsalVerifier(places: RehearsalPlaces, recovery: Verifier, clock: Clock): Verifier {
  return makeRehearsalVerifier({ rehearser: makeRehearser({ ...places, scratchIn: tmpdir() }), recovery, clock });
}

function looksAtDisk({ action: { cwd } }: RawAttempt): boolean {
  return cwd !== undefined && cwd !== STATED_FOLDER;
}

/** Without a folder for the unpacked engine it is unpacked each time, and nothing is left behind. */
async function openLayers(
  layers: readonly PolicyLayer[],
  cacheDir: string | undefined,
  more: { readonly warmUpRounds?: number } = {},
): Promise<OpenedLayers> {
  const artefact = cacheDir === undefined ? {} : { cacheDir };
  const opened = await openOpaEngine({ layers, artefact, timeoutMs: POLICY_TIMEOUT_MS, onTrouble: tell, ...more });
  return opened.ok ? { ok: true, policy: opened.engine } : opened;
}

/** Open Policy Agent for the command line. The engine is kept unpacked in the state, where the daemon keeps it too. */
export function openPolicyTools(stateDir: string): PolicyTools {
  const cacheDir = path.join(stateDir, 'policy/engine');
  return createPolicyTools(existsSync(cacheDir) ? { artefact: { cacheDir } } : {});
}

export type { OpenedJudge } from './judge.ts';
export {
  decisionsDir,
  documentText as policyDocumentOf,
  faultOfDump,
  hookClientBundle,
  ledgerDir,
  listDumps,
  listSafeguards,
  makeSystemClock,
  openApiDocuments,
  openCertificates,
  openPeopleTools,
  openTranscripts,
  readDecisions,
  restoreSafeguard,
  runShellAction,
  workspaceOf,
};
