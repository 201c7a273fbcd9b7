import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ask } from '../../../src/apps/cli/client.ts';
import type { BeginAnswer } from '../../../src/apps/daemon/service.ts';
import { encodeHookRequest, parseReply } from '../../../src/protocols/hooks/wire.ts';
import { skipUnless } from '../../platform.ts';
import { exchange, holdpoint, makePlace, type Place, type RunningDaemon, receiptsOf, startDaemon } from './place.ts';

const SIZE = '3m';

/** Why there can be no small disk here, or `false`. */
function reasonToSkip(): string | false {
  const needed = skipUnless('root');
  if (needed !== false) return needed;
  const folder = mkdtempSync(path.join(tmpdir(), 'hp-mount-'));
  const tried = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder]);
  if (tried.status === 0) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true, force: true });
  return tried.status === 0 ? false : 'a tmpfs cannot be mounted here';
}

describe('a full disk', { skip: reasonToSkip() }, () => {
  let disk: string;
  let place: Place;
  let daemon: RunningDaemon;

  before(async () => {
    disk = mkdtempSync(path.join(tmpdir(), 'hp-disk-'));
    spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=700`, 'tmpfs', disk]);
    mkdirSync(path.join(disk, 'state'), { mode: 0o700 });
    place = makePlace({ state: path.join(disk, 'state') });
    daemon = await startDaemon(place);
  });
  after(async () => {
    await daemon.kill();
    place.remove();
    spawnSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  const begin = (command: string) => ({
    op: 'begin',
    command,
    cwd: place.work,
    origin: { agent: 'test', task: 'disk', workspace: place.work },
  });
  const hook = async (command: string) => {
    const payload = JSON.stringify({
      session_id: 's',
      transcript_path: '/t',
      cwd: place.work,
      permission_mode: 'default',
      hook_event_name: 'PreToolUse',
      tool_name: 'Bash',
      tool_use_id: 'u',
      tool_input: { command },
    });
    const bytes = encodeHookRequest('claude-code', Buffer.from(payload));
    const reply = parseReply((await exchange(place.paths.socket, [bytes])).text);
    assert.ok(reply !== undefined);
    return reply.exitCode === 0 && !reply.stdout.includes('"deny"') ? 'allowed' : 'refused';
  };

  test('whatever is not a plain read is refused, nothing runs unrecorded, and room makes it whole again', async () => {
    const first = await ask(place.paths, begin('touch before'));
    assert.equal(first.ok && (first.answer as BeginAnswer).kind, 'release');
    const { bfree, bsize } = statfsSync(disk);
    writeFileSync(path.join(disk, 'ballast'), Buffer.alloc(bfree * bsize));
    // What was allocated before may still take a few records; then it is over, and stays over.
    const released: string[] = [];
    let refusedInRow = 0;
    for (let n = 0; n < 500 && refusedInRow < 5; n += 1) {
      const reply = await ask(place.paths, begin(`touch file-${n}`));
      const ran = reply.ok && (reply.answer as BeginAnswer).kind === 'release';
      if (ran) released.push(`touch file-${n}`);
      refusedInRow = ran ? 0 : refusedInRow + 1;
    }
    assert.equal(refusedInRow, 5, 'the disk never filled');
    const why = await ask(place.paths, begin('touch later'));
    assert.ok(!why.ok || (why.answer as BeginAnswer).kind === 'refused');
    assert.match(JSON.stringify(why), /disk|full|record|write|ledger/i);
    for (const command of ['touch other', 'rm -rf /', 'git push --force']) assert.equal(await hook(command), 'refused');

    const exec = await holdpoint(place, ['exec', '--', 'touch ran-unrecorded']);
    assert.notEqual(exec.code, 0);
    assert.ok(!existsSync(path.join(place.work, 'ran-unrecorded')));
    assert.equal((await holdpoint(place, ['exec', '--', 'rm -rf sub'])).code === 0, false);

    // A person can still look, is told what to do, and can do it.
    const status = await holdpoint(place, ['status']);
    assert.equal(status.code, 1, status.out);
    assert.match(
      status.err,
      /^holdpoint: the ledger cannot be used any more: [^\n]*disk[^\n]*`holdpoint down` and `holdpoint up`[^\n]*\n$/,
    );
    const down = await holdpoint(place, ['down']);
    assert.equal(down.code, 0, down.err);
    rmSync(path.join(disk, 'ballast'));
    const audit = await holdpoint(place, ['verify-log']);
    assert.equal(audit.code, 0, audit.out);
    daemon = await startDaemon(place);
    const recorded = (await receiptsOf(place))
      .filter((one) => one.kind === 'intent')
      .map((one) => one.payload?.action?.text);
    for (const command of released) assert.ok(recorded.includes(command), `\`${command}\` has no intent`);
    assert.equal(await hook('touch again'), 'allowed');
  });

  test('a start on a full disk says why, and starts nothing', async () => {
    await daemon.stop();
    const { bfree, bsize } = statfsSync(disk);
    writeFileSync(path.join(disk, 'ballast'), Buffer.alloc(bfree * bsize));
    const up = await holdpoint(place, ['up']);
    const answers = (await ask(place.paths, begin('touch on-full'))).ok;
    if (up.code === 0) assert.equal(await hook('touch on-full'), 'refused');
    else assert.equal(answers, false);
    await holdpoint(place, ['down']);
  });
});
