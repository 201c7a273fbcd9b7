import { Language, type Node, Parser } from 'web-tree-sitter';

export type Grammar = 'python' | 'javascript' | 'typescript' | 'tsx' | 'ruby' | 'php';

/** Where the WebAssembly comes from; languages do no IO of their own. */
export interface GrammarFiles {
  readonly runtime: () => Uint8Array<ArrayBuffer>;
  readonly grammar: (name: Grammar) => Uint8Array<ArrayBuffer>;
}

/** A node of a syntax tree, copied out of WebAssembly's memory. */
export interface Syntax {
  readonly type: string;
  readonly field: string | undefined;
  readonly named: boolean;
  /** Not in the text, though a rule wants it there. */
  readonly missing: boolean;
  /** In UTF-16 units of the source. */
  readonly start: number;
  readonly end: number;
  readonly children: readonly Syntax[];
}

export type Parsed =
  /** `broken`: parts of the text fit no rule of the grammar. */
  { readonly ok: true; readonly root: Syntax; readonly broken: boolean } | { readonly ok: false; readonly why: string };

export const PROGRAM_LIMITS = {
  chars: 256 * 1024,
  nodes: 150_000,
  depth: 500,
  /** Turns that the parser reports: a count and not a clock, so that the same text always has the same verdict. */
  turns: 60_000,
} as const;

/** What of the engine's WebAssembly is used; its types come with a browser's, which are not ours. */
interface Engine {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}
const ENGINE = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;

interface Runtime {
  files: GrammarFiles | undefined;
  /** After a trap nothing that the parser says can be trusted. */
  broken: boolean;
  readonly parsers: Map<Grammar, Parser>;
}

const runtime: Runtime = { files: undefined, broken: false, parsers: new Map() };

/** Starts tree-sitter. Until this has resolved every program's text is opaque. A grammar is loaded when it is first needed. */
export async function loadProgramParser(files: GrammarFiles): Promise<void> {
  if (runtime.files !== undefined) return;
  await Parser.init({
    instantiateWasm(imports: object, done: (instance: object, module: object) => void) {
      const module = new ENGINE.Module(files.runtime());
      const instance = new ENGINE.Instance(module, imports);
      done(instance, module);
      return instance.exports;
    },
  });
  runtime.files = files;
}

export function parseProgram(text: string, grammar: Grammar): Parsed {
  if (text.length > PROGRAM_LIMITS.chars) return no(`is longer than ${PROGRAM_LIMITS.chars} characters`);
  if (runtime.broken) return no('the parser of programs has failed and is out of use');
  const parser = parserOf(grammar);
  if (parser === undefined) return no('the parser of programs is not loaded');
  try {
    let turns = 0;
    const tree = parser.parse(text, null, {
      progressCallback: () => {
        turns += 1;
        return turns > PROGRAM_LIMITS.turns;
      },
    });
    if (tree === null) {
      parser.reset();
      return no('takes too long to parse');
    }
    try {
      const root = copied(tree.rootNode);
      return typeof root === 'string' ? no(root) : { ok: true, root, broken: tree.rootNode.hasError };
    } finally {
      tree.delete();
    }
  } catch (error) {
    if (!(error instanceof Error) || !/^(RuntimeError|RangeError)$/.test(error.name)) throw error;
    runtime.broken = true;
    return no('the parser of programs failed on this text');
  }
}

function parserOf(grammar: Grammar): Parser | undefined {
  const had = runtime.parsers.get(grammar);
  if (had !== undefined || runtime.files === undefined) return had;
  const parser = new Parser();
  parser.setLanguage(
    Language.loadSync(new ENGINE.Module(runtime.files.grammar(grammar)) as Parameters<typeof Language.loadSync>[0]),
  );
  runtime.parsers.set(grammar, parser);
  return parser;
}

function no(why: string): Parsed {
  return { ok: false, why };
}

/** The whole tree as plain objects, or why not. Iterative: the depth of what comes in is not our stack's. */
function copied(root: Node): Syntax | string {
  const cursor = root.walk();
  try {
    const top: Syntax[] = [];
    const open: Syntax[][] = [top];
    for (let nodes = 1; ; nodes += 1) {
      if (nodes > PROGRAM_LIMITS.nodes) return `has more than ${PROGRAM_LIMITS.nodes} parts`;
      const children: Syntax[] = [];
      open.at(-1)?.push({
        type: cursor.nodeType,
        field: cursor.currentFieldName ?? undefined,
        named: cursor.nodeIsNamed,
        missing: cursor.nodeIsMissing,
        start: cursor.startIndex,
        end: cursor.endIndex,
        children,
      });
      if (cursor.gotoFirstChild()) {
        open.push(children);
        if (open.length > PROGRAM_LIMITS.depth) return `nests deeper than ${PROGRAM_LIMITS.depth}`;
        continue;
      }
      while (!cursor.gotoNextSibling()) {
        if (!cursor.gotoParent()) return top[0] as Syntax;
        open.pop();
      }
    }
  } finally {
    cursor.delete();
  }
}
