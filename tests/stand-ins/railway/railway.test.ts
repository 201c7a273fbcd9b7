import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  buildSchema,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import { CAR_RENTAL, type Railway, startRailway } from './railway.ts';
import { RAILWAY_SDL } from './schema.ts';

const PUBLISHED = new URL('../../../../shared/reference/railway/schema.graphql', import.meta.url);

/** Everything of `ours` that is not the same in `theirs`. */
function differences(ours: GraphQLSchema, theirs: GraphQLSchema): string[] {
  const found: string[] = [];
  for (const type of Object.values(ours.getTypeMap())) {
    if (type.name.startsWith('__') || isSpecifiedScalarType(type)) continue;
    const other = theirs.getType(type.name);
    if (other === undefined) found.push(`type ${type.name}`);
    else if ((isObjectType(type) && isObjectType(other)) || (isInterfaceType(type) && isInterfaceType(other))) {
      for (const field of Object.values(type.getFields())) {
        const same = other.getFields()[field.name];
        if (same === undefined || String(same.type) !== String(field.type)) found.push(`${type.name}.${field.name}`);
        else if (field.args.map(String).sort().join() !== same.args.map(String).sort().join())
          found.push(`${type.name}.${field.name} arguments`);
        else
          for (const arg of field.args)
            if (String(same.args.find((one) => one.name === arg.name)?.type) !== String(arg.type))
              found.push(`${type.name}.${field.name}(${arg.name})`);
      }
    } else if (isInputObjectType(type) && isInputObjectType(other)) {
      for (const field of Object.values(type.getFields())) {
        const same = other.getFields()[field.name];
        if (String(same?.type) !== String(field.type) || same?.defaultValue !== field.defaultValue)
          found.push(`${type.name}.${field.name}`);
      }
      for (const field of Object.values(other.getFields()))
        if (String(field.type).endsWith('!') && type.getFields()[field.name] === undefined)
          found.push(`${type.name} lacks ${field.name}`);
    } else if (isEnumType(type) && isEnumType(other)) {
      for (const value of type.getValues())
        if (other.getValue(value.name) === undefined) found.push(`${type.name}.${value.name}`);
    } else if (type.constructor.name !== other.constructor.name) found.push(`kind of ${type.name}`);
  }
  return found;
}

async function ask(
  railway: Railway,
  query: string,
  headers: Record<string, string> = {},
  variables: object = {},
): Promise<{ status: number; body: { data?: Record<string, unknown> | null; errors?: { message: string }[] } }> {
  const response = await fetch(railway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, body: (await response.json()) as { data?: Record<string, unknown> | null } };
}

const account = { authorization: `Bearer ${CAR_RENTAL.accountToken}` };
const workspace = { authorization: `Bearer ${CAR_RENTAL.workspaceToken}` };
const staging = { 'project-access-token': CAR_RENTAL.stagingToken };

describe('railway stand-in', () => {
  it('serves a subset of the published schema', {
    skip: existsSync(PUBLISHED) ? false : 'the published schema is not at ../shared',
  }, () => {
    const theirs = buildSchema(readFileSync(PUBLISHED, 'utf8'), { assumeValid: true });
    assert.deepEqual(differences(buildSchema(RAILWAY_SDL), theirs), []);
    const planted = buildSchema(RAILWAY_SDL.replace('volumeDelete(volumeId: String!)', 'volumeDelete(volumeId: ID!)'));
    assert.deepEqual(differences(planted, theirs).length, 1);
  });

  it('deletes a volume at once, with every backup', async () => {
    const railway = await startRailway();
    try {
      assert.equal(railway.state.backups.size, 3);
      const { status, body } = await ask(
        railway,
        `mutation { volumeDelete(volumeId: "${CAR_RENTAL.volumeId}") }`,
        account,
      );
      assert.deepEqual([status, body], [200, { data: { volumeDelete: true } }]);
      assert.equal(railway.state.volumes.size, 0);
      assert.equal(railway.state.volumeInstances.size, 0);
      assert.equal(railway.state.backups.size, 0);
      assert.deepEqual(
        railway.state.journal.map((entry) => [entry.token, entry.operations]),
        [['account', ['volumeDelete']]],
      );
    } finally {
      await railway.close();
    }
  });

  it('tells token kinds apart and answers errors in a 200', async () => {
    const railway = await startRailway();
    try {
      const not = { errors: [{ message: 'Not Authorized' }], data: null };
      const strip = (body: { errors?: { message: string }[]; data?: unknown }) => ({
        errors: body.errors?.map(({ message }) => ({ message })),
        data: body.data,
      });
      assert.deepEqual(strip((await ask(railway, '{ me { id } }')).body), not);
      assert.deepEqual(strip((await ask(railway, '{ me { id } }', workspace)).body), not);
      assert.deepEqual((await ask(railway, '{ me { email } }', account)).body.data, {
        me: { email: 'owner@wheels.example' },
      });
      assert.deepEqual((await ask(railway, '{ apiToken { workspaces { name } } }', workspace)).body.data, {
        apiToken: { workspaces: [{ name: 'wheels' }] },
      });
      assert.deepEqual((await ask(railway, '{ projectToken { environmentId } }', staging)).body.data, {
        projectToken: { environmentId: CAR_RENTAL.stagingId },
      });
      assert.equal(
        (await ask(railway, '{ projectToken { environmentId } }', account)).body.errors?.[0]?.message,
        'project token not found',
      );
      // The credential mismatch of the story: the staging token may not touch what production uses as well.
      assert.deepEqual(
        strip((await ask(railway, `mutation { volumeDelete(volumeId: "${CAR_RENTAL.volumeId}") }`, staging)).body),
        not,
      );
      assert.deepEqual(
        strip((await ask(railway, '{ me { id } }', { authorization: `Bearer ${CAR_RENTAL.stagingToken}` })).body),
        not,
      );
      assert.equal(railway.state.volumes.size, 1);
    } finally {
      await railway.close();
    }
  });

  it('pages, walks to volume instances, and knows no volume by id', async () => {
    const railway = await startRailway();
    try {
      const walk = `{ projects(first: 1) { edges { node { name environments(first: 1) { pageInfo { hasNextPage endCursor } edges { node { name volumeInstances { edges { node { volumeId } } } } } } } } } }`;
      const { body } = await ask(railway, walk, account);
      assert.match(JSON.stringify(body), /"hasNextPage":true.*"volumeId":"3d2c42fb/);
      assert.equal((await ask(railway, '{ volume(id: "x") { id } }', account)).status, 400);
      assert.equal((await ask(railway, '{ __schema { mutationType { name } } }')).status, 200);
    } finally {
      await railway.close();
    }
  });

  it('limits rates, and deletes through service, environment and project too', async () => {
    const limited = await startRailway({ requestLimit: 1 });
    await ask(limited, '{ me { id } }', account);
    const response = await fetch(limited.url, { method: 'POST', body: '{}' });
    assert.deepEqual([response.status, response.headers.get('retry-after')], [429, '60']);
    await limited.close();
    for (const mutation of [
      `serviceDelete(id: "${CAR_RENTAL.postgresId}")`,
      `projectDelete(id: "${CAR_RENTAL.projectId}")`,
    ]) {
      const railway = await startRailway();
      await ask(railway, `mutation { ${mutation} }`, workspace);
      assert.deepEqual([railway.state.volumes.size, railway.state.backups.size], [0, 0], mutation);
      await railway.close();
    }
    const railway = await startRailway();
    await ask(railway, `mutation { environmentDelete(id: "${CAR_RENTAL.productionId}") }`, account);
    assert.deepEqual(
      [railway.state.environments.size, railway.state.backups.size, railway.state.volumes.size],
      [1, 0, 1],
    );
    await railway.close();
  });
});
