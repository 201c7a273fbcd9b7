import type { Tri } from '../core/tri.ts';

/** How the host of an agent named an MCP server in one call. `name` is only a label. */
export interface McpServerNamed {
  readonly by: 'url' | 'command' | 'name';
  readonly value: string;
}

export interface McpServerPlace {
  /** The agent's host, e.g. `claude-code`: whose configuration says what a name stands for. */
  readonly host: string;
  /** Absolute, or empty. */
  readonly cwd: string;
  /** Absolute, or empty. */
  readonly workspace: string;
}

/**
 * What a server is. `digest`: 64 lower-case hex characters, the same for the same definition in this installation and
 * another one as soon as anything in it changes; it is keyed, since definitions hold secrets.
 */
export type McpServerIdentity = (
  | { readonly by: 'launch'; readonly digest: string }
  /** `url`: scheme and host only, for people. Path and query often carry a key; they are in the digest. */
  | { readonly by: 'url'; readonly url: string; readonly digest: string }
) & {
  /** Digest of the tools that the server describes, where the door sees them. Hooks do not. */
  readonly toolSchema?: string;
};

/**
 * Tells which server a name stands for. Contract:
 * - reads configuration, never runs anything and changes nothing;
 * - what is missing, cannot be read, or could mean more than one server is `unknown`, with a reason that stays the same
 *   as long as the world does; it never rejects;
 * - says what the host's configuration says now: what the host really launched, nobody outside of it can see.
 */
export interface McpServers {
  identify(server: McpServerNamed, place: McpServerPlace): Promise<Tri<McpServerIdentity>>;
}
