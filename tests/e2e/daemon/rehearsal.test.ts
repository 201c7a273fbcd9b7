import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { openEngine } from '../../../src/apps/wire.ts';
import { makePerson, makeRegistry } from '../../fakes/people.ts';
import { skipUnless } from '../../platform.ts';

test('the card of a hold says what went in rehearsal, and its signature covers that', {
  skip: skipUnless('rehearsal'),
}, async (t) => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'hp-rehearsal-')));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const workspace = path.join(folder, 'workspace');
  mkdirSync(path.join(workspace, 'notes'), { recursive: true });
  writeFileSync(path.join(workspace, 'notes/only.txt'), 'exists nowhere else');
  const person = makePerson('ada');
  const registry = makeRegistry([person]);
  const opened = await openEngine({
    paths: {
      config: path.join(folder, 'config'),
      state: path.join(folder, 'state'),
      runtime: path.join(folder, 'run'),
      socket: path.join(folder, 'run/holdpoint.sock'),
      trust: 'advisory',
      ownerUid: process.getuid?.() ?? 0,
    },
    home: folder,
    person: 'ada',
    version: 'test',
    execCommand: ['holdpoint', 'exec'],
    mode: () => 'enforce',
    registry: { registryFile: registry.registryFile, trustedOwnerUids: registry.trustedOwnerUids },
    rehearse: { path: '/usr/bin:/bin' },
  });
  assert.ok(opened.ok, opened.ok ? '' : opened.why);
  const { engine } = opened;
  t.after(() => engine.daemon.close());
  const origin = { agent: 'test', task: 'rehearsal', workspace };
  const command = 'f=$(ls); rm -r "$f"';
  const held = await engine.service.begin(command, workspace, origin);
  const hold = held.kind === 'refused' ? held.hold : undefined;
  assert.ok(hold !== undefined, held.kind);
  const seen = hold.card.checks.find((one) => one.text.startsWith('rehearsal'));
  assert.match(seen?.text ?? '', /deleted \S+\/notes \(1 file, 19 bytes, exists nowhere else\)/);
  assert.ok(existsSync(path.join(workspace, 'notes/only.txt')));

  // It is rehearsed again before it runs: the same is seen, so the approval stands.
  const record = await engine.store.hold(hold.id);
  assert.ok(record !== undefined);
  const armored = new TextDecoder().decode(person.sign(record.claim).bytes);
  const accepted = await engine.service.approve(hold.id, [armored]);
  assert.ok(accepted.ok, accepted.ok ? '' : accepted.why);
  writeFileSync(path.join(workspace, 'notes/more.txt'), 'written since');
  const changed = await engine.service.begin(command, workspace, origin);
  assert.equal(changed.kind, 'refused', 'more would go than was signed for');
});
