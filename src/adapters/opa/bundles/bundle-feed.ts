import path from 'node:path';
import { digestOf } from '../../../core/digest.ts';
import type { PolicyLayer } from '../../../ports/policy-layers.ts';
import type {
  BundleFeed,
  BundleOptions,
  BundleVerification,
  NextPolicy,
  PolicyCandidate,
  Sourced,
} from '../../../ports/policy-sources.ts';
import type { ReadBundle } from '../../../ports/policy-tools.ts';
import { type HttpClient, isCertificates, makeHttpClient, serverUrl } from '../server/http-client.ts';
import { readServerError } from '../server/server-answer.ts';
import { ARCHIVE_LIMITS } from './archive.ts';
import { type Kept, keepBundle, readKept, readKeptArchive, sha256Of } from './kept-bundle.ts';
import { faultOfVerification, readBundleApart } from './read-bundle.ts';
import { compareRevisions, placeOfRevision, REVISION_KINDS } from './revision-order.ts';

const FETCH_TIMEOUT_MS = 30_000;
const REVISION_MAX_CHARS = 200;
const ETAG = /^(W\/)?"[\x21\x23-\x7e]{0,200}"$/;

/** Checks and reads the bytes of a bundle. */
export type ReadBundleBytes = (bytes: Uint8Array, verification?: BundleVerification) => Promise<Sourced<ReadBundle>>;

/** An organisation's bundles, from a file or a server of files: https://www.openpolicyagent.org/docs/management-bundles */
export function openBundleFeed(options: BundleOptions, read: ReadBundleBytes = readBundleApart): Sourced<BundleFeed> {
  const url = path.isAbsolute(options.source) ? undefined : serverUrl(options.source);
  if (typeof url === 'string') return { ok: false, why: url };
  const fault = options.verification && faultOfVerification(options.verification);
  if (fault !== undefined) return { ok: false, why: fault };
  if (options.ca !== undefined && !isCertificates(options.ca))
    return { ok: false, why: 'the file of authorities holds no certificates in PEM' };
  return { ok: true, value: new Feed(options, url, read) };
}

interface Given {
  readonly content: string;
  readonly sha256: string;
  readonly etag: string | undefined;
}

interface Fetched {
  readonly bytes: Uint8Array;
  readonly etag: string | undefined;
}

class Feed implements BundleFeed {
  readonly #options: BundleOptions;
  readonly #url: URL | undefined;
  readonly #read: ReadBundleBytes;
  readonly #http: HttpClient;
  /** What was given out last, accepted or not: it is not given out again. */
  #given: Given | undefined;
  /** What was accepted by this process, where the disk would not keep it. */
  #accepted: Kept | undefined;

  constructor(options: BundleOptions, url: URL | undefined, read: ReadBundleBytes) {
    this.#options = options;
    this.#url = url;
    this.#read = read;
    this.#http = makeHttpClient(options);
  }

  async lastGood(): Promise<Sourced<PolicyCandidate | undefined>> {
    const { stateDir, verification } = this.#options;
    const kept = await this.#lastAccepted();
    if (!kept.ok || kept.value === undefined) return kept.ok ? { ok: true, value: undefined } : kept;
    const archive = await readKeptArchive(stateDir, kept.value);
    if (!archive.ok) return archive;
    const read = policyOf(await this.#read(archive.value, verification));
    if (!read.ok) return { ok: false, why: `the bundle that was kept: ${read.why}` };
    if (read.value.content !== kept.value.content)
      return { ok: false, why: 'the bundle that was kept is not the one that was accepted' };
    const { sha256, etag, content } = kept.value;
    this.#given = { sha256, etag, content };
    return { ok: true, value: { layer: read.value.layer, accepted: () => Promise.resolve(undefined) } };
  }

  async next(): Promise<NextPolicy> {
    const fetched = this.#url === undefined ? await this.#readFile() : await this.#fetch(this.#url);
    if (fetched === 'same') return { kind: 'same' };
    if (!fetched.ok) return refused(`${this.#options.source}: ${fetched.why}`);
    const { bytes, etag } = fetched.value;
    const sha256 = sha256Of(bytes);
    if (sha256 === this.#given?.sha256) {
      this.#given = { ...this.#given, etag };
      return { kind: 'same' };
    }
    const read = policyOf(await this.#read(bytes, this.#options.verification));
    if (!read.ok) return refused(`${this.#options.source}: ${read.why}`);
    const { layer, content } = read.value;
    const last = await this.#lastAccepted();
    if (!last.ok) return refused(last.why);
    const fault = this.#faultOfOrder(layer.revision ?? '', content, last.value);
    if (fault !== undefined) return refused(`${this.#options.source}: the bundle is refused: ${fault}`);
    const isSame = content === this.#given?.content;
    this.#given = { content, sha256, etag };
    if (isSame) return { kind: 'same' };
    const kept: Kept = {
      version: 1,
      source: this.#options.source,
      verified: this.#options.verification !== undefined,
      revision: layer.revision ?? '',
      content,
      sha256,
      ...(etag === undefined ? {} : { etag }),
      acceptedAtMs: this.#options.nowMs(),
    };
    const accepted = (): Promise<string | undefined> => {
      this.#accepted = kept;
      return keepBundle(this.#options.stateDir, kept, bytes);
    };
    return { kind: 'new', candidate: { layer, accepted } };
  }

  close(): Promise<void> {
    this.#http.close();
    return Promise.resolve();
  }

  /** Of this source: what was accepted of another says nothing about this one. */
  async #lastAccepted(): Promise<Sourced<Kept | undefined>> {
    if (this.#accepted !== undefined) return { ok: true, value: this.#accepted };
    const kept = await readKept(this.#options.stateDir);
    return kept.ok && kept.value?.source !== this.#options.source ? { ok: true, value: undefined } : kept;
  }

  /** SECURITY: with a key, nothing older than what was accepted; without one a revision is only a word. */
  #faultOfOrder(revision: string, content: string, last: Kept | undefined): string | undefined {
    if (this.#options.verification === undefined) return undefined;
    if (placeOfRevision(revision) === undefined)
      return `the revision \`${revision}\` has no order, so that an older bundle could not be told: use ${REVISION_KINDS}`;
    if (last?.verified !== true) return undefined;
    const order = compareRevisions(revision, last.revision);
    if (order === undefined)
      return `the revision \`${revision}\` cannot be compared with \`${last.revision}\`, which was accepted before`;
    if (order < 0) return `the revision \`${revision}\` is older than \`${last.revision}\`, which was accepted before`;
    if (order === 0 && content !== last.content)
      return `it is another bundle under the revision \`${last.revision}\`, which was accepted before`;
    return undefined;
  }

  async #readFile(): Promise<Sourced<Fetched>> {
    const read = await this.#options.readFile(this.#options.source, ARCHIVE_LIMITS.bytes);
    return read.ok ? { ok: true, value: { bytes: read.value, etag: undefined } } : read;
  }

  async #fetch(url: URL): Promise<Sourced<Fetched> | 'same'> {
    const { token } = this.#options;
    const etag = this.#given?.etag;
    const reply = await this.#http.ask({
      url,
      method: 'GET',
      headers: {
        accept: 'application/gzip, application/octet-stream, */*',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(etag === undefined ? {} : { 'if-none-match': etag }),
      },
      timeoutMs: FETCH_TIMEOUT_MS,
      maxBytes: ARCHIVE_LIMITS.bytes,
    });
    if (!reply.ok) return reply;
    if (reply.status === 304 && etag !== undefined) return 'same';
    if (reply.status !== 200) return { ok: false, why: readServerError(reply.status, reply.body) };
    const said = reply.headers.etag;
    return { ok: true, value: { bytes: reply.body, etag: said !== undefined && ETAG.test(said) ? said : undefined } };
  }
}

interface Policy {
  readonly layer: PolicyLayer;
  readonly content: string;
}

function policyOf(read: Sourced<ReadBundle>): Sourced<Policy> {
  if (!read.ok) return read;
  const fault = faultOfContents(read.value);
  if (fault !== undefined) return { ok: false, why: `the bundle is refused: ${fault}` };
  const { data, revision } = read.value;
  const modules = read.value.modules.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  try {
    const content = digestOf({ modules: modules.map(({ name, text }) => ({ name, text })), data, revision });
    const layer: PolicyLayer = { layer: 'organisation', modules, data };
    return { ok: true, value: { layer: revision === '' ? layer : { ...layer, revision }, content } };
  } catch (error) {
    return { ok: false, why: `the bundle is refused: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** A bundle that was made for something else is no policy of ours, however well it is signed. */
function faultOfContents(read: ReadBundle): string | undefined {
  if (read.revision.length > REVISION_MAX_CHARS) return `its revision is longer than ${REVISION_MAX_CHARS} characters`;
  const root = read.roots.find((one) => !/^(holdpoint|main)(\/|$)/.test(one));
  if (root !== undefined)
    return `its root \`${root}\` lies outside of \`holdpoint\` and \`main\`: give it a \`.manifest\` with {"roots": ["holdpoint"]}`;
  if (read.roots.length === 0) return 'its manifest names no roots';
  return read.modules.some((one) => !one.name.endsWith('_test.rego')) ? undefined : 'it holds no rego';
}

function refused(why: string): NextPolicy {
  return { kind: 'refused', why };
}
