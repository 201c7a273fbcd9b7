import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectsIn, type SeenWorld } from './seen-world.ts';

const WORLD: SeenWorld = {
  facts: {
    'dependents:41': { words: [], isThisProgram: true },
    'dependents:42': {
      words: ['/usr/bin/node', '/opt/holdpoint/dist/cli.mjs', 'up', '--foreground', ''],
      isThisProgram: false,
    },
    'dependents:43': { words: ['/usr/bin/holdpoint', 'up', ''], isThisProgram: false },
    'dependents:50': { words: ['/usr/bin/node', 'server.js', ''], isThisProgram: false },
    'dependents:51': { words: ['vim', 'holdpoint.md', ''], isThisProgram: false },
  },
};
const tampers = (text: string): boolean =>
  effectsIn(WORLD, text).some((effect) => effect.tags?.includes('guard-tampering') === true);

for (const text of [
  'kill 41',
  'kill -9 41',
  'kill -KILL 42',
  'kill -s TERM 43',
  'kill -TERM -- -42',
  'kill -9 -41',
  'kill 50 42',
  'sudo kill -9 41',
  'bash -c "kill -STOP 43"',
])
  test(`${text} stops the guard`, () => assert.equal(tampers(text), true));

for (const text of ['kill 50', 'kill -9 51', 'kill -0 41', 'kill -l 9', 'kill 60', 'kill %1'])
  test(`${text} does not`, () => assert.equal(tampers(text), false));
