import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Declared } from '../core/declaration.ts';
import { LIMITS } from '../core/limits.ts';
import { mapTargetText } from '../core/map-target.ts';
import { type ResourceRef, resourceKey } from '../core/resource.ts';
import { unknown } from '../core/tri.ts';
import type { DeclaredEnvironments } from '../ports/declared-environments.ts';
import type { DeclarationCheck, OrderCheck, People } from '../ports/people.ts';
import { replaceFile } from './cli/install/replace-file.ts';
import { namesIn, readKept } from './policy/kept-files.ts';

/** A declaration as it is kept, or why it does not count. */
export type KeptDeclaration =
  | { readonly declared: Declared }
  | { readonly file: string; readonly target?: string; readonly ignored: string };

/** Signed declarations in a folder of the daemon's state, read anew at each call. */
export interface DeclaredMap extends DeclaredEnvironments {
  list(): Promise<readonly KeptDeclaration[]>;
  /** Keeps a signed declaration; with `replace`, in the place of one about the same target. */
  keep(document: string, replace: boolean): Promise<DeclarationCheck>;
  /** Takes one out on a person's order for exactly this target; `undefined` where the caller is root by its socket. */
  remove(target: ResourceRef, order: string | undefined): Promise<OrderCheck>;
}

export interface MapOptions {
  readonly folder: string;
  readonly people: Pick<People, 'verifyDeclaration' | 'verifyOrder'>;
  nowMs(): number;
}

/** Where declarations lie in the daemon's state. */
export function mapDir(stateDir: string): string {
  return path.join(stateDir, 'map');
}

/** A signature is for now: one that was captured long ago declares nothing. */
const SIGNED_WITHIN_MS = LIMITS.approvalLifetimeMs;
const STATEMENT_BYTES = 64 * 1024;
const MOST_DECLARATIONS = 1_000;
const ENDING = '.json';
const REMOVED = '.removed';

export async function openDeclaredMap({ folder, people, nowMs }: MapOptions): Promise<DeclaredMap> {
  const keyOf = (target: ResourceRef): string =>
    createHash('sha256').update(resourceKey(target)).digest('hex').slice(0, 32);
  const fileOf = (key: string): string => path.join(folder, `${key}${ENDING}`);
  // What vanishes under a running daemon was not taken out by `remove`, and what grows older was put there by another.
  const seen = new Map<string, { readonly name: string; readonly declaredAtMs: number }>();

  async function read(key: string): Promise<DeclarationCheck> {
    const kept = readKept(fileOf(key), STATEMENT_BYTES);
    if (!kept.ok) return kept;
    const check = await people.verifyDeclaration(kept.bytes);
    if (!check.ok) return check;
    const { target, declaredAtMs } = check.declared;
    if (keyOf(target) !== key) return no('it is about another target');
    if (declaredAtMs < (seen.get(key)?.declaredAtMs ?? 0))
      return no('an older one stands in the place of what was there');
    seen.set(key, { name: mapTargetText(target), declaredAtMs });
    return check;
  }

  function isThere(key: string): boolean | string {
    try {
      return lstatSync(fileOf(key), { throwIfNoEntry: false }) !== undefined;
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : String(error);
    }
  }

  async function list(): Promise<readonly KeptDeclaration[]> {
    const keys = new Set([
      ...namesIn(folder, ENDING).names.map((name) => name.slice(0, -ENDING.length)),
      ...seen.keys(),
    ]);
    return Promise.all(
      [...keys].sort().map(async (key): Promise<KeptDeclaration> => {
        const check = await read(key);
        if (check.ok) return { declared: check.declared };
        const before = seen.get(key);
        return { file: fileOf(key), ...(before === undefined ? {} : { target: before.name }), ignored: check.why };
      }),
    );
  }

  await list();
  return {
    list,

    async of(target) {
      const key = keyOf(target);
      const there = isThere(key);
      const name = mapTargetText(target);
      if (typeof there === 'string')
        return unknown(`what people declared about \`${name}\` cannot be read from here (${there})`);
      if (!there && !seen.has(key)) return { known: undefined };
      const check = await read(key);
      return check.ok
        ? { known: check.declared }
        : unknown(`what was declared about \`${name}\` does not count: ${check.why}`);
    },

    async keep(document, replace) {
      const check = await people.verifyDeclaration(new TextEncoder().encode(document));
      if (!check.ok) return check;
      const { target, declaredAtMs } = check.declared;
      if (!isRecent(declaredAtMs)) return no('the signature is not of the last ten minutes');
      const key = keyOf(target);
      const before = isThere(key) === true ? await read(key) : undefined;
      if (before?.ok === true && before.declared.declaredAtMs >= declaredAtMs)
        return no('a declaration that was signed later is in force');
      if (before !== undefined && !replace)
        return no(`\`${mapTargetText(target)}\` is declared already; \`holdpoint map set\` replaces that`);
      if (removedAtMs(key) >= declaredAtMs) return no('it was taken out after this was signed');
      if (before === undefined && namesIn(folder, ENDING).names.length >= MOST_DECLARATIONS)
        return no(`there are ${MOST_DECLARATIONS} declarations already`);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      replaceFile(fileOf(key), document, 0o600);
      seen.set(key, { name: mapTargetText(target), declaredAtMs });
      return check;
    },

    async remove(target, document) {
      const key = keyOf(target);
      if (isThere(key) !== true && !seen.has(key)) return no('nothing is declared about it');
      const check: OrderCheck =
        document === undefined
          ? { ok: true, signer: { name: 'root', presence: 'typed' }, atMs: nowMs() }
          : await people.verifyOrder(new TextEncoder().encode(document), {
              order: 'map-remove',
              subject: mapTargetText(target),
            });
      if (!check.ok) return check;
      if (!isRecent(check.atMs)) return no('the signature is not of the last ten minutes');
      const before = await read(key);
      if (before.ok && before.declared.declaredAtMs >= check.atMs) return no('it was declared after this was signed');
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      // Somebody may have kept the statement: it is not taken a second time.
      replaceFile(path.join(folder, `${key}${REMOVED}`), String(check.atMs), 0o600);
      rmSync(fileOf(key), { force: true });
      seen.delete(key);
      return check;
    },
  };

  function isRecent(atMs: number): boolean {
    const ageMs = nowMs() - atMs;
    return ageMs >= 0 && ageMs <= SIGNED_WITHIN_MS;
  }

  function removedAtMs(key: string): number {
    const kept = readKept(path.join(folder, `${key}${REMOVED}`), 32);
    if (!kept.ok) return Number.NEGATIVE_INFINITY;
    const atMs = Number(new TextDecoder().decode(kept.bytes));
    return Number.isFinite(atMs) ? atMs : Number.POSITIVE_INFINITY;
  }
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
