import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCertificates } from '../adapters/certificates/certificates.ts';
import { hostReleaseExecutor } from '../adapters/local-executor/host-release.ts';
import { runShellAction } from '../adapters/local-executor/run-shell-action.ts';
import { makeLocalSafeguarder } from '../adapters/local-safeguard/local-safeguarder.ts';
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
import type { People } from '../ports/people.ts';
import { commandCredential } from './daemon/command-credential.ts';
import { startDaemon } from './daemon/daemon.ts';
import { makeGatewayDoor, makeRegistry } from './daemon/gateway-door.ts';
import { makeHookDoor } from './daemon/hook-door.ts';
import { workspaceOf } from './daemon/origin.ts';
import { makePreapprove } from './daemon/preapproval.ts';
import { makeService } from './daemon/service.ts';
import { toAction } from './egress/action.ts';
import { CredentialTable } from './egress/credential-table.ts';
import { startEgress } from './egress/start.ts';
import type { Engine, EngineOptions, EngineResult } from './engine.ts';
import { allReaders } from './readers.ts';
import { statedFacts } from './stated-facts.ts';

const RAILWAY = 'https://backboard.railway.com/graphql/v2';

/** Builds one engine out of the real adapters and starts it. The only place that knows them. */
export async function openEngine(options: EngineOptions): Promise<EngineResult> {
  const { paths } = options;
  const clock = makeSystemClock();
  for (const folder of [paths.state, paths.config]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const people = openPeople({ stateDir: paths.state, ...options.registry });
  let store: Awaited<ReturnType<typeof openStore>>;
  try {
    store = await openStore({
      dir: ledgerDir(paths.state),
      logKeyPath: path.join(paths.state, 'log.key'),
      origin: `${hostname()}/holdpoint/${userInfo().uid}`.replace(/[\s+]/g, '-'),
    });
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
        tasks.noteCreated(judged.attempt.task, effect.target.known.path.at(-1) ?? '');
      }
    },
  });
  const registry = makeRegistry();
  const fingerprintKey = installationKey(path.join(paths.state, 'fingerprint.key'));
  const gatewayDoor = makeGatewayDoor(service, {
    holdWaitMs: options.gateway?.holdWaitMs ?? 0,
    registry,
    toAction: (request) => {
      const { action, credential } = toAction(request, { fingerprintKey });
      return { action, keep: (id) => (credential === undefined ? undefined : credentials.remember(id, credential)) };
    },
  });
  const egress = await startEgress({
    certificates: await openCertificates({ directory: path.join(paths.state, 'gateway'), clock }),
    clock,
    judge: gatewayDoor.judge,
    identify: registry.identify,
    onRefusal: (refusal) => {
      gatewayDoor.recordRefusal(refusal).catch(() => undefined);
    },
    ...options.gateway,
  });
  const agentEnvironment: Engine['agentEnvironment'] = ({ task, workspace, agent }) =>
    egress.environmentFor(task, registry.register({ task, workspace, agent }));
  const started = await startDaemon({
    paths,
    service,
    version: options.version,
    mode: options.mode,
    hookDoor: makeHookDoor(service, {
      home: options.home,
      execCommand: options.execCommand,
    }),
    gateway: egress,
    agentEnvironment: (identity) => Promise.resolve(agentEnvironment(identity)),
    preapprove: makePreapprove(service, people),
    peopleSummary: () => peopleSummary(people),
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
        ...(raw.action.cwd === undefined ? [] : [workspace]),
      ],
      approver: raw.action.cwd === undefined ? { exceptions: () => Promise.resolve([]) } : people,
      store: { denials: () => Promise.resolve([]) },
    })(raw);
}

export function ledgerDir(stateDir: string): string {
  return path.join(stateDir, 'ledger');
}

/** 32 bytes that stay with the installation. */
function installationKey(file: string): Uint8Array {
  if (!existsSync(file)) writeFileSync(file, randomBytes(32), { mode: 0o600, flag: 'wx' });
  return createHash('sha256').update(readFileSync(file)).digest();
}

async function peopleSummary(people: People): Promise<{ readonly words: string }> {
  const list = await people.list();
  if (!list.ok)
    return {
      words: list.missing
        ? 'nobody may sign yet: `sudo holdpoint people add NAME --generate`'
        : `nobody counts: ${list.why}`,
    };
  const names = list.people.filter((one) => one.removed !== true).map((one) => one.name);
  return {
    words:
      names.length === 0
        ? 'nobody may sign yet: `sudo holdpoint people add NAME --generate`'
        : `${names.join(', ')} may sign`,
  };
}

/** Absolute path of the built fallback client of the hook. */
export function hookClientBundle(): string {
  const beside = fileURLToPath(new URL('./hook/main.ts', import.meta.url));
  return beside.endsWith('.ts') ? path.resolve(path.dirname(beside), '../../../dist/hook-client.cjs') : beside;
}

export { makeSystemClock, openCertificates, openPeopleTools, runShellAction, workspaceOf };
