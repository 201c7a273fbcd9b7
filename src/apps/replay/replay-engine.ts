import { readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import type { Certificates } from '../../ports/certificates.ts';
import { usage } from '../cli/holds.ts';
import { EXIT, type Io } from '../cli/io.ts';
import type { Engine, EngineOptions, EngineResult } from '../engine.ts';
import type { Paths } from '../paths.ts';
import type { ReplayPerson } from './person.ts';
import { pathsOf, reachOf, type Scene } from './scene.ts';

export interface ReplayDeps {
  openEngine(options: EngineOptions): Promise<EngineResult>;
  openCertificates(directory: string): Promise<Certificates>;
  /** Installs the hook for the client whose home this is, switched on; gives the shim's path. */
  installHook(paths: Paths, home: string, project: string): Promise<string>;
  readonly version: string;
  readonly self: readonly string[];
}

interface EnginePlaces {
  readonly folder: string;
  readonly home: string;
  readonly verifierUrl: string;
  readonly apiPort: number;
  readonly forgePort: number | undefined;
  readonly serverCa: string;
}

/** The engine beside the replay, in this very process. */
export function openReplayEngine(scene: Scene, person: ReplayPerson, deps: ReplayDeps): Promise<Engine> {
  return open(placesOf(scene), person.registry, deps);
}

export function placesOf(scene: Scene): EnginePlaces {
  const { folder, home, verifierUrl, railway, forge, serverCa } = scene;
  return { folder, home, verifierUrl, apiPort: railway.port, forgePort: forge?.port, serverCa };
}

async function open(
  places: EnginePlaces,
  registry: NonNullable<EngineOptions['registry']>,
  deps: ReplayDeps,
): Promise<Engine> {
  const paths = pathsOf(places.folder);
  const opened = await deps.openEngine({
    paths,
    home: places.home,
    person: 'owner',
    version: deps.version,
    execCommand: [...deps.self, 'exec', '--socket', paths.socket],
    mode: () => 'enforce',
    registry,
    railwayEndpoint: places.verifierUrl,
    gateway: reachOf(places),
  });
  if (!opened.ok) throw new Error(opened.why);
  return opened.engine;
}

const port = z.int().min(1).max(65_535);
const placesSchema = z.strictObject({
  home: z.string().startsWith('/'),
  verifierUrl: z.string().regex(/^http:\/\/127\.0\.0\.1:\d+\//),
  apiPort: port,
  forgePort: port.optional(),
  serverCa: z.string().max(64 * 1024),
});

/**
 * `holdpoint replay doomed-daemon FOLDER`: the engine of a replay in a process of its own, so that an agent can kill it.
 * SECURITY: what a replay's engine believes of addresses and people must not reach a real installation. So it has its
 * places below a replay's own temporary folder, and only there.
 */
export async function serveDoomed(folder: string, io: Io, deps: ReplayDeps): Promise<number> {
  const below = path.relative(realpathSync(tmpdir()), path.resolve(folder));
  if (!/^holdpoint-replay-\w+\/\d$/.test(below)) return usage(io, 'replay: that is no folder of a replay');
  const written: unknown = JSON.parse(readFileSync(path.join(folder, 'doomed.json'), 'utf8'));
  const { forgePort, ...places } = placesSchema.parse(written);
  const registry = {
    registryFile: path.join(folder, 'people', 'people.json'),
    trustedOwnerUids: [...new Set([0, process.getuid?.() ?? 0])],
  };
  const engine = await open({ ...places, folder, forgePort }, registry, deps);
  io.out('ready\n');
  await engine.daemon.ended;
  return EXIT.ok;
}
