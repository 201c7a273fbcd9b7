import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { skipUnless } from '../../platform.ts';
import { holdpoint, makePlace, type Place, startDaemon } from '../daemon/place.ts';

const skip = skipUnless('unix', 'git');
const SECRET = `ghp_${'a1B2c3D4'.repeat(5)}`;

let place: Place;
before(() => {
  place = makePlace();
  spawnSync('git', ['init', '-q', place.work]);
  writeFileSync(path.join(place.work, 'only-copy.txt'), 'exists nowhere else');
});
after(() => place.remove());

test('what a daemon decided can be listed, and a draft tried on it', { skip }, async () => {
  const daemon = await startDaemon(place);
  const codes = [];
  for (const command of ['ls', 'rm only-copy.txt', `GH_TOKEN=${SECRET} ls`])
    codes.push((await holdpoint(place, ['exec', '--', command])).code);
  assert.deepEqual(codes, [0, 20, 0]);
  await daemon.stop();

  const folder = path.join(place.paths.state, 'decisions');
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  for (const name of readdirSync(folder)) assert.ok(!readFileSync(path.join(folder, name), 'utf8').includes(SECRET));

  const listed = await holdpoint(place, ['policy', 'decisions']);
  assert.deepEqual([listed.code, listed.err], [0, '']);
  const lines = new Set(listed.out.split('\n').map((line) => line.replace(/^\S+ +/, '')));
  assert.deepEqual(lines, new Set(['allow   ls', 'hold    rm only-copy.txt', 'allow   GH_TOKEN=<redacted> ls', '']));

  mkdirSync(path.join(place.work, 'draft'));
  writeFileSync(
    path.join(place.work, 'draft/a.rego'),
    'package holdpoint.policies.quiet\n\ndeny contains {"id": "look", "reason": "nobody looks", "effect": e.index} if {\n\tsome e in input.effects\n\tstartswith(input.attempt.action.text, "ls")\n\te.index == 0\n}\n',
  );
  const tried = await holdpoint(place, ['policy', 'try', 'draft']);
  assert.deepEqual([tried.code, tried.err], [1, ''], tried.out);
  assert.match(
    tried.out,
    /: 1 changes\n\nallow → deny {2}1× {2}by quiet\/look\n.* {2}ls\n {6}nobody looks\n\n1 decision judged with secrets masked/,
  );
});
