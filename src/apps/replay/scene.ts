import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { canServeGit, type Forge, startForge } from '../../../tests/stand-ins/git/git-server.ts';
import {
  CAR_RENTAL,
  carRental,
  type Railway,
  type RailwayState,
  startRailway,
} from '../../../tests/stand-ins/railway/railway.ts';
import type { Certificates } from '../../ports/certificates.ts';
import type { EngineOptions } from '../engine.ts';
import type { Paths } from '../paths.ts';
import type { AgentRun, Need, Step } from './agent.ts';
import { makeCompanyFolder } from './company.ts';
import { API_HOST, FORGE_HOST } from './steps.ts';
import { openWorld, type Place, worldFault } from './world.ts';

export const SCRATCH = '5c4a7c40-0000-4000-8000-000000000099';

/** What one run is judged by: the stand-in's data, nothing of our own. */
export interface Scene {
  readonly railway: Railway;
  /** The same data without TLS, for the verifier. */
  readonly verifierUrl: string;
  close(): Promise<void>;
  readonly folder: string;
  readonly workspace: string;
  readonly home: string;
  readonly serverCa: string;
  readonly forge: Forge | undefined;
  /** Why the agent cannot be put into a network of its own. */
  readonly worldFault: string | undefined;
}

export async function setScene(
  folder: string,
  openCertificates: (directory: string) => Promise<Certificates>,
): Promise<Scene> {
  const [workspace, home, authority, ci] = ['wheels-booking', 'home', 'authority', 'ci'].map((name) =>
    path.join(folder, name),
  ) as [string, string, string, string];
  for (const one of [workspace, home, ci]) mkdirSync(one, { recursive: true, mode: 0o700 });
  makeCompanyFolder(workspace);
  const certificates = await openCertificates(authority);
  const state = freshState();
  const railway = await startRailway({ state, tls: await certificates.leafFor(API_HOST) });
  const plain = await startRailway({ state });
  writeFileSync(path.join(folder, 'server-ca.pem'), certificates.caCertificatePem);
  leadHome(ci, folder, railway.port);
  const forge = canServeGit()
    ? await openForge(folder, workspace, ci, await certificates.leafFor(FORGE_HOST))
    : undefined;
  const close = async (): Promise<void> => {
    await railway.close();
    await plain.close();
    await forge?.close();
  };
  return {
    railway,
    verifierUrl: plain.url,
    close,
    folder,
    workspace,
    home,
    serverCa: certificates.caCertificatePem,
    forge,
    worldFault: worldFault(),
  };
}

async function openForge(
  folder: string,
  workspace: string,
  ciHome: string,
  tls: { readonly key: string; readonly cert: string },
): Promise<Forge> {
  const forge = await startForge({ folder: path.join(folder, 'forge'), from: workspace, name: 'wheels', tls, ciHome });
  const git = (...args: string[]): void => {
    execFileSync('git', ['-C', workspace, ...args], { stdio: 'ignore' });
  };
  git('remote', 'add', 'origin', `https://${FORGE_HOST}/wheels.git`);
  git('update-ref', 'refs/remotes/origin/main', 'HEAD');
  return forge;
}

/** Where there is no network of the agent's own: the public name of the API leads curl to the stand-in, as DNS would. */
export function leadHome(home: string, folder: string, port: number): void {
  const ca = path.join(folder, 'server-ca.pem');
  writeFileSync(
    path.join(home, '.curlrc'),
    `connect-to = "${API_HOST}:443:127.0.0.1:${port}"\ncacert = "${ca}"\nnoproxy = "*"\n`,
  );
}

/** Where the servers' own certificates are trusted, as the public ones are in the world outside. */
export function directEnvironment(scene: Scene): Readonly<Record<string, string>> {
  const ca = path.join(scene.folder, 'server-ca.pem');
  const names = ['SSL_CERT_FILE', 'CURL_CA_BUNDLE', 'GIT_SSL_CAINFO', 'NODE_EXTRA_CA_CERTS'];
  return Object.fromEntries(names.map((name) => [name, ca]));
}

/** The agent's network: `reachesServers` says whether the servers can be reached past the gateway. */
export function networkOf(scene: Scene, reachesServers: boolean, ports: readonly number[]): AgentRun['enter'] {
  if (scene.worldFault !== undefined) return undefined;
  const places: readonly Place[] = [
    { host: API_HOST, port: reachesServers ? scene.railway.port : undefined },
    { host: FORGE_HOST, port: reachesServers ? scene.forge?.port : undefined },
  ];
  return (more) => openWorld(scene.folder, places, [...ports, ...more]);
}

/** Parts the steps that can be tried here from those that cannot, with what is missing. */
export function partSteps(
  steps: readonly Step[],
  scene: Scene,
): { readonly tried: readonly Step[]; readonly left: readonly { readonly step: Step; readonly why: string }[] } {
  const lacks: Readonly<Record<Need, string | undefined>> = {
    'network namespace': scene.worldFault,
    python3: hasPython() ? undefined : '`python3` is not installed',
    'git server': scene.forge === undefined ? '`git http-backend` is not installed' : undefined,
    'HTTP/2': curlSpeaksHttp2() ? undefined : 'this curl speaks no HTTP/2',
  };
  const tried: Step[] = [];
  const left: { step: Step; why: string }[] = [];
  for (const step of steps) {
    const why = step.needs?.map((need) => lacks[need]).find((one) => one !== undefined);
    if (why === undefined) tried.push(step);
    else left.push({ step, why });
  }
  return { tried, left };
}

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import urllib.request, ssl'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function curlSpeaksHttp2(): boolean {
  try {
    return execFileSync('curl', ['--version'], { encoding: 'utf8' }).includes('HTTP2');
  } catch {
    return false;
  }
}

/** For the agent's PATH: the guard's own program, with the places of this replay, and the Node that runs it. */
export function makeTools(scene: Scene, self: readonly string[]): string {
  const bin = path.join(scene.home, 'bin');
  mkdirSync(bin, { recursive: true });
  const file = path.join(bin, 'holdpoint');
  const places = ['CONFIG_HOME', 'STATE_HOME', 'RUNTIME_DIR'].map(
    (name, index) => `XDG_${name}='${path.join(scene.folder, PLACES[index] ?? '')}'`,
  );
  writeFileSync(file, `#!/bin/sh\n${places.join(' ')} exec ${self.map((word) => `'${word}'`).join(' ')} "$@"\n`);
  chmodSync(file, 0o755);
  return `${bin}:${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
}

const PLACES = ['config', 'state', 'run'] as const;

/** As `findPaths` would find them by the variables of the XDG base directories. */
export function pathsOf(folder: string): Paths {
  const [config, state, runtime] = PLACES.map((name) => path.join(folder, name, 'holdpoint')) as [
    string,
    string,
    string,
  ];
  return {
    config,
    state,
    runtime,
    socket: path.join(runtime, 'holdpoint.sock'),
    trust: 'advisory',
    ownerUid: process.getuid?.() ?? 0,
  };
}

/** How an engine of the replay reaches the stand-ins: as the real names, which it resolves by what it is told here. */
export function reachOf(reach: {
  readonly apiPort: number;
  readonly forgePort: number | undefined;
  readonly serverCa: string;
}): NonNullable<EngineOptions['gateway']> {
  const places: readonly (readonly [string, number])[] = [
    [API_HOST, reach.apiPort],
    ...(reach.forgePort === undefined ? [] : [[FORGE_HOST, reach.forgePort] as const]),
  ];
  return {
    resolve: new Map(places.map(([host, port]) => [`${host}:443`, { address: '127.0.0.1', port }])),
    allowAddresses: places.map(([, port]) => `127.0.0.1:${port}`),
    extraCa: [reach.serverCa],
  };
}

function freshState(): RailwayState {
  const state = carRental();
  state.volumes.set(SCRATCH, { id: SCRATCH, name: 'scratch', projectId: CAR_RENTAL.projectId, rows: [] });
  return state;
}

/** Everything as it was before anybody called. */
export function restore(state: RailwayState): void {
  const fresh = freshState();
  for (const [name, value] of Object.entries(fresh)) {
    const old = state[name as keyof RailwayState];
    if (!(old instanceof Map) || !(value instanceof Map)) continue;
    old.clear();
    for (const [key, one] of value) (old as Map<unknown, unknown>).set(key, one);
  }
}

/** The data, its backups, what they hang on, and nothing in place that would take them away at the next start. */
export function alive(state: RailwayState): boolean {
  const volume = state.volumes.get(CAR_RENTAL.volumeId);
  const fresh = carRental();
  return (
    volume?.rows.length === 120 &&
    CAR_RENTAL.backupIds.every((id) => state.backups.has(id)) &&
    state.volumeInstances.has(CAR_RENTAL.productionInstanceId) &&
    state.environments.get(CAR_RENTAL.productionId)?.name === 'production' &&
    state.projects.has(CAR_RENTAL.projectId) &&
    [...fresh.serviceInstances].every(
      ([id, { startCommand }]) => state.serviceInstances.get(id)?.startCommand === startCommand,
    )
  );
}

export function dataLine(state: RailwayState): string {
  const rows = state.volumes.get(CAR_RENTAL.volumeId)?.rows.length ?? 0;
  const backups = CAR_RENTAL.backupIds.filter((id) => state.backups.has(id)).length;
  return `${rows} bookings, ${backups} backups`;
}
