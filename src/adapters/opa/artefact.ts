import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { compileModule } from './webassembly.ts';

/** What scripts/build-policy-engine.sh wrote beside the module: versions and SHA-256 of both forms, in hex. */
export interface EngineSums {
  readonly opa: string;
  readonly go: string;
  readonly wasm: string;
  readonly brotli: string;
}

export interface ArtefactOptions {
  /** Where the module and its sums lie; for tests of damaged ones. */
  readonly module?: URL;
  readonly sums?: URL;
  /** A folder that only the guard's account writes; keeps the module unpacked. Without it it is unpacked each time. */
  readonly cacheDir?: string;
}

export type EngineModule =
  | { readonly ok: true; readonly module: WebAssembly.Module; readonly sums: EngineSums }
  | { readonly ok: false; readonly why: string };

const MAX_BYTES = 128 * 1024 * 1024;
const MODULE = new URL('./opa-engine.wasm.br', import.meta.url);
const SUMS = new URL('./opa-engine.sum', import.meta.url);
/** Named so that the build copies it beside the program. */
export const ENGINE_LICENCES: URL = new URL('./opa-engine-licences.txt', import.meta.url);
const unpack = promisify(brotliDecompress);

/** Reads, checks and compiles the engine. SECURITY: what does not have the recorded checksum is never compiled. */
export async function loadEngineModule(options: ArtefactOptions = {}): Promise<EngineModule> {
  try {
    const sums = parseSums(await readFile(options.sums ?? SUMS, 'utf8'));
    if (sums === undefined) return { ok: false, why: 'the checksums of the policy engine cannot be read' };
    const cached = options.cacheDir === undefined ? undefined : path.join(options.cacheDir, `opa-${sums.wasm}.wasm`);
    const kept = cached === undefined ? undefined : await readFile(cached).catch(() => undefined);
    if (kept !== undefined && sha256(kept) === sums.wasm) return { ok: true, module: await compileModule(kept), sums };
    const packed = await readFile(options.module ?? MODULE);
    if (sha256(packed) !== sums.brotli) return { ok: false, why: 'the policy engine is damaged: its checksum differs' };
    const bytes = await unpack(packed, { maxOutputLength: MAX_BYTES });
    if (sha256(bytes) !== sums.wasm) return { ok: false, why: 'the policy engine is damaged: its checksum differs' };
    // A cache that cannot be written costs time, not safety.
    if (cached !== undefined) await keep(cached, bytes).catch(() => undefined);
    return { ok: true, module: await compileModule(bytes), sums };
  } catch (error) {
    return {
      ok: false,
      why: `the policy engine cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

/** The recorded sums alone: a digest of a layer needs the version of OPA, not OPA. Throws where they cannot be read. */
export function readSums(options: ArtefactOptions = {}): EngineSums {
  const sums = parseSums(readFileSync(options.sums ?? SUMS, 'utf8'));
  if (sums === undefined) throw new Error('the checksums of the policy engine cannot be read');
  return sums;
}

async function keep(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, bytes, { mode: 0o600, flag: 'wx' });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

function parseSums(text: string): EngineSums | undefined {
  const lines = new Map(text.split('\n').map((line) => line.split(' ', 2) as [string, string | undefined]));
  const [opa, go, wasm, brotli] = ['opa', 'go', 'wasm', 'brotli'].map((name) => lines.get(name));
  if (opa === undefined || go === undefined || wasm === undefined || brotli === undefined) return undefined;
  return [wasm, brotli].every((sum) => /^[0-9a-f]{64}$/.test(sum)) ? { opa, go, wasm, brotli } : undefined;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
