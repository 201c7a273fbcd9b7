import { createHmac } from 'node:crypto';
import { canonicalJson, type Json } from '../../core/canonical-json.ts';
import { known, type Tri, unknown } from '../../core/tri.ts';
import type { Clock } from '../../ports/clock.ts';
import type { McpServerIdentity, McpServerPlace, McpServers } from '../../ports/mcp-servers.ts';
import { type Definition, isMembers, type Members, makeClaudeCodeDefinitions, own } from './definitions.ts';
import { makeLaunchReader, type ReadLaunch } from './launch.ts';

export interface McpServersOptions {
  /** Absolute path of the home folder of the account that the agents run under. */
  readonly home: string;
  /** Stays with the installation, so that a digest is the same after a restart and worthless elsewhere. */
  readonly key: Uint8Array;
  readonly clock: Clock;
  /** Default: where Claude Code looks on this platform. */
  readonly managedFile?: string;
}

const MANAGED =
  process.platform === 'darwin'
    ? '/Library/Application Support/ClaudeCode/managed-mcp.json'
    : '/etc/claude-code/managed-mcp.json';
const URL_TYPES: ReadonlySet<Json | undefined> = new Set([undefined, 'http', 'sse', 'ws', 'streamable-http']);

/** Identifies MCP servers by what the host's configuration says. Reads, never runs. */
export function makeMcpServers(options: McpServersOptions): McpServers {
  const { clock, home, managedFile } = options;
  const find = makeClaudeCodeDefinitions({ home, managed: managedFile ?? MANAGED }, clock);
  const launch = makeLaunchReader(clock);
  const digest = (what: Json): string =>
    createHmac('sha256', options.key)
      .update(`holdpoint-mcp-server\0${canonicalJson(what)}`)
      .digest('hex');

  return {
    async identify(server, place) {
      switch (server.by) {
        case 'url':
          return ofUrl(server.value, {}, digest);
        case 'command':
          return ofCommand(server.value, place, launch, digest);
        case 'name': {
          if (place.host !== 'claude-code') return unknown('the host gives no URL or command');
          const found = await find(server.value, place);
          return 'unknown' in found ? found : ofDefinition(server.value, found.known, place, launch, digest);
        }
        default:
          return server.by satisfies never;
      }
    },
  };
}

type Digester = (what: Json) => string;

async function ofDefinition(
  name: string,
  { entry, file }: Definition,
  place: McpServerPlace,
  launch: ReadLaunch,
  digest: Digester,
): Promise<Tri<McpServerIdentity>> {
  const command = own(entry, 'command');
  const url = own(entry, 'url');
  const type = own(entry, 'type');
  const where = `\`${name}\` in \`${file}\``;
  if (command !== undefined && url !== undefined) return unknown(`${where} has a command and a URL`);
  if (typeof url === 'string') {
    if (!URL_TYPES.has(type)) return unknown(`${where} is of a type that is not known`);
    return ofUrl(url, entry, digest);
  }
  if (typeof command !== 'string' || command === '') return unknown(`${where} has no command and no URL`);
  if (type !== undefined && type !== 'stdio') return unknown(`${where} is of a type that is not known`);
  const args = own(entry, 'args') ?? [];
  if (!isTexts(args)) return unknown(`${where} has arguments that are not texts`);
  const env = own(entry, 'env') ?? {};
  if (!isMembers(env)) return unknown(`${where} has an environment that is not an object`);
  if (command.includes('${')) return unknown(`${where} has a command that depends on a variable`);
  const files = await launch(command, args, place.workspace || place.cwd);
  if ('unknown' in files) return unknown(`${where}: ${files.unknown}`);
  return known({ by: 'launch', digest: digest({ entry, files: files.known.files }) });
}

/** Cursor gives the command line as one text. */
async function ofCommand(
  text: string,
  place: McpServerPlace,
  launch: ReadLaunch,
  digest: Digester,
): Promise<Tri<McpServerIdentity>> {
  const [command = '', ...args] = text.split(/\s+/).filter((word) => word !== '');
  if (command === '') return unknown('the host gives an empty command');
  const files = await launch(command, args, place.workspace || place.cwd);
  if ('unknown' in files) return files;
  return known({ by: 'launch', digest: digest({ command: text, files: files.known.files }) });
}

function ofUrl(text: string, entry: Members, digest: Digester): Tri<McpServerIdentity> {
  // The host's variables are not ours: one in the address would leave open who is asked.
  if (/^[^?#]*\$\{/.test(text)) return unknown('its URL depends on a variable');
  if (/[\s\\\p{Cc}]/u.test(text) || !URL.canParse(text)) return unknown('its URL cannot be read');
  const url = new URL(text);
  if (!['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol))
    return unknown('its URL is of a kind that is not known');
  return known({
    by: 'url',
    url: `${url.protocol}//${url.host}`,
    digest: digest({ url: url.href, entry }),
  });
}

function isTexts(value: Json): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
