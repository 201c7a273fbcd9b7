import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { runUndo } from '../../../src/apps/cli/undo.ts';
import { faultOfDump, listDumps, listSafeguards, openEngine, restoreSafeguard } from '../../../src/apps/wire.ts';
import { makePerson, makeRegistry } from '../../fakes/people.ts';

test('an approved deletion is copied first, the record says where, and undo puts it back', async (t) => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'hp-undo-')));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [workspace, config, state, runtime] = ['workspace', 'config', 'state', 'run'].map((name) =>
    path.join(folder, name),
  ) as [string, string, string, string];
  mkdirSync(path.join(workspace, 'notes'), { recursive: true });
  writeFileSync(path.join(workspace, 'notes/only.txt'), 'exists nowhere else');
  const person = makePerson('ada');
  const registry = makeRegistry([person]);
  const opened = await openEngine({
    paths: {
      config,
      state,
      runtime,
      socket: path.join(runtime, 'holdpoint.sock'),
      trust: 'advisory',
      ownerUid: process.getuid?.() ?? 0,
    },
    home: folder,
    person: 'ada',
    version: 'test',
    execCommand: ['holdpoint', 'exec'],
    mode: () => 'enforce',
    registry: { registryFile: registry.registryFile, trustedOwnerUids: registry.trustedOwnerUids },
  });
  assert.ok(opened.ok, opened.ok ? '' : opened.why);
  const { engine } = opened;
  t.after(() => engine.daemon.close());
  const origin = { agent: 'test', task: 'undo', workspace };
  const held = await engine.service.begin('rm -r notes', workspace, origin);
  assert.equal(held.kind, 'refused');
  const hold = held.kind === 'refused' ? held.hold : undefined;
  assert.ok(hold !== undefined);
  assert.match(hold.card.safeguards.join(), /copies/);
  const record = await engine.store.hold(hold.id);
  assert.ok(record !== undefined);
  const armored = new TextDecoder().decode(person.sign(record.claim).bytes);
  const accepted = await engine.service.approve(hold.id, [armored]);
  assert.ok(accepted.ok, accepted.ok ? '' : accepted.why);
  const released = await engine.service.begin('rm -r notes', workspace, origin);
  assert.equal(released.kind, 'release');
  rmSync(path.join(workspace, 'notes'), { recursive: true });
  assert.ok(released.kind === 'release' && (await engine.service.outcome(released.report, 'done', {})));
  const [outcome] = await engine.store.receipts({ kind: 'outcome' });
  const where = (outcome?.payload as { safeguards?: readonly { where: string }[] } | undefined)?.safeguards?.[0]?.where;
  assert.ok(where !== undefined && existsSync(where));

  const out: string[] = [];
  const io = {
    env: {},
    cwd: workspace,
    stdin: process.stdin,
    out: (text: string) => void out.push(text),
    err: (text: string) => void out.push(text),
    interactive: false,
    outIsTerminal: false,
  };
  const deps = {
    list: () => listSafeguards(path.join(state, 'safeguards')),
    dumps: () => listDumps(path.join(state, 'safeguards')),
    faultOfDump,
    restore: restoreSafeguard,
  };
  assert.equal(await runUndo([], io, deps), 0);
  const id = out.join('').split(' ')[0] ?? '';
  assert.match(out.join(''), /notes/);
  assert.equal(await runUndo([id], io, deps), 0, out.join(''));
  assert.equal(readFileSync(path.join(workspace, 'notes/only.txt'), 'utf8'), 'exists nowhere else');
  writeFileSync(path.join(workspace, 'notes/only.txt'), 'newer');
  assert.equal(await runUndo([id], io, deps), 1);
  assert.equal(
    readFileSync(path.join(workspace, 'notes/only.txt'), 'utf8'),
    'newer',
    'what is there now is not replaced unasked',
  );
  assert.equal(await runUndo(['nothing-like-this'], io, deps), 64);
});
