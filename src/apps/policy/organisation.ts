import path from 'node:path';
import type { Json } from '../../core/canonical-json.ts';
import { digestOf } from '../../core/digest.ts';
import type { PolicyLayer, PolicyProblem } from '../../ports/policy-layers.ts';
import type {
  BundleFeed,
  BundleVerification,
  NextPolicy,
  OpaServer,
  OpenBundleFeed,
  OpenOpaServer,
  PolicyCandidate,
  Sourced,
} from '../../ports/policy-sources.ts';
import { type Owners, readGuarded, readGuardedText } from './guarded-file.ts';
import { readPolicyFolder } from './policy-folder.ts';
import type { BundleSettings, FolderSettings, PolicySettings, ServerSettings } from './settings.ts';

const FOLDER_EVERY_MS = 30_000;
const SECRET_BYTES = 64 * 1024;
const AUTHORITIES_BYTES = 1024 * 1024;

export interface OrganisationDeps {
  /** `<state>/policy`: a folder that only the guard's account writes. */
  readonly stateDir: string;
  /** Root and the guard's account in a system installation. */
  readonly owners: Owners;
  readonly nowMs: () => number;
  readonly openServer: OpenOpaServer;
  readonly openBundles: OpenBundleFeed;
}

/** A policy that may change while it is in force. `next` as of BundleFeed: never rejects, one at a time. */
export interface LayerSource {
  /** How often to look. */
  readonly everyMs: number;
  next(): Promise<NextPolicy>;
  close(): Promise<void>;
}

export type Organisation =
  | { readonly kind: 'none' }
  /** Not to be left out: the guard does not start. */
  | { readonly kind: 'problem'; readonly problems: readonly PolicyProblem[] }
  | { readonly kind: 'server'; readonly server: OpaServer }
  | {
      readonly kind: 'layer';
      readonly candidate: PolicyCandidate;
      /** The last accepted one, to be tried where `candidate` does not compile. */
      readonly fallback?: PolicyCandidate;
      /** To be said loudly: the source was refused or away, and the last good one stands in. */
      readonly warning?: string;
      readonly source: LayerSource;
    };

/** What the settings say of the organisation's policy, read. Never rejects; what cannot be read is a problem, not silence. */
export function organisationLayer(settings: PolicySettings, deps: OrganisationDeps): Promise<Organisation> {
  const { organisation } = settings;
  if (organisation === undefined) return Promise.resolve({ kind: 'none' });
  switch (organisation.kind) {
    case 'folder':
      return fromFolder(organisation, deps);
    case 'bundle':
      return fromBundle(organisation, deps);
    case 'server':
      return fromServer(organisation, deps);
    default: {
      const never: never = organisation;
      throw new Error(`no such organisation ${JSON.stringify(never)}`);
    }
  }
}

async function fromFolder(settings: FolderSettings, deps: OrganisationDeps): Promise<Organisation> {
  const read = await layerOfFolder(settings, deps.owners);
  if (!read.ok) return { kind: 'problem', problems: read.problems };
  const given = { state: read.state };
  const next = async (): Promise<NextPolicy> => {
    const again = await layerOfFolder(settings, deps.owners);
    if (!again.ok)
      return {
        kind: 'refused',
        why: again.problems.map((one) => `${one.file ?? ''} ${one.message}`.trim()).join('; '),
      };
    if (again.state === given.state) return { kind: 'same' };
    given.state = again.state;
    return { kind: 'new', candidate: again.candidate };
  };
  const source: LayerSource = { everyMs: FOLDER_EVERY_MS, next, close: () => Promise.resolve() };
  return { kind: 'layer', candidate: read.candidate, source };
}

type FolderLayer =
  | { readonly ok: true; readonly candidate: PolicyCandidate; readonly state: string }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

async function layerOfFolder(settings: FolderSettings, owners: Owners): Promise<FolderLayer> {
  const read = await readPolicyFolder(settings.path, owners);
  if (!read.ok) {
    const problems = read.problems.map((one) =>
      one.file === undefined ? one : { ...one, file: path.join(settings.path, one.file) },
    );
    return { ok: false, problems };
  }
  const { modules, data } = read.value;
  const layer: PolicyLayer = { layer: 'organisation', modules, data };
  const texts: Json = modules.map(({ name, text }) => [name, text]);
  return { ok: true, candidate: { layer, accepted: () => Promise.resolve(undefined) }, state: digestOf([texts, data]) };
}

async function fromBundle(settings: BundleSettings, deps: OrganisationDeps): Promise<Organisation> {
  const opened = await openFeed(settings, deps);
  if (!opened.ok) return problem(opened.why);
  const feed = opened.value;
  // What was kept comes first, so that the server is asked only for what is newer.
  const kept = await feed.lastGood();
  const fetched = await feed.next();
  const source: LayerSource = {
    everyMs: settings.refreshS * 1000,
    next: () => feed.next(),
    close: () => feed.close(),
  };
  const last = kept.ok ? kept.value : undefined;
  if (fetched.kind === 'new')
    return { kind: 'layer', candidate: fetched.candidate, ...(last === undefined ? {} : { fallback: last }), source };
  if (last !== undefined) {
    const held = { kind: 'layer', candidate: last, source } as const;
    if (fetched.kind === 'same') return held;
    return { ...held, warning: `the last good bundle stays in force: ${fetched.why}` };
  }
  await feed.close();
  const whys = [...(fetched.kind === 'refused' ? [fetched.why] : []), ...(kept.ok ? [] : [kept.why])];
  return problem(`there is no bundle to go by: ${whys.join('; ')}`);
}

async function openFeed(settings: BundleSettings, deps: OrganisationDeps): Promise<Sourced<BundleFeed>> {
  const secrets = await readSecrets(settings, deps.owners);
  if (!secrets.ok) return secrets;
  const verification = await readVerification(settings, deps.owners);
  if (!verification.ok) return verification;
  // SECURITY: a signature speaks for a bundle wherever it lies; without one only its owner does.
  const owners: Owners = verification.value === undefined ? deps.owners : 'anybody';
  return deps.openBundles({
    source: settings.source,
    stateDir: deps.stateDir,
    ...(verification.value === undefined ? {} : { verification: verification.value }),
    ...secrets.value,
    readFile: (file, maxBytes) => readGuarded(file, maxBytes, owners),
    nowMs: deps.nowMs,
  });
}

async function readVerification(
  settings: BundleSettings,
  owners: Owners,
): Promise<Sourced<BundleVerification | undefined>> {
  if (settings.verification === undefined) return { ok: true, value: undefined };
  const { keyId, algorithm, publicKeyFile, scope } = settings.verification;
  const publicKey = await readGuardedText(publicKeyFile, SECRET_BYTES, owners);
  if (!publicKey.ok) return publicKey;
  const verification = { keyId, algorithm, publicKey: publicKey.value };
  return { ok: true, value: scope === undefined ? verification : { ...verification, scope } };
}

async function fromServer(settings: ServerSettings, deps: OrganisationDeps): Promise<Organisation> {
  const secrets = await readSecrets(settings, deps.owners);
  if (!secrets.ok) return problem(secrets.why);
  const { url, timeoutMs, expect } = settings;
  const opened = deps.openServer({
    url,
    path: settings.path,
    timeoutMs,
    ...(expect === undefined ? {} : { expect }),
    ...secrets.value,
  });
  return opened.ok ? { kind: 'server', server: opened.value } : problem(opened.why);
}

/** The token without the line end that editors put behind it; the authorities as they stand. */
async function readSecrets(
  files: { readonly tokenFile?: string | undefined; readonly caFile?: string | undefined },
  owners: Owners,
): Promise<Sourced<{ readonly token?: string; readonly ca?: string }>> {
  const token =
    files.tokenFile === undefined ? undefined : await readGuardedText(files.tokenFile, SECRET_BYTES, owners);
  if (token?.ok === false) return token;
  const ca = files.caFile === undefined ? undefined : await readGuardedText(files.caFile, AUTHORITIES_BYTES, owners);
  if (ca?.ok === false) return ca;
  const text = token?.value.trim();
  if (text === '') return { ok: false, why: `\`${files.tokenFile}\` is empty` };
  return {
    ok: true,
    value: { ...(text === undefined ? {} : { token: text }), ...(ca === undefined ? {} : { ca: ca.value }) },
  };
}

function problem(message: string): Organisation {
  return { kind: 'problem', problems: [{ code: 'organisation_error', message }] };
}
