import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  clusterTarget,
  databaseTarget,
  isMapTarget,
  MAP_TARGET_FORMS,
  mapTargetText,
  parseMapTarget,
  serverTarget,
} from '../../src/core/map-target.ts';

const ID = '3D2C42FB-0000-4000-8000-000000000016';

/** What a person types, and the one spelling that it stands for; `undefined` where it is refused. */
const FORMS: readonly (readonly [text: string, want: string | undefined])[] = [
  [`railway/volume/${ID}`, `railway/volume/${ID.toLowerCase()}`],
  [`railway/project/${ID}`, `railway/project/${ID.toLowerCase()}`],
  ['railway/volume/postgres-data', undefined],
  ['railway/workspace/3d2c42fb-0000-4000-8000-000000000016', undefined],
  [`railway/volume/${ID}/x`, undefined],
  ['github/repository/123456', 'github/repository/123456'],
  ['github/repository/wheels/booking', undefined],
  ['github/repository/0123', undefined],
  ['postgres/server/DB.Example.com', 'postgres/server/db.example.com:5432'],
  ['postgres/server/db.example.com.:6432', 'postgres/server/db.example.com:6432'],
  ['postgres/database/db.example.com/Shop', 'postgres/database/db.example.com:5432/Shop'],
  ['postgres/database/db.example.com:5432/a/b', 'postgres/database/db.example.com:5432/a/b'],
  ['mysql/database/db/shop', 'mysql/database/db:3306/shop'],
  ['postgres/database/db.example.com', undefined],
  ['postgres/server/db.example.com/shop', undefined],
  ['postgres/server/app:secret@db.example.com', undefined],
  ['postgres/server/db.example.com:0', undefined],
  ['postgres/server/db.example.com:70000', undefined],
  ['postgres/server/127.0.0.1', 'postgres/server/localhost:5432'],
  ['postgres/server/127.9.9.9', 'postgres/server/localhost:5432'],
  ['postgres/server/[::1]:5433', 'postgres/server/localhost:5433'],
  ['postgres/server/[0:0:0:0:0:0:0:1]', 'postgres/server/localhost:5432'],
  ['postgres/server/127.1', undefined],
  ['postgres/server/2130706433', undefined],
  ['postgres/server/0x7f.0.0.1', undefined],
  ['postgres/server/010.0.0.1', undefined],
  ['postgres/server/10.0.0.1', 'postgres/server/10.0.0.1:5432'],
  ['postgres/server/[2001:DB8::7]', 'postgres/server/[2001:db8:0:0:0:0:0:7]:5432'],
  ['postgres/server/[2001:db8:0:0:0:0:0:0007]:5432', 'postgres/server/[2001:db8:0:0:0:0:0:7]:5432'],
  ['postgres/server/[1::2::3]', undefined],
  ['postgres/server/2001:db8::7', undefined],
  ['kubernetes/cluster/https://K8s.example.com', 'kubernetes/cluster/https://k8s.example.com:443'],
  ['kubernetes/cluster/https://10.0.0.1:6443/', 'kubernetes/cluster/https://10.0.0.1:6443'],
  ['kubernetes/cluster/https://127.0.0.1:6443', 'kubernetes/cluster/https://localhost:6443'],
  ['kubernetes/cluster/staging', undefined],
  ['kubernetes/cluster/https://user:pw@k8s.example.com', undefined],
  ['oracle/server/db', undefined],
  ['production', undefined],
  ['', undefined],
];

describe('targets of the map', () => {
  for (const [text, want] of FORMS) {
    test(`\`${text}\` ${want === undefined ? 'is refused' : `is ${want}`}`, () => {
      const read = parseMapTarget(text);
      if (want === undefined) return assert.equal(read.ok, false);
      assert.ok(read.ok, JSON.stringify(read));
      assert.equal(mapTargetText(read.target), want);
      assert.equal(isMapTarget(read.target), true);
      // One spelling: it stands for itself.
      assert.deepEqual(parseMapTarget(want), read);
    });
  }

  test('a refusal names the forms', () => {
    const read = parseMapTarget('production');
    assert.ok(!read.ok);
    for (const form of MAP_TARGET_FORMS) assert.ok(read.why.includes(form));
  });

  test('what verifiers make is what people type', () => {
    const typed = (text: string) => {
      const read = parseMapTarget(text);
      assert.ok(read.ok);
      return read.target;
    };
    assert.deepEqual(serverTarget('postgres', '127.0.0.1', undefined), typed('postgres/server/localhost'));
    assert.deepEqual(
      databaseTarget('postgres', 'DB.example.com', 5433, 'Shop'),
      typed('postgres/database/db.example.com:5433/Shop'),
    );
    assert.deepEqual(clusterTarget('https://10.0.0.1:6443'), typed('kubernetes/cluster/https://10.0.0.1:6443'));
    assert.equal(serverTarget('sqlite', 'localhost', undefined), undefined);
    assert.equal(databaseTarget('postgres', 'db', undefined, ''), undefined);
  });

  test('no other spelling counts', () => {
    for (const target of [
      { system: 'railway', kind: 'volume', path: [ID] },
      { system: 'postgres', kind: 'server', path: ['DB.example.com', '5432'] },
      { system: 'postgres', kind: 'server', path: ['127.0.0.1', '5432'] },
      { system: 'postgres', kind: 'server', path: ['db.example.com', '05432'] },
      { system: 'postgres', kind: 'database', path: ['db.example.com', '5432'] },
      { system: 'file', kind: 'path', path: ['/etc'] },
    ])
      assert.equal(isMapTarget(target), false, JSON.stringify(target));
  });

  test('any text is read or refused, and what is read comes back the same', () => {
    const part = fc.constantFrom(
      'railway',
      'postgres',
      'volume',
      'server',
      'database',
      'db',
      '[::1]',
      ':',
      '/',
      '5432',
      '@',
      '.',
      ID,
      'https://',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part).map((parts) => parts.join('/')),
          fc.array(part).map((parts) => parts.join('')),
        ),
        (text) => {
          const read = parseMapTarget(text);
          if (!read.ok) return;
          assert.equal(isMapTarget(read.target), true);
          assert.deepEqual(parseMapTarget(mapTargetText(read.target)), read);
        },
      ),
    );
  });
});
