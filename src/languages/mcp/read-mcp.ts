import type { Action } from '../../core/attempt.ts';
import { canonicalBytes, type Json } from '../../core/canonical-json.ts';
import { dangerOf } from '../../core/danger.ts';
import type { Effect, Reversal, Verb } from '../../core/effect.ts';
import type { Question } from '../../core/evidence.ts';
import type { ResourceRef } from '../../core/resource.ts';
import {
  actionObject,
  brief,
  isJsonObject,
  type JsonObject,
  opaqueEffect,
  opaqueReading,
  withinEffectLimit,
} from '../api-actions.ts';
import { readGraphqlRequest } from '../graphql/read-graphql.ts';
import type { Reader, Reading, ReadingContext } from '../reading.ts';
import { type NameVerb, stricterVerb, verbOfName, wordsOf } from '../verb-words.ts';
import { type Embedded, embeddedIn } from './embedded.ts';

const SOURCE = 'mcp/tool-name';
const SUMMARY = 'calls an MCP tool that cannot be judged';
const SHELL_WORDS: ReadonlySet<string> = new Set(
  'bash cmd command commands exec execute powershell process script sh shell terminal zsh'.split(' '),
);

export interface McpReaders {
  /** Reads commands in arguments; without it they are opaque. */
  readonly shell?: Reader;
  readonly sql: Reader;
  readonly http?: Reader;
  /** With the schemas that are known; without it, texts are judged by name. */
  readonly graphql?: Reader;
}

/**
 * Effects of a tool call `{server, tool, arguments, annotations?, identity?}`: by the words of the tool's name, by orders in its
 * arguments, and by what is written there in SQL, shell, GraphQL or as a URL. Annotations come from a server that nobody
 * vouches for: they raise, and never lower.
 */
export function makeMcpReader(readers: McpReaders): Reader {
  return (action, context) => {
    const parsed = actionObject(action);
    if (!parsed.ok) return opaqueReading(SOURCE, parsed.why, SUMMARY);
    return readCall(parsed.value, readers, context, action);
  };
}

function readCall(call: JsonObject, readers: McpReaders, context: ReadingContext, action: Action): Reading {
  const { server, tool, annotations } = call;
  const args = call['arguments'] ?? {};
  if (typeof server !== 'string' || typeof tool !== 'string' || tool === '')
    return opaqueReading(SOURCE, 'server and tool are not texts', SUMMARY);
  if (!isJsonObject(args)) return opaqueReading(SOURCE, 'the arguments are not an object', SUMMARY);
  const target: ResourceRef = { system: 'mcp', kind: 'tool', path: [server, tool] };
  const named = verbOfName(tool);
  const found = embeddedIn([server, tool], args, named === 'run' || named === undefined);
  if (!found.ok) return opaqueReading(SOURCE, found.why, SUMMARY);
  const inner: Reading[] = found.embedded.map((one) => readEmbedded(one, readers, context, action, target));
  const verb = verbWithOrders(named, found.orders, found.overwrites);
  const effects: Effect[] = inner.flatMap((one) => one.effects);
  // A tool that is called a shell does what a shell would. Elsewhere only a text that is understood explains the call:
  // `cmd: "tidy all"` may be a word of the server's own.
  const isShell = [server, tool].some((name) => wordsOf(name).some((word) => SHELL_WORDS.has(word)));
  const isUnderstood = isShell || !effects.some((effect) => effect.tags?.includes('unjudged') === true);
  const isExplained = inner.length > 0 && isUnderstood;
  const questions: Question[] = inner.flatMap((one) => one.questions);
  // A tool that runs, asks or sends what its arguments say does what they do; any other verb is its own effect besides.
  const isCarrier = verb === undefined || verb === 'run' || verb === 'read';
  if (!isCarrier || !isExplained) effects.push(effectOf(verb, server, tool, target));
  const raised = raisedBy(annotations, effects);
  if (raised !== undefined) effects.push(raisedEffect(raised, server, tool, target));
  const nameless = namelessBecause(call['identity']);
  if (nameless !== undefined) {
    const summary = `calls tool \`${brief(tool)}\` of MCP server \`${brief(server)}\`, of which only the name is known`;
    effects.push(opaqueEffect('mcp/identity', nameless, summary, target));
  }
  return withinEffectLimit({ effects, questions }, SOURCE);
}

/**
 * Why nothing but a name stands for the server; `undefined` where its launch or URL is known, or where the door does not
 * look (`check`, gateways). SECURITY: a name can be given to any server; what a tool of it is called then says nothing.
 */
function namelessBecause(identity: Json | undefined): string | undefined {
  if (identity === undefined) return undefined;
  if (!isJsonObject(identity)) return 'its identity cannot be read';
  const { by, digest, url, why } = identity;
  if (by === 'launch' && typeof digest === 'string') return undefined;
  if (by === 'url' && typeof url === 'string') return undefined;
  return by === 'name' && typeof why === 'string' ? brief(why, 300) : 'its identity cannot be read';
}

function verbWithOrders(
  named: NameVerb | undefined,
  orders: readonly string[],
  overwrites: boolean,
): NameVerb | undefined {
  let verb = named;
  for (const order of orders) {
    const ordered = verbOfName(order);
    // A tool that dispatches by an argument (`manage_volume {action: "list"}`) is judged by it.
    if (ordered !== undefined) verb = verb === undefined || verb === 'run' ? ordered : stricterVerb(verb, ordered);
  }
  return verb === 'create' && overwrites ? 'change' : verb;
}

const EFFECTS: Record<Exclude<NameVerb, 'run'>, readonly [Verb, Reversal, string]> = {
  destroy: ['destroy', 'unknown', 'deletes something'],
  grant: ['grant', 'unknown', 'gives access'],
  expose: ['expose', 'irreversible', 'sends something out, which cannot be called back,'],
  change: ['change', 'unknown', 'changes something'],
  create: ['create', 'undoable', 'creates something'],
  read: ['read', 'regenerable', 'reads'],
};

function effectOf(verb: NameVerb | undefined, server: string, tool: string, target: ResourceRef): Effect {
  const where = `by tool \`${brief(tool)}\` of MCP server \`${brief(server)}\``;
  if (verb === undefined || verb === 'run') {
    return opaqueEffect(
      SOURCE,
      verb === 'run' ? 'it runs something' : 'its name does not say what it does',
      `calls tool \`${brief(tool)}\` of MCP server \`${brief(server)}\``,
      target,
    );
  }
  const [effectVerb, reversal, does] = EFFECTS[verb];
  return {
    verb: effectVerb,
    target: { known: target },
    count: { min: 0, max: 'unbounded' },
    reversal,
    basis: 'parsed',
    source: SOURCE,
    summary: `${does} ${where}`,
  };
}

/** SECURITY: `readOnlyHint: true` is the word of a server that nobody vouches for, and is not even looked at. */
function raisedBy(annotations: Json | undefined, effects: readonly Effect[]): string | undefined {
  if (annotations === undefined || annotations === null) return undefined;
  if (!isJsonObject(annotations)) return 'its annotations cannot be read';
  if (effects.some((effect) => dangerOf(effect) !== 'harmless')) return undefined;
  if (annotations['destructiveHint'] === true) return 'its server says that it is destructive';
  const saysItWrites = annotations['readOnlyHint'] === false && effects.every((effect) => effect.verb === 'read');
  return saysItWrites ? 'its server says that it does more than read' : undefined;
}

function raisedEffect(why: string, server: string, tool: string, target: ResourceRef): Effect {
  return {
    verb: 'change',
    target: { known: target },
    count: { min: 0, max: 'unbounded' },
    reversal: 'unknown',
    basis: 'documented',
    source: 'mcp/annotations',
    summary: `may change something by tool \`${brief(tool)}\` of MCP server \`${brief(server)}\`: ${why}`,
  };
}

function readEmbedded(
  one: Embedded,
  readers: McpReaders,
  context: ReadingContext,
  outer: Action,
  target: ResourceRef,
): Reading {
  const cwd = outer.cwd === undefined ? {} : { cwd: outer.cwd };
  switch (one.kind) {
    case 'sql':
      return readers.sql({ kind: 'sql', bytes: new TextEncoder().encode(one.text), dialect: 'unknown' }, context);
    case 'shell': {
      // Where the server runs it is not known: its working directory is not ours.
      const elsewhere: ReadingContext = { ...context, cwd: '', workspace: '' };
      if (readers.shell === undefined)
        return {
          effects: [opaqueEffect('mcp/command', 'it runs a command', 'calls an MCP tool', target)],
          questions: [],
        };
      return readers.shell({ kind: 'shell', bytes: new TextEncoder().encode(one.text) }, elsewhere);
    }
    case 'code':
      return { effects: [opaqueEffect('mcp/code', 'it runs code', 'calls an MCP tool', target)], questions: [] };
    case 'graphql': {
      const { endpoint, variables, operationName } = one.around;
      const request: Json = {
        query: one.query,
        ...(typeof endpoint === 'string' ? { endpoint } : {}),
        ...(variables === undefined ? {} : { variables }),
        ...(operationName === undefined ? {} : { operationName }),
      };
      return readers.graphql === undefined
        ? readGraphqlRequest(request)
        : readers.graphql({ kind: 'graphql', bytes: canonicalBytes(request) }, context);
    }
    case 'http':
      if (readers.http === undefined)
        return { effects: [opaqueEffect('mcp/url', 'it sends a request', 'calls an MCP tool', target)], questions: [] };
      return readers.http({ kind: 'http', bytes: canonicalBytes(one.request as Json), ...cwd }, context);
    default:
      return one satisfies never;
  }
}
