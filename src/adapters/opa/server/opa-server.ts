import { type Digest, digestOf } from '../../../core/digest.ts';
import { LIMITS } from '../../../core/limits.ts';
import type { LayerOpinion } from '../../../core/verdict.ts';
import type { PolicyInput } from '../../../ports/policy-engine.ts';
import type { LayerInForce } from '../../../ports/policy-layers.ts';
import type { OpaServer, OpaServerOptions, Sourced } from '../../../ports/policy-sources.ts';
import { documentText } from '../document-text.ts';
import { opinionOf, policyError } from '../findings.ts';
import { type HttpClient, isCertificates, makeHttpClient, serverUrl } from './http-client.ts';
import { dataPath, type Provenance, readServerAnswer, readServerError } from './server-answer.ts';

export const SERVER_LIMITS = {
  timeoutMs: 250,
  answerBytes: 4 * 1024 * 1024,
  pathSegments: 8,
} as const;

const SEGMENT = /^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$/;
const NOTHING_SAID: Provenance = { bundles: [] };

/** Open Policy Agent at another place, over its REST API: https://www.openpolicyagent.org/docs/rest-api#data-api */
export function openOpaServer(options: OpaServerOptions): Sourced<OpaServer> {
  const url = serverUrl(options.url);
  if (typeof url === 'string') return { ok: false, why: url };
  if (url.search !== '') return { ok: false, why: `\`${options.url}\` has a query` };
  const segments = options.path.split('/');
  if (segments.length > SERVER_LIMITS.pathSegments || !segments.every((one) => SEGMENT.test(one)))
    return { ok: false, why: `\`${options.path}\` is no path of data, such as \`holdpoint/policies\`` };
  const { timeoutMs } = options;
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > SERVER_LIMITS.timeoutMs)
    return { ok: false, why: `a time-out of ${timeoutMs} ms is not from 1 to ${SERVER_LIMITS.timeoutMs}` };
  if (options.token !== undefined && !/^[\x21-\x7e]+$/.test(options.token))
    return { ok: false, why: 'the token has characters that no header can carry' };
  const base = url.href.endsWith('/') ? url.href : `${url.href}/`;
  // SECURITY: without strict errors a `deny` whose built-in fails would vanish in silence.
  const target = new URL(`v1/data/${options.path}?strict-builtin-errors=true&provenance=true`, base);
  if (options.ca !== undefined && !isCertificates(options.ca))
    return { ok: false, why: 'the file of authorities holds no certificates in PEM' };
  return { ok: true, value: new Server(options, target, makeHttpClient(options)) };
}

class Server implements OpaServer {
  trouble: string | undefined;
  readonly #options: OpaServerOptions;
  readonly #target: URL;
  readonly #client: HttpClient;
  readonly #where: string;
  #provenance: Provenance = NOTHING_SAID;
  #digest: Digest;
  #inFlight = 0;
  #closed = false;

  constructor(options: OpaServerOptions, target: URL, client: HttpClient) {
    this.#options = options;
    this.#target = target;
    this.#client = client;
    this.#where = `the OPA server ${target.origin}`;
    this.#digest = this.#digestWith(NOTHING_SAID);
  }

  get inForce(): LayerInForce {
    const { bundles, revision } = this.#provenance;
    const said = [...(revision === undefined ? [] : [revision]), ...bundles.map(([name, one]) => `${name}@${one}`)];
    const name = { layer: 'organisation', label: 'organisation', digest: this.#digest } as const;
    return said.length === 0 ? name : { ...name, revision: said.join(' ') };
  }

  async evaluate(input: PolicyInput): Promise<readonly LayerOpinion[]> {
    const document = documentText(input);
    if (!document.ok) return [this.#deny(input, document.why)];
    if (this.#closed) return [this.#deny(input, `${this.#where} is closed`)];
    if (this.#inFlight >= LIMITS.inFlight)
      return [this.#deny(input, `more than ${LIMITS.inFlight} questions wait for ${this.#where}`)];
    this.#inFlight += 1;
    try {
      return [await this.#ask(input, document.text)];
    } finally {
      this.#inFlight -= 1;
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#client.close();
    return Promise.resolve();
  }

  async #ask(input: PolicyInput, document: string): Promise<LayerOpinion> {
    const { token, timeoutMs, path, expect } = this.#options;
    const reply = await this.#client.ask({
      url: this.#target,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: `{"input":${document}}`,
      timeoutMs,
      maxBytes: SERVER_LIMITS.answerBytes,
    });
    if (!reply.ok) return this.#fault(input, reply.why);
    if (reply.status !== 200) return this.#fault(input, readServerError(reply.status, reply.body));
    const answer = readServerAnswer(reply.body, { path, expect: expect ?? [] });
    if (!answer.ok) return this.#fault(input, answer.why);
    this.trouble = undefined;
    this.#provenance = answer.provenance;
    this.#digest = this.#digestWith(answer.provenance);
    const name = { layer: 'organisation', label: 'organisation', digest: this.#digest } as const;
    return opinionOf(name, answer.found, input, () => this.#where);
  }

  #fault(input: PolicyInput, why: string): LayerOpinion {
    this.trouble = `${this.#where}: ${why}`;
    return this.#deny(input, this.trouble);
  }

  #deny(input: PolicyInput, why: string): LayerOpinion {
    return policyError(
      { layer: 'organisation', label: 'organisation', digest: this.#digest },
      input.effects.length,
      why,
    );
  }

  /** Over all that is known of the policy there: another revision of a bundle voids what was approved under the last one. */
  #digestWith(provenance: Provenance): Digest {
    return digestOf({
      type: 'holdpoint/opa-server/v1',
      url: this.#target.origin + this.#target.pathname,
      data: dataPath(this.#options.path),
      expect: [...(this.#options.expect ?? [])].sort(),
      version: provenance.version,
      revision: provenance.revision,
      bundles: provenance.bundles.map(([name, revision]) => ({ name, revision })),
    });
  }
}
