import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Json } from '../../core/canonical-json.ts';
import { LIMITS } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import type { OrderCheck, People, PolicyPin, PolicyPinCheck } from '../../ports/people.ts';
import type { PolicyLayer } from '../../ports/policy-layers.ts';
import type { RegoSources } from '../../ports/policy-tools.ts';
import { replaceFile } from '../cli/install/replace-file.ts';
import { namesIn, readKept } from './kept-files.ts';
import { digestOfSources, FOLDER_LIMITS } from './rego-folder.ts';

/** A policy of a repository as a person pinned it, or why its workspace is denied everything that it would judge. */
export type Pinned =
  | { readonly key: string; readonly pin: PolicyPin; readonly signer: string; readonly sources: RegoSources }
  | { readonly key: string; readonly workspace?: string; readonly fault: string };

export type Kept =
  | { readonly ok: true; readonly pin: PolicyPin; readonly signer: string }
  | { readonly ok: false; readonly why: string };

/** Pins in a folder of the daemon's state. The working tree is never read here. */
export interface RepositoryPins {
  /** One for each pinned workspace, in order. `closed`: this account may not look. */
  read(): Promise<{ readonly pinned: readonly Pinned[]; readonly closed: boolean }>;
  /** Whether a pin may take the place of the one in force; changes nothing. */
  check(document: string, sources: RegoSources): Promise<Kept>;
  /** Keeps what `check` accepted. */
  keep(document: string, sources: RegoSources, pin: PolicyPin): void;
  /** Takes a pin out on a person's order for exactly this workspace; `undefined` where the caller is root by its socket. */
  drop(workspace: string, document: string | undefined): Promise<OrderCheck>;
}

export interface PinsOptions {
  readonly folder: string;
  readonly people: Pick<People, 'verifyPolicyPin' | 'verifyOrder'>;
  nowMs(): number;
}

/** A signature is for now: one that was captured long ago puts nothing in force. */
export const PIN_OLDEST_MS = LIMITS.approvalLifetimeMs;
const STATEMENT_BYTES = 64 * 1024;
const COPY_BYTES = 8 * FOLDER_LIMITS.bytes;
export const PINS_MAX = 64;

const copySchema = z.strictObject({
  modules: z.array(z.strictObject({ name: z.string(), text: z.string() })).max(FOLDER_LIMITS.files),
  data: z.record(z.string(), z.json()).optional(),
});

/** The name of a workspace's files. */
export function keyOfWorkspace(workspace: string): string {
  return createHash('sha256').update(workspace).digest('hex').slice(0, 32);
}

export function openRepositoryPins({ folder, people, nowMs }: PinsOptions): RepositoryPins {
  const statementFile = (key: string): string => path.join(folder, `${key}.pin.json`);
  const copyFile = (key: string): string => path.join(folder, `${key}.sources.json`);

  async function one(key: string): Promise<Pinned> {
    const kept = readKept(statementFile(key), STATEMENT_BYTES);
    if (!kept.ok) return { key, fault: `the signed pin does not count: ${kept.why}` };
    const check = await people.verifyPolicyPin(kept.bytes);
    if (!check.ok) return { key, fault: `the signed pin does not count: ${check.why}` };
    const { pin } = check;
    if (keyOfWorkspace(pin.workspace) !== key) return { key, fault: 'the signed pin is for another workspace' };
    const copy = readCopy(copyFile(key));
    if (typeof copy === 'string')
      return { key, workspace: pin.workspace, fault: `the copy of the pinned policy cannot be used: ${copy}` };
    if (digestOfSources(copy) !== pin.digest)
      return { key, workspace: pin.workspace, fault: 'the copy of the pinned policy is not what was signed' };
    return { key, pin, signer: check.signer.name, sources: copy };
  }

  return {
    async read() {
      const { names, closed } = namesIn(folder, '.json');
      // A copy whose statement is gone is still the sign of a pin.
      const keys = new Set(names.map((name) => name.replace(/\.(pin|sources)\.json$/, '')));
      return { pinned: await Promise.all([...keys].sort().map(one)), closed };
    },

    async check(document, sources) {
      const check: PolicyPinCheck = await people.verifyPolicyPin(new TextEncoder().encode(document));
      if (!check.ok) return check;
      const { pin } = check;
      const ageMs = nowMs() - pin.pinnedAtMs;
      if (ageMs < 0 || ageMs > PIN_OLDEST_MS) return no('the signature is not of the last ten minutes');
      if (digestOfSources(sources) !== pin.digest) return no('the rules are not the ones that were signed');
      const key = keyOfWorkspace(pin.workspace);
      const { names } = namesIn(folder, '.pin.json');
      if (names.includes(`${key}.pin.json`)) {
        const before = await one(key);
        if ('pin' in before && before.pin.pinnedAtMs >= pin.pinnedAtMs)
          return no('a pin that was signed later is in force');
      } else if (names.length >= PINS_MAX) return no(`more than ${PINS_MAX} workspaces are pinned`);
      return { ok: true, pin, signer: check.signer.name };
    },

    keep(document, sources, pin) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const key = keyOfWorkspace(pin.workspace);
      // Between the two the workspace is denied, never unpinned: neither fits the other.
      replaceFile(copyFile(key), `${JSON.stringify(sources)}\n`, 0o600);
      replaceFile(statementFile(key), document, 0o600);
    },

    async drop(workspace, document) {
      const key = keyOfWorkspace(workspace);
      if (!namesIn(folder, '.json').names.some((name) => name.startsWith(`${key}.`)))
        return no('no policy is pinned for that workspace');
      const check: OrderCheck =
        document === undefined
          ? { ok: true, signer: { name: 'root', presence: 'typed' }, atMs: nowMs() }
          : await people.verifyOrder(new TextEncoder().encode(document), {
              order: 'policy-unpin',
              subject: workspace,
            });
      if (!check.ok) return check;
      const ageMs = nowMs() - check.atMs;
      if (ageMs < 0 || ageMs > PIN_OLDEST_MS) return no('the signature is not of the last ten minutes');
      const before = await one(key);
      if ('pin' in before && before.pin.pinnedAtMs >= check.atMs) return no('it was pinned after this was signed');
      rmSync(statementFile(key), { force: true });
      rmSync(copyFile(key), { force: true });
      return check;
    },
  };
}

export function repositoryLayer(pinned: Extract<Pinned, { pin: PolicyPin }>): PolicyLayer {
  const { pin, sources } = pinned;
  return {
    layer: 'repository',
    modules: sources.modules,
    ...(sources.data === undefined ? {} : { data: sources.data }),
    scope: { workspace: pin.workspace },
    revision: `pinned ${new Date(pin.pinnedAtMs).toISOString()} by ${pinned.signer}`,
  };
}

function readCopy(file: string): RegoSources | string {
  const kept = readKept(file, COPY_BYTES);
  if (!kept.ok) return kept.why;
  const json = parseStrictJson(new TextDecoder().decode(kept.bytes), LIMITS.jsonDepth + 1);
  if (!json.ok) return json.error;
  const parsed = copySchema.safeParse(json.value);
  if (!parsed.success) return 'it is not as it was written';
  const { modules, data } = parsed.data;
  return { modules, ...(data === undefined ? {} : { data: data as { readonly [name: string]: Json } }) };
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
