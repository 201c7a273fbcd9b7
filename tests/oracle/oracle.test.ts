/** A short form of `npm run oracle`: a part of the tables really runs, in a throw-away view among canaries. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { skipUnless } from '../platform.ts';
import { commandsOf, scenarioFiles } from './corpus.ts';
import { consult, judgeOf } from './oracle.ts';

const EVERY = 25;

describe('the oracle', { skip: skipUnless('rehearsal', 'bash', 'git') }, () => {
  test('no command of the tables that is allowed destroys a canary', async () => {
    const commands = scenarioFiles()
      .flatMap(commandsOf)
      .filter((_, index) => index % EVERY === 0);
    assert.ok(commands.length >= 40);
    const findings = await consult(commands, { timeoutMs: 2_000 });
    assert.deepEqual(
      findings.filter((one) => one.result === 'missed').map((one) => `${one.command}: ${one.why}`),
      [],
    );
    assert.ok(findings.filter((one) => one.run.ok).length > commands.length * 0.95, 'most of them ran');
    assert.ok(findings.filter((one) => one.lost.size > 0).length > 2, 'some of them destroy');
  });

  test('tells what a judge that lets everything pass has missed', async () => {
    const judge = await judgeOf();
    const blind: typeof judge = async (raw) => {
      const harmless = { ...raw, action: { ...raw.action, bytes: new TextEncoder().encode('ls') } };
      return judge(harmless);
    };
    const found = await consult(
      [
        'rm notes.txt',
        'rm -rf dist',
        'git checkout src/changed.ts',
        'rm ~/documents/thesis.txt',
        'mv notes.txt n',
        'ls',
      ],
      { judge: blind },
    );
    assert.deepEqual(
      found.map((one) => one.result),
      ['missed', 'agreed', 'missed', 'missed', 'agreed', 'agreed'],
    );
    const needless = await consult(['true; [ -e nothing ] && rm -rf src; true']);
    assert.deepEqual([needless[0]?.says, needless[0]?.result], ['hold', 'needless']);
  });
});
