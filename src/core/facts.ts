import type { Json } from './canonical-json.ts';

/**
 * Shapes of the answers in evidence, agreed between those who ask (`languages/`) and those who answer (`adapters/`).
 * Each is plain JSON. `Evidence.answer` is `{ unknown }` where the world could not be asked.
 */

/** `recovery` about `file/path`: what would be lost if this path were deleted or overwritten. */
export type FileRecoveryFact = {
  readonly exists: boolean;
  readonly type: 'file' | 'directory' | 'symlink' | 'other' | 'none';
  /** Absolute, after symlinks in the directories before the last segment (and in it, where the asker wrote a trailing slash). */
  readonly realPath: string;
  /** For a symlink: the absolute path that it leads to. A deletion spares that, a write goes through to it. */
  readonly linkTarget?: string;
  readonly insideWorkspace: boolean;
  /** Inside the system's temporary directory. */
  readonly temporary: boolean;
  /** Every file below is tracked by git and equal to HEAD. */
  readonly trackedAndClean: boolean;
  /** Every file below is ignored by git and a known build product or dependency folder. */
  readonly regenerable: boolean;
  /** Files made by this task, and nothing else below. */
  readonly madeByTask: boolean;
  /** Capped at `LIMITS.safeguardFiles`; `filesCapped` says so. */
  readonly files: number;
  readonly filesCapped: boolean;
  readonly bytes: number;
  /** Paths (relative, at most 20) whose content exists nowhere else. */
  readonly irreplaceable: readonly string[];
};

/** `content` about `file/path`: a script or document that the attempt reads or runs. */
export type FileContentFact = {
  readonly text: string;
  /** SHA-256, lower-case hex. */
  readonly digest: string;
  readonly size: number;
};

/** `environment` about anything: which environments it serves, and who vouches for that. */
export type EnvironmentFact = {
  readonly environments: readonly { readonly id: string; readonly name: string; readonly production: boolean }[];
  /** `provider`: by immutable ids from the provider; `declared`: by a person; `claimed`: names an agent could have written. */
  readonly by: 'provider' | 'declared' | 'claimed';
  /** What people declared, by whom and when; absent where nobody did. */
  readonly declared?: readonly {
    /** `railway volume 3d2c42fb-…` */
    readonly about: string;
    readonly environment: string;
    readonly signer: string;
    readonly atMs: number;
    readonly note?: string;
  }[];
  /** Where a declaration, the provider and names disagree, in words; what they disagree about counts as production. */
  readonly contradictions?: readonly string[];
};

/** What a PostgreSQL server says of itself and of one database, asked in a read-only transaction. */
export type DatabaseSeen = {
  /** False where the server says that there is no database of that name. Then only `version` and `isHere` are told. */
  readonly exists: boolean;
  readonly version: string;
  /**
   * The server itself saw this connection come from this machine: over the socket file that it holds, or over loopback from
   * the very port that it left by. A tunnel, a proxy or a pooler in between shows another port.
   */
  readonly isHere: boolean;
  readonly bytes?: number;
  readonly tables?: number;
  /** Bytes of the tables' own rows. Nothing is in them where it is 0, whatever statistics say. */
  readonly tableBytes?: number;
  /** The planner's estimate; only a hint of size. */
  readonly rows?: number;
  /** Connections of others to this database. */
  readonly others?: number;
  readonly standbys?: number;
  /** This server is a copy of another one. */
  readonly isStandby?: boolean;
  /** Of the cluster. A copy of the files has the same: it can show that something is production, never that it is not. */
  readonly systemIdentifier?: string;
};

/** One database that a command would work on, without any secret. */
export type ConnectedDatabase = {
  /** `postgres`, `mysql`, `sqlite`, ...; `unknown` where the address does not say. */
  readonly system: string;
  /** Empty for a socket of the usual place, a file and memory. */
  readonly host: string;
  readonly port: number;
  /** Name, or the absolute path of a file. */
  readonly database: string;
  readonly place: 'memory' | 'file' | 'socket' | 'loopback' | 'remote';
  /** Which setting said so: `DATABASE_URL in .env`. */
  readonly from: string;
  /** What a person declared about this address. */
  readonly declared?: {
    readonly environment: string;
    readonly kind: 'production' | 'throwaway' | 'other';
    /** Who signed it; absent where it stands in a person's configuration. */
    readonly signer?: string;
  };
  readonly seen?: DatabaseSeen;
  /** Why nobody looked. */
  readonly notSeen?: string;
};

/**
 * `environment` about `database/connection` (loader, folder, words of the command): where a command's connection really
 * leads. `environments` holds what a person declared, and nothing else.
 */
export type ConnectionFact = EnvironmentFact & {
  /** All that the command would touch: `rails db:drop` takes the test database along. */
  readonly connections: readonly ConnectedDatabase[];
  /** Why something else could still be chosen: configuration that is code, variables that are not seen. */
  readonly unsettled?: string;
};

/** `environment` about `kubernetes/connection` (folder, words of the command): which cluster a command would work on. */
export type ClusterFact = EnvironmentFact & {
  readonly cluster: {
    readonly context: string;
    /** Address of the API server, as the file has it. */
    readonly server: string;
    readonly namespace: string;
    readonly from: string;
    readonly place: 'loopback' | 'remote';
    /** A program that hands out credentials. It is never run here. */
    readonly credentialProgram?: string;
    /** A local cluster by its name (`kind-*`, `minikube`, ...), on loopback, with nothing in between. */
    readonly isLocal: boolean;
    readonly declared?: ConnectedDatabase['declared'];
  };
  readonly unsettled?: string;
};

/** `dependents` about a resource: what breaks with it. */
export type DependentsFact = {
  readonly dependents: readonly {
    readonly kind: string;
    readonly id: string;
    readonly name: string;
    readonly environment: string;
    /** When and how it was last used, as far as the provider says. */
    readonly lastUse?: string;
  }[];
};

/** `recovery` about a provider's resource: copies, and whether they die with it. */
export type BackupsFact = {
  readonly backups: readonly {
    readonly id: string;
    readonly name: string;
    readonly atMs: number;
    readonly insideTarget: boolean;
  }[];
  /** Databases that lie in what would be destroyed; absent where nobody looked for any. */
  readonly databases?: readonly DatabaseInside[];
};

/** One database inside of what would be destroyed, or why it cannot be looked at. */
export type DatabaseInside = {
  readonly service: string;
  readonly environment: string;
} & (
  | {
      /** `host:port/name` */
      readonly at: string;
      /** The provider itself says that the address is this service's. */
      readonly vouched: boolean;
      readonly major: number;
      readonly tables: number;
      readonly megabytes: number;
      readonly extensions: readonly string[];
    }
  | { readonly unknown: string }
);

/** `credential` about the credential that would be used. */
export type CredentialFact = {
  readonly kind: 'project-token' | 'account-token' | 'workspace-token' | 'other';
  /** What it reaches, in words: `project p1, environment e1`, `every project of the account`. */
  readonly scope: string;
  /** Wider than the task needs. */
  readonly broad: boolean;
};

/** `documentation` about an operation: its published text. */
export type DocumentationFact = {
  readonly text: string;
  readonly url: string;
  /** Date of the stored copy, ISO 8601. */
  readonly date: string;
  /** `text` is the author's own; else it is ours. */
  readonly quoted?: boolean;
  /** What the server says otherwise by now than the text that a person confirmed. */
  readonly changed?: string;
};

/** `environment` about `git/remote-ref` or `git/repository`. */
export type GitFact = {
  readonly dirty: boolean;
  /** The index differs from HEAD. */
  readonly staged?: boolean;
  readonly branch: string;
  readonly untracked: number;
};

/** What brings a lost thing back. `moved`: its content stands somewhere else afterwards. `nothing`: it is the only copy. */
export type BroughtBackBy = 'git' | 'build' | 'task' | 'temporary' | 'moved' | 'nothing';

/** One thing that a rehearsed command took away or wrote over. */
export type RehearsedLoss = {
  /** Absolute. */
  readonly path: string;
  readonly fate: 'deleted' | 'overwritten' | 'emptied' | 'moved';
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  readonly files: number;
  readonly bytes: number;
  readonly by: BroughtBackBy;
  readonly insideWorkspace: boolean;
  /** Of `files` and `bytes`, those that exist nowhere else. */
  readonly irreplaceableFiles: number;
  readonly irreplaceableBytes: number;
};

/**
 * `rehearsal` about `host/command` (digest of the bytes, folder): what the command did in a throw-away view. It says
 * what can happen, never what cannot: a command can tell that it is rehearsed.
 */
export type RehearsalFact = {
  readonly ended: 'exited' | 'timed-out';
  readonly exitCode: number;
  /** At most `LIMITS.rehearsedLosses`, the gravest first; the sums count all. */
  readonly lost: readonly RehearsedLoss[];
  readonly things: number;
  readonly files: number;
  readonly bytes: number;
  readonly irreplaceableFiles: number;
  readonly irreplaceableBytes: number;
  /** There may be more than the sums say. */
  readonly capped: boolean;
};

/** `dependents` about `host/process` (its number): what runs there. */
export type ProcessFact = {
  /** The first words of its command line, redacted. */
  readonly words: readonly string[];
  /** It is the very process that answers. */
  readonly isThisProgram: boolean;
};

/** `recovery` about `git/ancestry` (workspace, older commit, newer commit): nothing is lost where the older one is in the newer one's history. */
export type GitAncestryFact = {
  readonly isAncestor: boolean;
};

/**
 * `content` about `git/difference` (folder, older, newer, place...): which of the places are not the same in both. Older: a
 * commit, or empty for every commit that a remote-tracking ref names. Newer: a commit or a branch, or empty for HEAD.
 */
export type GitDifferenceFact = {
  readonly changed: readonly string[];
};

/** `facts` of `check --batch`: claims about the world for judging without it. Documented in docs/check.md. */
export type StatedFacts = {
  readonly git?: { readonly dirty?: boolean; readonly branch?: string };
  readonly environment?: string;
  readonly regenerable?: readonly string[];
  readonly files?: { readonly [path: string]: Partial<FileRecoveryFact> | undefined };
};

export function factAsJson(fact: object): Json {
  return fact as Json;
}
