/** One line of a push: the ref's value as the client saw it, its new value, its full name. Zeros: not there. */
export interface RefCommand {
  readonly from: string;
  readonly to: string;
  readonly ref: string;
}

export type RefCommands =
  /** `endBytes`: where the commands end, push options included, and the pack begins. */
  | { readonly ok: true; readonly commands: readonly RefCommand[]; readonly endBytes: number }
  | { readonly ok: false; readonly why: string };

const MAX_COMMANDS = 256;
const COMMAND = /^([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (refs\/[^\0 ~^:?*[\\\p{Cc}]{1,1000}|HEAD)$/u;
const HEX4 = /^[0-9a-f]{4}$/i;
const FLUSH = 0;

/** The commands at the start of a `git-receive-pack` request; whatever is not exactly that is not read. Source: gitprotocol-pack(5). */
export function readRefCommands(bytes: Uint8Array): RefCommands {
  const commands: RefCommand[] = [];
  let at = 0;
  let capabilities: readonly string[] = [];
  for (;;) {
    const packet = packetAt(bytes, at);
    if (packet === undefined) return { ok: false, why: 'the commands of the push break off' };
    at = packet.endBytes;
    if (packet.text === undefined) break;
    const [line = '', said, ...more] = packet.text.replace(/\n$/, '').split('\0');
    if (more.length > 0 || (said !== undefined && commands.length > 0))
      return { ok: false, why: 'a command of the push has a second list of capabilities' };
    if (said !== undefined) capabilities = said.trim().split(/ +/);
    if (/^shallow [0-9a-f]{40,64}$/.test(line) && said === undefined && commands.length === 0) continue;
    // Signed pushes carry their commands inside of a certificate.
    if (line === 'push-cert') return { ok: false, why: 'a signed push is not read here' };
    const command = COMMAND.exec(line);
    if (command === null || command[1]?.length !== command[2]?.length)
      return { ok: false, why: 'a command of the push cannot be read' };
    const [, from = '', to = '', ref = ''] = command;
    if (commands.some((one) => one.ref === ref)) return { ok: false, why: 'a ref stands twice in the push' };
    commands.push({ from, to, ref });
    if (commands.length > MAX_COMMANDS) return { ok: false, why: `more than ${MAX_COMMANDS} refs in one push` };
  }
  if (capabilities.includes('push-options')) {
    for (;;) {
      const packet = packetAt(bytes, at);
      if (packet === undefined) return { ok: false, why: 'the options of the push break off' };
      at = packet.endBytes;
      if (packet.text === undefined) break;
    }
  }
  return { ok: true, commands, endBytes: at };
}

/** All lines of a body that is nothing but packet lines; `undefined` where it is not. */
export function readPacketLines(bytes: Uint8Array): readonly string[] | undefined {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const packet = packetAt(bytes, at);
    if (packet === undefined) return undefined;
    at = packet.endBytes;
    if (packet.text !== undefined) lines.push(packet.text.replace(/\n$/, ''));
  }
  return lines;
}

/** A packet without text is a flush, a delimiter or an end of the response. Source: gitprotocol-common(5). */
function packetAt(
  bytes: Uint8Array,
  at: number,
): { readonly text: string | undefined; readonly endBytes: number } | undefined {
  const head = new TextDecoder('latin1').decode(bytes.subarray(at, at + 4));
  if (!HEX4.test(head)) return undefined;
  const length = Number.parseInt(head, 16);
  if (length === FLUSH || length === 1 || length === 2) return { text: undefined, endBytes: at + 4 };
  if (length < 4 || at + length > bytes.length) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(at + 4, at + length));
    return { text, endBytes: at + length };
  } catch {
    return undefined;
  }
}
