import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { processOf } from '../../../src/adapters/workspace/running-process.ts';
import { skipUnless } from '../../platform.ts';

test('says what runs under a number, and knows itself', { skip: skipUnless('procfs') }, async () => {
  assert.deepEqual(await processOf(String(process.pid)), { known: { words: [], isThisProgram: true } });
  const secret = `ghp_${'a1B2c3D4'.repeat(5)}`;
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)', secret], { stdio: 'ignore' });
  await once(child, 'spawn');
  try {
    const seen = await processOf(String(child.pid));
    assert.ok('known' in seen);
    assert.deepEqual(seen.known.words.slice(0, 2), [process.execPath, '-e']);
    assert.equal(JSON.stringify(seen).includes(secret), false);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  for (const pid of ['0', '-1', '1e3', '../self', '99999999999', '4194999'])
    assert.ok('unknown' in (await processOf(pid)), pid);
});
