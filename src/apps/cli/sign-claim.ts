import { spawn } from 'node:child_process';
import { isAbsolute, resolve } from 'node:path';
import { canonicalBytes, type Json } from '../../core/canonical-json.ts';
import type { People, SealedKeys } from '../../ports/people.ts';
import { keyIdOf, parseArmoredSshsig } from '../../protocols/sshsig/index.ts';
import type { Terminal } from './terminal.ts';

/** How a person signs: by a key that a passphrase opens, or by a security key that wants finger and PIN. */
export type KeyChoice =
  | { readonly kind: 'sealed'; readonly name: string }
  | { readonly kind: 'security-key'; readonly path: string };

export type Signed =
  | { readonly ok: true; readonly armored: string; readonly key: string }
  | { readonly ok: false; readonly why: string };

export interface SigningTools {
  readonly sealedKeys: SealedKeys;
  /** `undefined` where the process has no terminal: then nobody can sign here. */
  openTerminal(): Terminal | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Where `ssh-keygen` is looked for; in code only, for tests. */
  readonly sshKeygen?: string;
}

export const NO_TERMINAL =
  'no terminal at hand to ask a person; run this in your own terminal, or give a signature made elsewhere';
const SECURITY_KEY_TIMEOUT_MS = 120_000;
const MAX_SIGNATURE_BYTES = 8192;

/**
 * Which key signs. `wanted`: an enrolled name, or the path of a security key's file; without it, the one enrolled
 * person whose sealed key lies on this account.
 */
export async function findKey(
  wanted: string | undefined,
  cwd: string,
  people: People,
  sealedKeys: SealedKeys,
): Promise<{ readonly ok: true; readonly choice: KeyChoice } | { readonly ok: false; readonly why: string }> {
  if (wanted !== undefined && (isAbsolute(wanted) || wanted.includes('/'))) {
    return { ok: true, choice: { kind: 'security-key', path: resolve(cwd, wanted) } };
  }
  const list = await people.list();
  if (!list.ok) return list;
  const here: string[] = [];
  for (const person of list.people) {
    if (person.removed === true || !person.keys.some((key) => key.presence === 'typed')) continue;
    if (wanted !== undefined && wanted !== person.name) continue;
    if (await sealedKeys.has(person.name)) here.push(person.name);
  }
  const [name, ...others] = here;
  if (name !== undefined && others.length === 0) return { ok: true, choice: { kind: 'sealed', name } };
  if (name !== undefined)
    return no(`several people have a key here: ${here.join(', ')}; say which with \`--key NAME\``);
  if (wanted !== undefined) return no(`\`${wanted}\` is not enrolled with a sealed key on this account`);
  return no('no enrolled person has a sealed key on this account; for a security key give its file with `--key FILE`');
}

/** Signs the canonical bytes of a claim, for this one signature. */
export function signClaim(
  claimJson: { readonly [key: string]: Json },
  choice: KeyChoice,
  tools: SigningTools,
): Promise<Signed> {
  if (claimJson.type !== 'holdpoint/claim/v1') return Promise.resolve(no('this is not a claim'));
  return signStatement(claimJson, choice, tools);
}

/** As `signClaim`, for any statement: an exception, a pre-approval, an enrolment. */
export async function signStatement(
  statement: { readonly [key: string]: Json },
  choice: KeyChoice,
  tools: SigningTools,
): Promise<Signed> {
  const message = canonicalBytes(statement);
  const terminal = tools.openTerminal();
  if (terminal === undefined) return no(NO_TERMINAL);
  try {
    const made =
      choice.kind === 'sealed'
        ? await signSealed(message, choice.name, terminal, tools.sealedKeys)
        : await signWithSecurityKey(message, choice.path, terminal, tools);
    if (!made.ok) return made;
    const parsed = parseArmoredSshsig(new TextEncoder().encode(made.sshsig));
    return parsed.ok ? { ok: true, armored: made.sshsig, key: keyIdOf(parsed.sshsig.publicKey) } : parsed;
  } finally {
    terminal.close();
  }
}

type Made = { readonly ok: true; readonly sshsig: string } | { readonly ok: false; readonly why: string };

async function signSealed(
  message: Uint8Array,
  name: string,
  terminal: Terminal,
  sealedKeys: SealedKeys,
): Promise<Made> {
  const passphrase = await terminal.askSecret(`passphrase of ${name}, to sign this once: `);
  if (passphrase === undefined || passphrase === '') return no('nothing was typed, nothing is signed');
  return sealedKeys.sign(name, passphrase, message);
}

/**
 * Lets ssh-keygen talk to the security key. SECURITY: neither ssh-agent nor an askpass program takes part, and no
 * middleware library is taken from the environment.
 */
function signWithSecurityKey(
  message: Uint8Array,
  path: string,
  terminal: Terminal,
  tools: SigningTools,
): Promise<Made> {
  return new Promise((settle) => {
    terminal.write('touch the security key when it blinks\n');
    const env: NodeJS.ProcessEnv = { PATH: '/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin' };
    for (const name of ['HOME', 'TERM', 'LANG', 'LC_ALL'])
      if (tools.env[name] !== undefined) env[name] = tools.env[name];
    const child = spawn(tools.sshKeygen ?? 'ssh-keygen', ['-q', '-Y', 'sign', '-n', 'holdpoint', '-f', path], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: SECURITY_KEY_TIMEOUT_MS,
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunks.reduce((sum, one) => sum + one.length, 0) <= MAX_SIGNATURE_BYTES) chunks.push(chunk);
    });
    child.on('error', (error) => settle(no(`\`ssh-keygen\` cannot run: ${error.message}`)));
    child.on('close', (code) => {
      if (code === 0) settle({ ok: true, sshsig: Buffer.concat(chunks).toString('latin1') });
      else settle(no(`\`ssh-keygen\` did not sign (${code === null ? 'stopped' : `exit ${code}`})`));
    });
    // A child that ends early closes the pipe; its exit says why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(message);
  });
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
