import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { buildSchema, type GraphQLInputType, getNamedType, isInputObjectType, isNonNullType } from 'graphql';
import { RAILWAY_ARGUMENTS } from '../../../src/catalog/railway/arguments.ts';
import { RAILWAY_CARRIERS } from '../../../src/catalog/railway/carriers.ts';
import { RAILWAY_MUTATIONS } from '../../../src/catalog/railway/mutations.ts';
import type { Json } from '../../../src/core/canonical-json.ts';
import { dangerOf, worstDanger } from '../../../src/core/danger.ts';
import { resourceKey } from '../../../src/core/resource.ts';
import { readGraphql } from '../../../src/languages/graphql/read-graphql.ts';
import { actionOf, describeReading, NO_FACTS, runScenarios } from '../api-scenarios.ts';

const PUBLISHED = new URL('../../../../shared/reference/railway/schema.graphql', import.meta.url);
const ENDPOINT = 'https://backboard.railway.com/graphql/v2';

describe('graphql scenarios', () => runScenarios('graphql-requests.jsonl', 'graphql', readGraphql));

describe('graphql reader', () => {
  it('asks about the volume and the credential', () => {
    const { questions } = readGraphql(
      actionOf('graphql', { endpoint: ENDPOINT, query: 'mutation { volumeDelete(volumeId: "v1") }' }),
      NO_FACTS,
    );
    assert.deepEqual(
      questions.map((one) => `${one.check} ${resourceKey(one.about)}`),
      [
        'environment railway/volume/v1',
        'dependents railway/volume/v1',
        'recovery railway/volume/v1',
        'documentation railway/volume/v1',
        'credential railway/credential/current',
      ],
    );
  });

  it('gives one volume one name, however its id is written', () => {
    const target = (id: string) =>
      JSON.stringify(
        readGraphql(
          actionOf('graphql', { endpoint: ENDPOINT, query: `mutation { volumeDelete(volumeId: "${id}") }` }),
          NO_FACTS,
        ).effects[0]?.target,
      );
    assert.equal(target('3D2C42FB-0000-4000-8000-000000000016'), target('3d2c42fb-0000-4000-8000-000000000016'));
  });

  it('keeps the effect of volumeDelete under any wrapping', () => {
    const wrap = fc.constantFrom(
      (inner: string) => `... on Mutation { ${inner} }`,
      (inner: string) => `... { ${inner} }`,
      (inner: string) => `... @include(if: $on) { ${inner} }`,
      (inner: string) => `ok: __typename ${inner}`,
      (inner: string) => `${inner} other: loginSessionVerify(code: "c")`,
      (inner: string) => `# a comment\n${inner},,,`,
    );
    const names = fc
      .stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,12}$/)
      .filter((name) => !name.startsWith('__') && name !== 'on');
    const call = fc.constantFrom(
      'volumeDelete(volumeId: "v1")',
      'volumeDelete(volumeId: $v)',
      'volumeDelete(volumeId: """v1""")',
    );
    fc.assert(
      fc.property(
        fc.array(wrap, { maxLength: 5 }),
        fc.option(names),
        names,
        call,
        fc.boolean(),
        fc.boolean(),
        (wraps, alias, operation, deletion, asFragment, extra) => {
          const inner = wraps.reduce((text, one) => one(text), alias === null ? deletion : `${alias}: ${deletion}`);
          const head = `mutation ${operation}($v: String = "v1", $on: Boolean = false)`;
          const body = asFragment
            ? `${head} { ...Frag } fragment Frag on Mutation { ${inner} }`
            : `${head} { ${inner} }`;
          const query = extra ? `query Other${operation} { me { id } } ${body}` : body;
          const reading = readGraphql(actionOf('graphql', { endpoint: ENDPOINT, query }), NO_FACTS);
          const hit = reading.effects.find(
            (effect) =>
              effect.verb === 'destroy' &&
              'known' in effect.target &&
              resourceKey(effect.target.known) === 'railway/volume/v1',
          );
          assert.ok(hit !== undefined, `${query}\n${describeReading(reading)}`);
          assert.equal(worstDanger(reading.effects), 'destructive');
        },
      ),
    );
  });

  it('never throws', () => {
    const piece = fc.constantFrom(
      'mutation',
      'query',
      '{',
      '}',
      '(',
      ')',
      '...',
      'on',
      'F',
      'fragment',
      '$v',
      ':',
      '"x"',
      '"""',
      '@skip(if: true)',
      '!',
      '[',
      ']',
      '&',
      '\u0000',
      '\ud800',
      'volumeDelete',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.jsonValue(), (pieces, json) => {
        const text = pieces.join(' ');
        const bytes = new TextEncoder().encode(JSON.stringify({ endpoint: ENDPOINT, query: text, variables: json }));
        assert.ok(Array.isArray(readGraphql({ kind: 'graphql', bytes }, NO_FACTS).effects));
        assert.ok(
          Array.isArray(readGraphql({ kind: 'graphql', bytes: new TextEncoder().encode(text) }, NO_FACTS).effects),
        );
      }),
    );
    const deep = `{${'a{'.repeat(4000)}${'}'.repeat(4000)}}`;
    assert.equal(
      worstDanger(readGraphql(actionOf('graphql', { endpoint: ENDPOINT, query: deep }), NO_FACTS).effects),
      'opaque',
    );
    assert.equal(
      worstDanger(readGraphql({ kind: 'graphql', bytes: Uint8Array.of(0xff, 0xfe) }, NO_FACTS).effects),
      'opaque',
    );
    assert.equal(
      worstDanger(
        readGraphql(actionOf('graphql', '{"query":"{a}","query":"mutation{volumeDelete}"}'), NO_FACTS).effects,
      ),
      'opaque',
    );
  });
});

describe('railway catalogue', () => {
  it('names mutations and arguments that the published schema has', {
    skip: existsSync(PUBLISHED) ? false : 'the published schema is not at ../shared',
  }, () => {
    const fields =
      buildSchema(readFileSync(PUBLISHED, 'utf8'), { assumeValid: true }).getMutationType()?.getFields() ?? {};
    for (const [name, mutation] of RAILWAY_MUTATIONS) {
      for (const path of ['', ...mutation.ids]) {
        const [first = '', second] = path.split('.');
        if (first === '') {
          assert.ok(fields[name] !== undefined, `no mutation ${name}`);
          continue;
        }
        const argument = fields[name]?.args.find((one) => one.name === first);
        assert.ok(argument !== undefined, `${name} has no argument ${first}`);
        const type = getNamedType(argument.type);
        const member = second === undefined ? argument : isInputObjectType(type) ? type.getFields()[second] : undefined;
        // An identity that may be left out would be no identity.
        assert.ok(member !== undefined && isNonNullType(member.type), `${name} need not have ${path}`);
      }
    }
    assert.deepEqual(
      [...RAILWAY_MUTATIONS.keys()].sort(),
      Object.keys(fields).sort(),
      'every mutation of the schema has effects, and no other',
    );
    const deletions = Object.keys(fields).filter((name) => /delete|destroy|remove|wipe/i.test(name));
    for (const name of deletions) {
      const verb = RAILWAY_MUTATIONS.get(name)?.verb;
      assert.ok(verb !== 'read' && verb !== 'create', `${name} is ${verb}`);
    }
  });

  it('lists every argument and input member of the published schema', {
    skip: existsSync(PUBLISHED) ? false : 'the published schema is not at ../shared',
  }, () => {
    const fields =
      buildSchema(readFileSync(PUBLISHED, 'utf8'), { assumeValid: true }).getMutationType()?.getFields() ?? {};
    for (const [name, field] of Object.entries(fields)) {
      const paths: string[] = [];
      const walk = (path: string, type: GraphQLInputType): void => {
        paths.push(path);
        const named = getNamedType(type);
        if (isInputObjectType(named))
          for (const member of Object.values(named.getFields())) walk(`${path}.${member.name}`, member.type);
      };
      for (const argument of field.args) walk(argument.name, argument.type);
      assert.deepEqual([...(RAILWAY_ARGUMENTS.get(name) ?? [])].sort(), paths.sort(), name);
    }
    assert.deepEqual([...RAILWAY_ARGUMENTS.keys()].sort(), Object.keys(fields).sort());
  });

  it('looks for more only where a mutation takes it', () => {
    for (const [name, carriers] of RAILWAY_CARRIERS) {
      assert.ok(RAILWAY_MUTATIONS.has(name), name);
      for (const { path } of carriers) assert.ok(RAILWAY_ARGUMENTS.get(name)?.has(path), `${name} ${path}`);
    }
  });

  const says = (query: string, variables: Json = {}): string[] =>
    readGraphql(actionOf('graphql', { endpoint: ENDPOINT, query, variables }), NO_FACTS).effects.map(
      (effect) => `${effect.verb} ${dangerOf(effect)} ${effect.source}`,
    );

  it('sees what an input does beside what the name says', () => {
    const update = 'mutation($i: VolumeInstanceUpdateInput!) { volumeInstanceUpdate(volumeId: "v1", input: $i) }';
    assert.deepEqual(says(update, { i: { state: 'DELETED' } }), [
      'change destructive railway:volumeInstanceUpdate',
      'destroy destructive railway:volumeInstanceUpdate#input.state',
    ]);
    assert.equal(says(update, { i: { state: 'READY' } }).length, 1);
    assert.equal(says(update).length, 3, 'an input that is not there counts as carrying all');
    assert.deepEqual(
      says('mutation { volumeInstanceBackupScheduleUpdate(volumeInstanceId: "i", kinds: []) }').at(-1),
      'destroy destructive railway:volumeInstanceBackupScheduleUpdate#kinds',
    );
    assert.ok(
      says('mutation { serviceInstanceUpdate(serviceId: "s", input: { startCommand: "rm -rf /data" }) }').includes(
        'run opaque railway:serviceInstanceUpdate#input.startCommand',
      ),
    );
    assert.ok(
      says('mutation { serviceInstanceUpdate(serviceId: "s", input: { numReplicas: 0 }) }').some((one) =>
        one.endsWith('#input.numReplicas'),
      ),
    );
    assert.ok(
      says('mutation { projectCreate(input: { name: "x", isPublic: true }) { id } }').includes(
        'expose destructive railway:projectCreate#input.isPublic',
      ),
    );
    assert.deepEqual(says('mutation { projectCreate(input: { name: "x" }) { id } }'), [
      'create harmless railway:projectCreate',
    ]);
  });

  it('holds an argument or a member that it does not know', () => {
    for (const query of [
      'mutation { volumeCreate(input: { projectId: "p", mountPath: "/d", replaceVolumeId: "v" }) { id } }',
      'mutation { volumeCreate(input: { projectId: "p" }, force: true) { id } }',
      'mutation($x: Boolean) { volumeCreate(input: { projectId: "p" }, force: $x) { id } }',
      'mutation { serviceCreate(input: { projectId: "p", source: { repo: "r", evil: 1 } }) { id } }',
      'mutation { observabilityDashboardCreate(input: { environmentId: "e", items: [{ id: "i", x: 1 }] }) }',
    ])
      assert.ok(
        says(query).some((one) => one.startsWith('run opaque')),
        query,
      );
    assert.deepEqual(
      says(
        'mutation { serviceCreate(input: { projectId: "p", source: { repo: "r" }, variables: { A: "b" } }) { id } }',
      ),
      ['create harmless railway:serviceCreate'],
    );
  });
});
