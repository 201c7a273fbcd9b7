import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCertificates } from '../adapters/certificates/certificates.ts';
import { hostReleaseExecutor } from '../adapters/local-executor/host-release.ts';
import { runShellAction } from '../adapters/local-executor/run-shell-action.ts';
import { listSafeguards } from '../adapters/local-safeguard/list-safeguards.ts';
import { makeLocalSafeguarder } from '../adapters/local-safeguard/local-safeguarder.ts';
import { restoreSafeguard } from '../adapters/local-safeguard/restore-safeguard.ts';
import { makeMcpServers } from '../adapters/mcp-servers/mcp-servers.ts';
import { openPeople, openPeopleTools } from '../adapters/people/index.ts';
import { makeRailwayVerifier } from '../adapters/railway/railway-verifier.ts';
import { openStore } from '../adapters/sqlite/store.ts';
import { makeSystemClock } from '../adapters/system-clock/system-clock.ts';
import { makeTaskMemory } from '../adapters/task-memory/task-memory.ts';
import { makeWorkspaceVerifier } from '../adapters/workspace/workspace-verifier.ts';
import { RAILWAY_DOCUMENTATION } from '../catalog/railway/provider.ts';
import type { StatedFacts } from '../core/facts.ts';
import type { RawAttempt } from '../pipeline/observe.ts';
import { makeJudge, makePipeline } from '../pipeline/pipeline.ts';
import type { Certificates } from '../ports/certificates.ts';
import type { People } from '../ports/people.ts';
import type { Store } from '../ports/store.ts';
import { commandCredential } from './daemon/command-credential.ts';
import { startDaemon } from './daemon/daemon.ts';
import { makeGatewayDoor, makeRegistry } from './daemon/gateway-door.ts';
import { makeHookDoor } from './daemon/hook-door.ts';
import { makeOrders } from './daemon/orders.ts';
import { workspaceOf } from './daemon/origin.ts';
import { makePreapprove } from './daemon/preapproval.ts';
import { withRememberedDenials } from './daemon/remembered-denials.ts';
import { makeService } from './daemon/service.ts';
import { toAction } from './egress/action.ts';
import { CredentialTable } from './egress/credential-table.ts';
import { type GatewaySettings, readGatewaySettings } from './egress/settings.ts';
import { startEgress } from './egress/start.ts';
import type { Engine, EngineOptions, EngineResult } from './engine.ts';
import { allReaders } from './readers.ts';
import { STATED_FOLDER, statedFacts } from './stated-facts.ts';

const JUDGE_TIMEOUT_MS = 60_000;
const RAILWAY = 'https://backboard.railway.com/graphql/v2';

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
        origin: `${hostname()}/holdpoint/${userInfo().uid}`.replace(/[\s+]/g, '-'),
      }),
    );
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
  const credentials = new CredentialTable();
  const tasks = makeTaskMemory({ file: path.join(paths.state, 'tasks.jsonl') });
  const pipeline = makePipeline({
    read: await allReaders(),
    verifiers: [
      makeWorkspaceVerifier({ clock, tasks }),
      makeRailwayVerifier({
        endpoint: options.railwayEndpoint ?? RAILWAY,
        credentials,
        clock,
        documentation: RAILWAY_DOCUMENTATION,
      }),
    ],
    engines: [],
    approver: people,
    safeguarders: [makeLocalSafeguarder({ dir: path.join(paths.state, 'safeguards'), clock })],
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
    onAttempt: (id, action) => {
      const credential = commandCredential(action);
      if (credential !== undefined) credentials.remember(id, credential);
    },
    onDone: (judged) => {
      for (const effect of judged.effects) {
        if (effect.verb !== 'create' || !('known' in effect.target) || effect.target.known.system !== 'file') continue;
        // A file that was there before the attempt was not made by it, whatever the effect is called.
        tasks.noteCreated(judged.attempt.task, effect.target.known.path.at(-1) ?? '', judged.attempt.atMs);
      }
    },
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
  const certificates = await openCertificates({ directory: path.join(paths.state, 'gateway'), clock });
  const published = paths.trust === 'system' ? publish(certificates, paths.runtime) : new Map<string, string>();
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
    Object.fromEntries(
      Object.entries(egress.environmentFor(task, registry.register({ task, workspace, agent }))).map(
        ([name, value]) => [name, published.get(value) ?? value],
      ),
    );
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
    agentEnvironment: (identity) => Promise.resolve(agentEnvironment(identity)),
    preapprove: makePreapprove(service, people),
    // In a system installation these come by a socket that only root and the daemon reach.
    orders: makeOrders(service, paths.trust === 'system' ? undefined : people),
    peopleSummary: () => peopleSummary(people, person?.name),
    unknownAtStart,
    close: () => store.close(),
  });
  if (!started.ok) {
    await egress.close();
    await store.close();
    return started;
  }
  return { ok: true, engine: { daemon: started.daemon, service, store, people, agentEnvironment } };
}

/** Judges without a daemon: text, the local disk where a folder is given, and facts that somebody states. */
export async function openJudge(
  stateDir: string,
): Promise<(raw: RawAttempt, facts: StatedFacts | undefined) => ReturnType<ReturnType<typeof makeJudge>>> {
  const clock = makeSystemClock();
  const read = await allReaders();
  const workspace = makeWorkspaceVerifier({ clock, tasks: { wasCreated: () => false } });
  const people = openPeople({ stateDir });
  const common = { read, engines: [], safeguarders: [], clock, mode: () => 'enforce' as const };
  return (raw, facts) =>
    makeJudge({
      ...common,
      verifiers: [
        ...(facts === undefined ? [] : [statedFacts(facts, clock)]),
        ...(looksAtDisk(raw) ? [workspace] : []),
      ],
      approver: !looksAtDisk(raw) ? { exceptions: () => Promise.resolve([]) } : people,
      store: { denials: () => Promise.resolve([]) },
    })(raw);
}

function looksAtDisk({ action: { cwd } }: RawAttempt): boolean {
  return cwd !== undefined && cwd !== STATED_FOLDER;
}

export function ledgerDir(stateDir: string): string {
  return path.join(stateDir, 'ledger');
}

/** A record that could not be written. The ledger refuses everything from then on, so this is seen; it is also said. */
function lost(error: unknown): void {
  process.stderr.write(
    `holdpoint: a record could not be written: ${error instanceof Error ? error.message : String(error)}\n`,
  );
}

/** 32 bytes that stay with the installation. */
function installationKey(file: string): Uint8Array {
  if (!existsSync(file)) writeFileSync(file, randomBytes(32), { mode: 0o600, flag: 'wx' });
  return createHash('sha256').update(readFileSync(file)).digest();
}

/** The state of a system installation is closed to agents: what their programs have to trust lies beside the socket. */
function publish(certificates: Certificates, folder: string): ReadonlyMap<string, string> {
  return new Map(
    [certificates.caFile, certificates.bundleFile].map((file) => {
      const copy = path.join(folder, path.basename(file));
      // Replaced whole: a program that reads it meanwhile sees the old or the new one.
      writeFileSync(`${copy}.new`, readFileSync(file), { mode: 0o644 });
      chmodSync(`${copy}.new`, 0o644);
      renameSync(`${copy}.new`, copy);
      return [file, copy];
    }),
  );
}

async function peopleSummary(people: People, account: string | undefined): Promise<{ readonly words: string }> {
  const enrol = `nobody may sign yet: \`sudo holdpoint people add NAME --generate${account === undefined ? '' : ` --account ${account}`}\``;
  const list = await people.list();
  if (!list.ok)
    return {
      words: list.missing ? enrol : `nobody counts: ${list.why}`,
    };
  const names = list.people.filter((one) => one.removed !== true).map((one) => one.name);
  return {
    words: names.length === 0 ? enrol : `${names.join(', ')} may sign`,
  };
}

/** Absolute path of the built fallback client of the hook. */
export function hookClientBundle(): string {
  const beside = fileURLToPath(new URL('./hook/main.ts', import.meta.url));
  return beside.endsWith('.ts') ? path.resolve(path.dirname(beside), '../../../dist/hook-client.cjs') : beside;
}

export {
  listSafeguards,
  makeSystemClock,
  openCertificates,
  openPeopleTools,
  restoreSafeguard,
  runShellAction,
  workspaceOf,
};
