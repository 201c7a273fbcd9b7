import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { visibleText } from '../../core/visible-text.ts';
import type {
  Account,
  Done,
  EnrolmentRequest,
  People,
  PeopleWriter,
  SealedKeys,
  Surroundings,
} from '../../ports/people.ts';
import { installationTrust } from '../../ports/people.ts';
import { fingerprintOf, isSecurityKey, parsePublicKeyText, publicKeyText } from '../../protocols/sshsig/index.ts';
import { EXIT, type Io } from './io.ts';
import { findKey, NO_TERMINAL, signStatement } from './sign-claim.ts';
import type { Terminal } from './terminal.ts';

export interface PeopleTools {
  readonly account: Account;
  readonly people: People;
  readonly writer: PeopleWriter;
  readonly sealedKeys: SealedKeys;
  readonly surroundings: Surroundings;
}

export interface PeopleDeps {
  open(account: string | undefined): Promise<Done<{ readonly tools: PeopleTools }>>;
  openTerminal(): Terminal | undefined;
  /** Text of a file of at most some kilobytes; `undefined` where it cannot be read. */
  readFile(path: string): string | undefined;
  nowMs(): number;
  /** The daemon's account, where it is another than the person's. */
  readonly daemonUid?: number;
}

const USAGE =
  'people: `list`, `add NAME --generate`, `add NAME --key FILE.pub` or `remove NAME`; see `holdpoint help people`';

interface Asked {
  readonly action: string;
  readonly names: readonly string[];
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
}

/** `holdpoint people ...`: who may sign. */
export async function runPeople(args: readonly string[], io: Io, deps: PeopleDeps): Promise<number> {
  const asked = parse(args);
  if (asked === undefined) return usage(io);
  const opened = await deps.open(asked.values.get('--account'));
  if (!opened.ok) return refused(io, opened.why);
  const { tools } = opened;
  const [name, ...more] = asked.names;
  if (asked.action === 'list' && name === undefined) return list(io, tools, deps, asked.flags.has('--json'));
  if (name === undefined || more.length > 0 || asked.flags.has('--json')) return usage(io);
  if (asked.action === 'add') return add(name, asked, io, tools, deps);
  if (asked.action !== 'remove' || asked.flags.size > 0) return usage(io);
  const nearby = await tools.surroundings.agentNearby();
  if (nearby !== undefined) return refused(io, agentWords(nearby));
  const done = await tools.writer.remove(name);
  if (!done.ok) return refused(io, done.why);
  io.out(`removed ${name}: no signature of theirs counts from now on\n`);
  return EXIT.ok;
}

function parse(args: readonly string[]): Asked | undefined {
  const [action, ...rest] = args;
  if (action === undefined) return undefined;
  const names: string[] = [];
  const flags = new Set<string>();
  const values = new Map<string, string>();
  for (let i = 0; i < rest.length; i += 1) {
    const arg = rest[i] ?? '';
    if (['--json', '--generate'].includes(arg)) flags.add(arg);
    else if (['--key', '--signed-by', '--account'].includes(arg)) {
      const value = rest[i + 1];
      if (value === undefined || values.has(arg)) return undefined;
      values.set(arg, value);
      i += 1;
    } else if (arg.startsWith('-')) return undefined;
    else names.push(arg);
  }
  return { action, names, flags, values };
}

async function add(name: string, asked: Asked, io: Io, tools: PeopleTools, deps: PeopleDeps): Promise<number> {
  const file = asked.values.get('--key');
  const generate = asked.flags.has('--generate');
  const signedBy = asked.values.get('--signed-by');
  if ((file !== undefined) === generate) return usage(io);
  if (file !== undefined && deps.readFile(file) === undefined) {
    io.err(`holdpoint people: cannot read \`${visibleText(file)}\`\n`);
    return EXIT.usage;
  }
  const { surroundings, account } = tools;
  const nearby = await surroundings.agentNearby();
  if (nearby !== undefined) return refused(io, agentWords(nearby));
  if (signedBy === undefined && surroundings.uid !== 0) {
    return refused(
      io,
      `only root enrols people: run \`sudo holdpoint people add ${visibleText(name)} ${generate ? '--generate' : '--key FILE.pub'}\`, or have an enrolled person sign with \`--signed-by\``,
    );
  }
  // Where the agent's own account is root, nothing but habit keeps it out; at least it takes a terminal.
  if (account.uid === 0 || generate || signedBy !== undefined) {
    const terminal = deps.openTerminal();
    if (terminal === undefined) return refused(io, NO_TERMINAL);
    terminal.close();
  }
  const made = generate ? await generateKey(name, tools, deps) : readKey(file ?? '', io, deps);
  if (!made.ok) return refused(io, made.why);
  const request: EnrolmentRequest = {
    name,
    publicKey: made.publicKey,
    presence: made.presence,
    addedAtMs: deps.nowMs(),
  };
  const done =
    signedBy === undefined ? await tools.writer.enrol(request) : await enrolSigned(request, signedBy, io, tools, deps);
  if (!done.ok) {
    if (generate) await tools.sealedKeys.discard(name);
    return refused(io, done.why);
  }
  io.out(`enrolled ${name} (${made.presence}) ${fingerprint(made.publicKey)}\n`);
  if (generate) io.out(`sealed key    ${tools.sealedKeys.pathOf(name)}\n`);
  if (made.presence === 'unproven') {
    io.out('this key may sit in ssh-agent and sign for any process: it does not count for destructive approvals\n');
  }
  for (const line of await trustLines(tools, deps)) io.out(`${line}\n`);
  return EXIT.ok;
}

type Made = Done<{ readonly publicKey: string; readonly presence: EnrolmentRequest['presence'] }>;

function readKey(file: string, io: Io, deps: PeopleDeps): Made {
  const text = deps.readFile(resolve(io.cwd, file));
  if (text === undefined) return { ok: false, why: `cannot read \`${visibleText(file)}\`` };
  const key = parsePublicKeyText(text);
  if (!key.ok) return { ok: false, why: `\`${visibleText(file)}\` is no public key that can be used: ${key.why}` };
  return {
    ok: true,
    publicKey: publicKeyText(key.key),
    presence: isSecurityKey(key.key) ? 'touched' : 'unproven',
  };
}

async function generateKey(name: string, tools: PeopleTools, deps: PeopleDeps): Promise<Made> {
  const terminal = deps.openTerminal();
  if (terminal === undefined) return { ok: false, why: NO_TERMINAL };
  try {
    const typed = await terminal.askSecret(
      `new passphrase for the key of ${visibleText(name)} (empty: one is made for you): `,
    );
    if (typed === undefined) return { ok: false, why: 'nothing was typed, nothing is enrolled' };
    const passphrase = typed === '' ? newPassphrase() : typed;
    if (typed === '') terminal.write(`passphrase: ${passphrase}\nkeep it where no agent reads, then `);
    const again = await terminal.askSecret('type it again: ');
    if (again !== passphrase) return { ok: false, why: 'the two passphrases differ' };
    const made = await tools.sealedKeys.generate(name, passphrase);
    return made.ok ? { ...made, presence: 'typed' } : made;
  } finally {
    terminal.close();
  }
}

/** 80 random bits in the letters and digits that are hardest to confuse. */
function newPassphrase(): string {
  const letters = [...randomBytes(16)].map((byte) => 'abcdefghijkmnpqrstuvwxyz23456789'[byte % 32]).join('');
  return letters.replace(/(.{4})(?=.)/g, '$1-');
}

async function enrolSigned(
  request: EnrolmentRequest,
  signedBy: string,
  io: Io,
  tools: PeopleTools,
  deps: PeopleDeps,
): Promise<Done> {
  const found = await findKey(signedBy, io.cwd, tools.people, tools.sealedKeys);
  if (!found.ok) return found;
  io.err(
    `to sign: \`${request.name}\` may approve, with the key ${fingerprint(request.publicKey)} (${request.presence})\n`,
  );
  const { sealedKeys } = tools;
  const signed = await signStatement(tools.writer.enrolmentStatement(request), found.choice, {
    sealedKeys,
    openTerminal: () => deps.openTerminal(),
    env: io.env,
  });
  return signed.ok ? tools.writer.enrolSigned(request, signed.armored) : signed;
}

async function list(io: Io, tools: PeopleTools, deps: PeopleDeps, json: boolean): Promise<number> {
  const read = await tools.people.list();
  const trust = await trustOf(tools, deps);
  if (json) {
    io.out(
      `${JSON.stringify(read.ok ? { people: read.people, ignored: read.ignored, ...trust } : { error: read.why, ...trust })}\n`,
    );
    return read.ok ? EXIT.ok : EXIT.failed;
  }
  if (!read.ok) {
    io.err(`holdpoint: ${visibleText(read.why)}\n`);
    return EXIT.failed;
  }
  for (const person of read.people) {
    for (const key of person.keys) {
      const state = person.removed === true ? 'removed' : key.presence;
      const added = `${new Date(key.addedAtMs).toISOString()} by ${visibleText(key.addedBy)}`;
      io.out(`${person.name.padEnd(16)} ${state.padEnd(8)} ${fingerprint(key.publicKey)}  ${added}\n`);
    }
  }
  for (const why of read.ignored) io.out(`ignored: ${visibleText(why)}\n`);
  for (const line of await trustLines(tools, deps)) io.out(`${line}\n`);
  return EXIT.ok;
}

async function trustOf(tools: PeopleTools, deps: PeopleDeps) {
  const { account, surroundings } = tools;
  const passwordlessSudo = surroundings.uid !== 0 && (await surroundings.passwordlessSudo());
  return installationTrust({ daemonUid: deps.daemonUid ?? account.uid, agentUid: account.uid, passwordlessSudo });
}

async function trustLines(tools: PeopleTools, deps: PeopleDeps): Promise<string[]> {
  const { trust, reasons } = await trustOf(tools, deps);
  return trust === 'advisory' ? reasons.map((reason) => `advisory: ${reason}`) : [];
}

function fingerprint(publicKey: string): string {
  const key = parsePublicKeyText(publicKey);
  return key.ok ? fingerprintOf(key.key) : 'not readable';
}

function agentWords(sign: string): string {
  return `an agent seems to be at work here (${sign}); run this in a terminal that no agent started`;
}

function usage(io: Io): number {
  io.err(`holdpoint ${USAGE}\n`);
  return EXIT.usage;
}

function refused(io: Io, why: string): number {
  io.err(`holdpoint: refused: ${visibleText(why)}\n`);
  return EXIT.deny;
}
