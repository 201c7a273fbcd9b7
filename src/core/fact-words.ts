import type { Json } from './canonical-json.ts';
import type { Evidence } from './evidence.ts';
import type {
  BroughtBackBy,
  ClusterFact,
  ConnectedDatabase,
  ConnectionFact,
  ProcessFact,
  RehearsalFact,
} from './facts.ts';
import { resourceKey } from './resource.ts';

/** A checked fact in words for a card. `✗` speaks against the act, `✓` for it, `?` could not be learnt. */
export interface FactWords {
  readonly mark: '✓' | '✗' | '?';
  readonly text: string;
}

export function describeFact(evidence: Evidence): FactWords {
  const { question, answer, source } = evidence;
  if (!('known' in answer)) return { mark: '?', text: `${question.check}: not known: ${answer.unknown}` };
  const fact = answer.known;
  if (fact === null || typeof fact !== 'object' || Array.isArray(fact)) return plain(evidence, fact);
  const at = fact as { readonly [key: string]: Json | undefined };
  if ('connections' in at) return connectionWords(at as unknown as ConnectionFact);
  if ('cluster' in at) return clusterWords(at as unknown as ClusterFact);
  if ('environments' in at) return environmentWords(at, source);
  if ('dependents' in at) return dependentsWords(at);
  if ('backups' in at) return backupsWords(at);
  if ('scope' in at)
    return {
      mark: at.broad === true ? '✗' : '✓',
      text: `credential: ${text(at.kind)}, reaches ${text(at.scope)}${at.broad === true ? ', more than this task needs' : ''}`,
    };
  if ('trackedAndClean' in at) return fileWords(at);
  if ('isThisProgram' in at) {
    const { words, isThisProgram } = at as unknown as ProcessFact;
    const what = isThisProgram ? 'the guard itself' : words.join(' ').trim();
    return { mark: isThisProgram ? '✗' : '✓', text: `process ${question.about.path[0] ?? ''}: ${what}` };
  }
  if (isGitFact(evidence)) return gitWords(at);
  if (question.check === 'rehearsal') return rehearsalWords(at);
  if (question.check === 'documentation') return documentationWords(at);
  if (question.check === 'content')
    return {
      mark: '✓',
      text: `content: read ${text(at.size)} bytes of ${resourceKey(question.about)}, SHA-256 ${text(at.digest).slice(0, 12)}`,
    };
  return plain(evidence, fact);
}

type Members = { readonly [key: string]: Json | undefined };

function environmentWords(at: Members, source: string): FactWords {
  const list = rows(at.environments);
  const names = list.map((one) => `${text(one.name)}${one.production === true ? ' (production)' : ''}`);
  const words = rows(at.declared).map(declaredWords);
  const vouched =
    at.by === 'provider'
      ? `by the provider's own ids, ${source}`
      : at.by === 'declared'
        ? 'declared by a person'
        : 'only claimed: a name that an agent could have written';
  const clashes = Array.isArray(at.contradictions) ? at.contradictions.map((one: Json) => text(one)) : [];
  const bad = at.by === 'claimed' || clashes.length > 0 || list.some((one) => one.production === true);
  const parts = [
    `environment: ${names.length === 0 ? 'none' : names.join(', ')} (${vouched})`,
    ...words,
    ...clashes.map((one) => `contradiction, so it counts as production: ${one}`),
  ];
  return { mark: bad ? '✗' : '✓', text: parts.join('; ') };
}

function declaredWords(at: Members): string {
  const day = typeof at.atMs === 'number' ? new Date(at.atMs).toISOString().slice(0, 10) : 'an unknown day';
  const note = at.note === undefined ? '' : `: “${text(at.note)}”`;
  return `${text(at.about)} is declared ${text(at.environment)} by ${text(at.signer)} on ${day}${note}`;
}

/** A `GitFact`: how a repository stands, not what it serves. */
export function isGitFact({ question, answer }: Evidence): boolean {
  const fact = 'known' in answer ? answer.known : null;
  return (
    question.check === 'environment' &&
    fact !== null &&
    typeof fact === 'object' &&
    !Array.isArray(fact) &&
    'dirty' in fact &&
    'branch' in fact
  );
}

function gitWords(at: Members): FactWords {
  const branch = text(at.branch) === '' ? 'no branch' : `branch ${text(at.branch)}`;
  const changes = at.dirty === true ? 'changes that are not committed' : 'no changes';
  const untracked = typeof at.untracked === 'number' ? `, ${counted(at.untracked, 'untracked file')}` : '';
  return { mark: '✓', text: `git: ${branch}, ${changes}${untracked}` };
}

function connectionWords(fact: ConnectionFact): FactWords {
  const each = fact.connections.map((one) => `${addressWords(one)} (${one.from})${seenWords(one)}`);
  const bad = fact.connections.some((one) => one.place === 'remote' || one.declared?.kind === 'production');
  const but = fact.unsettled === undefined ? '' : `; not for sure: ${fact.unsettled}`;
  return {
    mark: bad ? '✗' : fact.unsettled === undefined && each.length > 0 ? '✓' : '?',
    text: `database: ${each.length === 0 ? 'none found' : each.join('; and ')}${but}`,
  };
}

function addressWords(one: ConnectedDatabase): string {
  const said = saidWords(one.declared);
  switch (one.place) {
    case 'memory':
      return `${one.system} in memory`;
    case 'file':
      return `${one.system} file ${one.database}${said}`;
    case 'socket':
      return `${one.system} \`${one.database}\` on this machine's socket ${one.host}${said}`;
    case 'loopback':
    case 'remote':
      return `${one.system} \`${one.database}\` on ${one.host}:${one.port}${one.place === 'loopback' ? ' (loopback)' : ''}${said}`;
    default:
      return one.place satisfies never;
  }
}

function saidWords(declared: ConnectedDatabase['declared']): string {
  if (declared === undefined) return '';
  const { environment, kind, signer } = declared;
  const also = environment === kind || kind === 'other' ? '' : ` (${kind})`;
  return `, declared ${environment}${also} by ${signer ?? 'this configuration'}`;
}

function seenWords(one: ConnectedDatabase): string {
  const { seen } = one;
  if (seen === undefined) return one.notSeen === undefined ? '' : `, not looked at: ${one.notSeen}`;
  const here = seen.isHere ? '' : ', which is not shown to be this machine itself';
  if (!seen.exists) return `: PostgreSQL ${seen.version} has no such database${here}`;
  const parts = [
    `PostgreSQL ${seen.version}`,
    counted(seen.tables ?? 0, 'table'),
    `about ${counted(seen.rows ?? 0, 'row')}`,
    counted(seen.bytes ?? 0, 'byte'),
    counted(seen.others ?? 0, 'other connection'),
    ...(seen.standbys === undefined || seen.standbys === 0 ? [] : [counted(seen.standbys, 'standby server')]),
    ...(seen.isStandby === true ? ['a standby itself'] : []),
    ...(seen.systemIdentifier === undefined
      ? []
      : [`system identifier ${seen.systemIdentifier}, which a copy of its files shares`]),
  ];
  return `: ${parts.join(', ')}${here}`;
}

function clusterWords({ cluster, unsettled }: ClusterFact): FactWords {
  const said = saidWords(cluster.declared);
  const program =
    cluster.credentialProgram === undefined
      ? ''
      : `, credentials by the program ${cluster.credentialProgram}, which was not run`;
  const but = unsettled === undefined ? '' : `; not for sure: ${unsettled}`;
  const fine = cluster.declared?.kind === 'throwaway' || (cluster.isLocal && cluster.declared === undefined);
  return {
    mark: unsettled !== undefined ? '?' : fine ? '✓' : '✗',
    text: `cluster: ${cluster.isLocal ? 'local, ' : ''}${cluster.server}, context ${cluster.context}, namespace ${cluster.namespace} (${cluster.from})${said}${program}${but}`,
  };
}

function dependentsWords(at: Members): FactWords {
  const list = rows(at.dependents).map(
    (one) =>
      `${text(one.kind)} ${text(one.name)} in ${text(one.environment)}${one.lastUse === undefined ? '' : ` (${text(one.lastUse)})`}`,
  );
  return list.length === 0
    ? { mark: '✓', text: 'dependents: none' }
    : { mark: '✗', text: `dependents: ${list.join(', ')}` };
}

function backupsWords(at: Members): FactWords {
  const list = rows(at.backups);
  if (list.length === 0) return { mark: '✗', text: 'backups: none' };
  const inside = list.filter((one) => one.insideTarget === true).length;
  if (inside === list.length) return { mark: '✗', text: `backups: ${list.length}, all inside what would be deleted` };
  return {
    mark: inside === 0 ? '✓' : '✗',
    text: `backups: ${list.length - inside} outside what would be deleted, ${inside} inside`,
  };
}

function documentationWords(at: Members): FactWords {
  const said = at.quoted === true ? `“${text(at.text)}”` : text(at.text);
  const changed = at.changed === undefined ? '' : `; the server describes itself otherwise by now: ${text(at.changed)}`;
  return {
    mark: '✗',
    text: `documentation, ${at.quoted === true ? 'quoted' : 'in our words'} (${text(at.url)}, as of ${text(at.date)}): ${said}${changed}`,
  };
}

function fileWords(at: Members): FactWords {
  const path = text(at.realPath);
  if (at.exists === false) return { mark: '✓', text: `${path}: does not exist` };
  const several = at.files !== 1 || at.filesCapped === true;
  const size = `${text(at.files)}${at.filesCapped === true ? ' or more' : ''} file${several ? 's' : ''}, ${text(at.bytes)} byte${at.bytes === 1 ? '' : 's'}`;
  if (at.regenerable === true) return { mark: '✓', text: `${path}: a build product that git ignores (${size})` };
  if (at.madeByTask === true) return { mark: '✓', text: `${path}: made by this task (${size})` };
  if (at.trackedAndClean === true) return { mark: '✓', text: `${path}: tracked by git and equal to HEAD (${size})` };
  const lost = Array.isArray(at.irreplaceable) ? at.irreplaceable.slice(0, 5).map((one: Json) => text(one)) : [];
  const where = at.insideWorkspace === true ? '' : ', outside the workspace';
  return {
    mark: '✗',
    text: `${path}: ${size}${where}${lost.length === 0 ? '' : `; exists nowhere else: ${lost.join(', ')}`}`,
  };
}

const BACK: Readonly<Record<BroughtBackBy, string>> = {
  git: 'git brings it back',
  build: 'the build makes it again',
  task: 'made by this task',
  temporary: 'temporary',
  moved: 'its content stands elsewhere',
  nothing: 'exists nowhere else',
};

/** In order of `lost`, which begins with the gravest. */
function rehearsalWords(at: Members): FactWords {
  const fact = at as unknown as RehearsalFact;
  const end =
    fact.ended === 'timed-out' ? 'rehearsal, cut short by its time limit' : `rehearsal, exit ${fact.exitCode}`;
  if (fact.things === 0)
    return {
      mark: '?',
      text: `${end}: took no file away; that does not show that it never would`,
    };
  const each = fact.lost.map((one) => {
    const size = one.kind === 'directory' ? `${counted(one.files, 'file')}, ` : '';
    const part = one.by === 'nothing' && one.irreplaceableFiles < one.files ? `${one.irreplaceableFiles} of them ` : '';
    return `${one.fate} ${one.path} (${size}${counted(one.bytes, 'byte')}, ${part}${part === '' ? BACK[one.by] : 'exist nowhere else'})`;
  });
  const more = fact.things > fact.lost.length ? `; and ${fact.things - fact.lost.length} more` : '';
  const most = fact.capped ? 'at least ' : '';
  return {
    mark: fact.irreplaceableFiles > 0 || fact.capped ? '✗' : '✓',
    text: `${end}: ${each.join('; ')}${more}. In all ${most}${counted(fact.files, 'file')}, ${counted(fact.bytes, 'byte')}; irreplaceable: ${most}${counted(fact.irreplaceableFiles, 'file')}, ${counted(fact.irreplaceableBytes, 'byte')}`,
  };
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function plain(evidence: Evidence, fact: Json): FactWords {
  return { mark: '✓', text: `${evidence.question.check}: ${JSON.stringify(fact).slice(0, 200)} (${evidence.source})` };
}

function rows(value: Json | undefined): readonly Members[] {
  return Array.isArray(value)
    ? value.filter((one): one is Members => one !== null && typeof one === 'object' && !Array.isArray(one))
    : [];
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : value === undefined ? 'unknown' : JSON.stringify(value);
}
