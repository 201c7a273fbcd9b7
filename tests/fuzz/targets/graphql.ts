import { type DefinitionNode, type DocumentNode, Kind, Lexer, parse, print, Source, TokenKind, visit } from 'graphql';
import { canonicalBytes } from '../../../src/core/canonical-json.ts';
import { NO_APIS } from '../../../src/languages/described-apis.ts';
import { makeGraphqlReader } from '../../../src/languages/graphql/read-graphql.ts';
import { NO_FACTS } from '../../languages/api-scenarios.ts';
import { type Random, strictnessOf, type Target } from '../fuzzing.ts';

const read = makeGraphqlReader(NO_APIS);
const ENDPOINT = 'https://backboard.railway.com/graphql/v2';

/** Between two tokens a server skips all of these. Source: GraphQL specification, section 2.1. */
const IGNORED = [' ', ',', '\n', '\r\n', '\t', '\uFEFF', '\n# mutation { x }\n', ' , '];

function respaced(text: string, random: Random): string {
  const lexer = new Lexer(new Source(text));
  const out: string[] = [];
  for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance())
    out.push(text.slice(token.start, token.end), random.pick(IGNORED));
  return out.join('');
}

function respell(input: string, random: Random): readonly string[] {
  const text = input.toWellFormed();
  let document: DocumentNode;
  try {
    document = parse(text, { maxTokens: 5_000 });
  } catch {
    return [];
  }
  const aliased = visit(document, {
    Field: (node) =>
      node.alias === undefined ? { ...node, alias: { kind: Kind.NAME, value: `a_${node.name.value}` } } : undefined,
  });
  // Moved into a fragment of its own, with a name that is not there yet.
  const moved: DefinitionNode[] = [];
  for (const definition of document.definitions) {
    const isFree = !text.includes(`moved${moved.length}`);
    if (definition.kind !== Kind.OPERATION_DEFINITION || !isFree) {
      moved.push(definition);
      continue;
    }
    const name = { kind: Kind.NAME, value: `moved${moved.length}` } as const;
    const type = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' }[definition.operation];
    moved.push(
      { ...definition, selectionSet: { kind: Kind.SELECTION_SET, selections: [{ kind: Kind.FRAGMENT_SPREAD, name }] } },
      {
        kind: Kind.FRAGMENT_DEFINITION,
        name,
        typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: type } },
        selectionSet: definition.selectionSet,
      },
    );
  }
  return [
    respaced(text, random),
    print(aliased),
    print({ ...document, definitions: moved }),
    print({ ...document, definitions: document.definitions.toReversed() }),
  ];
}

export const GRAPHQL: Target = {
  name: 'graphql',
  seeds: [
    'mutation { volumeDelete(volumeId: "v") }',
    'query Q { projects { edges { node { id name } } } } mutation M { ...f } fragment f on Mutation { ok: projectDelete(id: "p") }',
    'mutation M($v: String! = "x") @a(b: 1) { volumeDelete(volumeId: $v) environmentRename(id: "e", input: { name: "n" }) { id } }',
    'subscription { deploymentLogs(id: "x") { message } }',
    '{ me { name } ... on Query { projects { edges { node { id } } } } ... @include(if: false) { me { id } } }',
    'mutation { serviceInstanceUpdate(serviceId: "s", input: { startCommand: """rm -rf /""", cronSchedule: null, region: EU, x: [1, 2.5e3, true] }) }',
  ],
  pieces: [
    [
      '{',
      '}',
      '(',
      ')',
      '...',
      '... on Mutation {',
      '@skip(if: true)',
      '$v',
      ': ',
      '"',
      '"""',
      '\\u{1F600}',
      '\\uD800',
      '#',
      '\n',
    ],
    [
      'mutation ',
      'query ',
      'subscription ',
      'fragment f on Mutation {',
      '...f',
      'volumeDelete(volumeId: "v")',
      'a: ',
      '!',
      '[',
      ']',
    ],
    [
      'null',
      '1e999',
      '-',
      '&',
      '|',
      '=',
      '\uFEFF',
      '\0',
      '\ud800',
      'extend type X { a: Int }',
      'schema { query: Q }',
      ', ',
      '😀',
    ],
  ].flat(),
  read: (input) =>
    strictnessOf(
      read({ kind: 'graphql', bytes: canonicalBytes({ endpoint: ENDPOINT, query: input.toWellFormed() }) }, NO_FACTS),
    ),
  respell,
};
