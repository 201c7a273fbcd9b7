import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { skipUnless } from '../../platform.ts';

const MAIN = path.resolve(import.meta.dirname, '../../../src/apps/cli/main.ts');

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  test(`a replay that is ended by ${signal} takes down what it set up`, { skip: skipUnless('unix') }, async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hp-int-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', MAIN, 'replay', 'pocketos', '--agent', 'scripted'],
      { env: { ...process.env, TMPDIR: folder }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    const closed = once(child, 'close');
    // The first run has begun: its folder is there, and the agent is at work in it.
    for await (const chunk of child.stdout) if (String(chunk).includes('unguarded')) break;
    assert.deepEqual(
      readdirSync(folder).map((name) => name.replace(/-\w+$/, '')),
      ['holdpoint-replay'],
    );
    child.kill(signal);
    assert.deepEqual((await closed)[0], code, err);
    assert.match(err, /interrupted; what the replay had set up is gone again/);
    assert.deepEqual(readdirSync(folder), []);
  });
