import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { runMap } from '../../../src/apps/cli/map.ts';
import { openDeclaredMap } from '../../../src/apps/declared-map.ts';
import { parseMapTarget } from '../../../src/core/map-target.ts';
import { approverFor, type FakePerson, makePerson } from '../../fakes/people.ts';
import { skipUnless } from '../../platform.ts';
import { makeWorld, signedBy, type World } from './engine.ts';

const VOLUME = 'railway/volume/3d2c42fb-0000-4000-8000-000000000016';
const OTHER = 'railway/volume/3d2c42fb-0000-4000-8000-000000000017';

function declaration(
  person: FakePerson,
  target: string,
  environment: string,
  more: { readonly declaredAtMs?: number; readonly note?: string } = {},
): string {
  const read = parseMapTarget(target);
  assert.ok(read.ok);
  return signedBy(person, {
    type: 'holdpoint/declaration/v1',
    target: { ...read.target },
    environment,
    declaredAtMs: Date.now(),
    ...more,
  });
}

function order(person: FakePerson, subject: string, atMs = Date.now()): string {
  return signedBy(person, { type: 'holdpoint/order/v1', order: 'map-remove', subject, atMs });
}

/** The command line as a person with a key, or without one, would use it. */
async function cli(world: World, args: readonly string[], signer?: FakePerson, nowMs = Date.now) {
  const said = { out: '', err: '' };
  const code = await runMap(
    args,
    {
      out: (text: string) => (said.out += text),
      err: (text: string) => (said.err += text),
      cwd: world.folder,
      env: {},
      interactive: false,
      outIsTerminal: false,
    } as unknown as Parameters<typeof runMap>[1],
    {
      paths: world.paths,
      nowMs,
      sign: (statement) =>
        Promise.resolve(
          signer === undefined
            ? { ok: false as const, why: 'no terminal at hand' }
            : { ok: true as const, armored: signer.signStatement(statement) },
        ),
    },
  );
  return { code, ...said };
}

describe('holdpoint map', { skip: skipUnless('unix') }, () => {
  test('declares, lists, shows, replaces and takes out, each change signed', async (t) => {
    const world = await makeWorld(t);
    assert.match((await cli(world, [])).out, /nothing is declared/);
    const added = await cli(
      world,
      [
        'add',
        VOLUME.toUpperCase().replace('RAILWAY/VOLUME', 'railway/volume'),
        '--environment',
        'production',
        '--note',
        'the bookings',
      ],
      world.ann,
    );
    assert.deepEqual([added.code, added.out], [0, `declared ${VOLUME} production, signed by ann\n`]);
    assert.match(added.err, /target +railway\/volume\/3d2c.*\nenvironment +production\nnote +the bookings/);
    assert.match((await cli(world, [])).out, new RegExp(`^${VOLUME}  production  by ann, .*\\(the bookings\\)\n$`));
    const shown = await cli(world, ['show', VOLUME, '--json']);
    const { declaredAtMs, ...rest } = JSON.parse(shown.out) as { declaredAtMs: number };
    assert.deepEqual(rest, { target: VOLUME, environment: 'production', signer: 'ann', note: 'the bookings' });
    assert.ok(Math.abs(Date.now() - declaredAtMs) < 60_000);

    const again = await cli(world, ['add', VOLUME, '--environment', 'throwaway'], world.ann);
    assert.deepEqual([again.code, /`holdpoint map set` replaces/.test(again.err)], [1, true], again.err);
    const later = () => declaredAtMs + 5;
    const set = await cli(world, ['set', VOLUME, '--environment', 'staging'], world.ann, later);
    assert.equal(set.code, 0, set.err);
    assert.match(set.err, /now +.*production/, 'what is replaced is shown before signing');
    assert.match((await cli(world, ['show', VOLUME])).out, /staging/);

    const removed = await cli(world, ['remove', VOLUME], world.ann, () => declaredAtMs + 10);
    assert.equal(removed.code, 0, removed.err);
    assert.match((await cli(world, ['list', '--json'])).out, /^\[\]\n$/);
    assert.equal((await cli(world, ['show', VOLUME])).code, 1);
  });

  test('takes no word that is not signed by a present person, for exactly this, now', async (t) => {
    const world = await makeWorld(t);
    const good = declaration(world.ann, VOLUME, 'throwaway');
    const table: readonly (readonly [string, string, RegExp])[] = [
      ['a stranger of the same name', declaration(makePerson('ann'), VOLUME, 'throwaway'), /not enrolled/],
      ['a key that any process could use', declaration(world.plain, VOLUME, 'throwaway'), /any process/],
      ['for another target', good.replace('000016', '000017'), /does not fit/],
      ['another environment', good.replace('throwaway', 'production'), /does not fit/],
      ['unsigned', JSON.stringify({ statement: {} }), /not valid/],
      [
        'of yesterday',
        declaration(world.ann, VOLUME, 'throwaway', { declaredAtMs: Date.now() - 86_400_000 }),
        /ten minutes/,
      ],
      [
        'of tomorrow',
        declaration(world.ann, VOLUME, 'throwaway', { declaredAtMs: Date.now() + 86_400_000 }),
        /ten minutes/,
      ],
      ['an environment that is none', declaration(world.ann, VOLUME, 'prod'), /not valid/],
      [
        'another spelling',
        signedBy(world.ann, {
          type: 'holdpoint/declaration/v1',
          target: { system: 'railway', kind: 'volume', path: ['POSTGRES-DATA'] },
          environment: 'throwaway',
          declaredAtMs: Date.now(),
        }),
        /cannot be declared/,
      ],
    ];
    for (const [what, document, why] of table) {
      await t.test(what, async () => {
        const reply = await world.ask({ op: 'map-set', document, replace: true });
        assert.ok(!reply.ok, what);
        assert.match(reply.error, why);
      });
    }
    assert.equal((await cli(world, ['add', VOLUME, '--environment', 'throwaway'])).code, 20, 'nobody signed');
    assert.match((await cli(world, [])).out, /nothing is declared/);
  });

  test('takes nothing out without a signature for exactly that, and none of these a second time', async (t) => {
    const world = await makeWorld(t);
    const first = declaration(world.ann, VOLUME, 'production');
    assert.ok((await world.ask({ op: 'map-set', document: first, replace: false })).ok);
    const refused = async (request: object, why: RegExp) => {
      const reply = await world.ask({ op: 'map-remove', target: VOLUME, ...request });
      assert.ok(!reply.ok);
      assert.match(reply.error, why);
    };
    await refused({}, /takes a signature/);
    await refused({ order: order(makePerson('ann'), VOLUME) }, /not enrolled/);
    await refused({ order: order(world.ann, OTHER) }, /something else/);
    await refused({ order: order(world.ann, VOLUME, Date.now() - 3_600_000) }, /ten minutes/);
    await refused({ order: order(world.ann, VOLUME, Date.now() - 60_000) }, /declared after this was signed/);
    assert.ok((await world.ask({ op: 'map-remove', target: VOLUME, order: order(world.ann, VOLUME) })).ok);
    const replayed = await world.ask({ op: 'map-set', document: first, replace: true });
    assert.ok(!replayed.ok);
    assert.match(replayed.error, /taken out after this was signed/);
  });
});

describe('the folder of the map', { skip: skipUnless('unix') }, () => {
  const at = parseMapTarget(VOLUME);
  assert.ok(at.ok);
  const { target } = at;

  async function place(t: { after(run: () => void): void }) {
    const folder = mkdtempSync(path.join(tmpdir(), 'hp-map-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const ann = makePerson('ann');
    const people = approverFor([ann]);
    const open = () => openDeclaredMap({ folder, people, nowMs: Date.now });
    const files = () => readdirSync(folder).filter((name) => name.endsWith('.json'));
    return { folder, ann, open, files };
  }

  test('what is edited, moved to another target, or deleted under a running daemon is unknown', async (t) => {
    const { folder, ann, open, files } = await place(t);
    const map = await open();
    assert.deepEqual(await map.of(target), { known: undefined });
    const document = declaration(ann, VOLUME, 'production');
    assert.ok((await map.keep(document, false)).ok);
    const [name = ''] = files();
    const file = path.join(folder, name);
    const whole = readFileSync(file, 'utf8');
    const found = await map.of(target);
    assert.ok('known' in found);
    assert.deepEqual([found.known?.environment, found.known?.signer], ['production', 'ann']);

    writeFileSync(file, whole.replace('production', 'throwaway'));
    assert.match(JSON.stringify(await map.of(target)), /unknown.*does not fit/);
    writeFileSync(file, declaration(ann, OTHER, 'throwaway'));
    assert.match(JSON.stringify(await map.of(target)), /unknown.*another target/);
    writeFileSync(file, declaration(ann, VOLUME, 'throwaway', { declaredAtMs: Date.now() - 1_000_000 }));
    assert.match(JSON.stringify(await map.of(target)), /unknown.*older one/);
    rmSync(file);
    assert.match(JSON.stringify(await map.of(target)), /unknown.*missing/);
    assert.match(JSON.stringify(await map.list()), new RegExp(`${VOLUME}.*missing`));
    writeFileSync(file, whole);
    assert.ok('known' in (await map.of(target)));
  });

  test('what is damaged at a start is unknown, and says so in the list', async (t) => {
    const { folder, ann, open, files } = await place(t);
    assert.ok((await (await open()).keep(declaration(ann, VOLUME, 'production'), false)).ok);
    const [name = ''] = files();
    writeFileSync(path.join(folder, name), '{}');
    const map = await open();
    assert.ok('unknown' in (await map.of(target)));
    assert.match(JSON.stringify(await map.list()), /"ignored"/);
  });
});
