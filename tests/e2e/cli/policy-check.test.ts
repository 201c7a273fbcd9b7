import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { helpFor } from '../../../src/apps/cli/help.ts';
import { REGO_FILE_LIMITS } from '../../../src/apps/cli/policy/rego-files.ts';
import { skipUnless } from '../../platform.ts';
import { FREEZE, FREEZE_TEST, makePolicyPlace, type PolicyPlace } from './policy-place.ts';

let place: PolicyPlace;
before(() => {
  place = makePolicyPlace();
});
after(() => place.remove());

describe('policy check', () => {
  const rego: readonly {
    readonly note: string;
    readonly text: string;
    readonly args?: readonly string[];
    readonly says: RegExp | '';
  }[] = [
    { note: 'a sound policy', text: FREEZE, says: '' },
    {
      note: 'does not parse',
      text: 'package holdpoint.policies.a\n\ndeny contains x if {',
      says: /^p\/a\.rego:3:\d+: /,
    },
    { note: 'empty', text: '', says: /^p\/a\.rego\S* .*empty/ },
    {
      note: 'a member that the input does not have',
      text: 'package holdpoint.policies.a\n\ndeny contains {"id": "a", "reason": "r", "effect": 0} if input.atempt.agent == "x"\n',
      says: /^p\/a\.rego:3:\d+: undefined ref: input\.atempt/,
    },
    {
      note: 'a built-in that reaches outside',
      text: 'package holdpoint.policies.a\n\ndeny contains {"id": "a", "reason": "r", "effect": 0} if http.send({"url": "x", "method": "get"}).status_code == 200\n',
      says: /^p\/a\.rego:3:\d+: `http\.send` is not available to a policy/,
    },
    {
      note: 'not a set of findings',
      text: 'package holdpoint.policies.a\n\ndeny if true\n',
      says: /^p\/a\.rego:3:1: `deny` has to be a set/,
    },
    { note: 'another package', text: 'package other\n\ndeny contains "x"\n', says: /^p\/a\.rego:3:1: .*never asked/ },
    {
      note: 'another package as any Rego',
      text: 'package other\n\ndeny contains "x"\n',
      args: ['--any-rego'],
      says: '',
    },
    { note: 'old syntax', text: 'package holdpoint.policies.a\n\ndeny[x] { x := 1 }\n', says: /^p\/a\.rego:3:\d+: / },
  ];
  for (const { note, text, args = [], says } of rego)
    test(`${note}: ${says === '' ? 'passes' : 'is complained of with its place'}`, async () => {
      place.write('p/a.rego', text);
      const ran = await place.run(['check', 'p', ...args]);
      assert.deepEqual([ran.code, ran.out], [says === '' ? 0 : 1, ''], ran.err);
      if (says === '') assert.equal(ran.err, '');
      else assert.match(ran.err, says);
    });

  test('without a path it reads the policy of the workspace', async () => {
    const none = await place.run(['check']);
    assert.deepEqual([none.code, none.err], [1, 'no path is given, and this workspace has no `.holdpoint/policy`\n']);
    place.write('.holdpoint/policy/deep/a.rego', 'package x\n\ndeny contains 1\n');
    assert.match((await place.run(['check'])).err, /^\.holdpoint\/policy\/deep\/a\.rego:3:1: /);
    place.write('.holdpoint/policy/deep/a.rego', FREEZE);
    assert.equal((await place.run(['check'])).code, 0);
  });

  test('as JSON: problems with their places, or the rules', async () => {
    place.write('j/a.rego', 'package holdpoint.policies.a\n\ndeny if true\n');
    const bad = await place.run(['check', 'j', '--json']);
    const { errors } = JSON.parse(bad.out) as { errors: { file: string; row: number; col: number; code: string }[] };
    assert.deepEqual([bad.code, bad.err, errors[0]?.file, errors[0]?.row, errors[0]?.col], [1, '', 'j/a.rego', 3, 1]);
    place.write('j/a.rego', FREEZE);
    const good = await place.run(['check', 'j', '--json']);
    assert.match(good.out, /"path": "data\.holdpoint\.policies\.freeze\.hold"/);
  });
});

describe('files that cannot be read', () => {
  const table: readonly {
    readonly note: string;
    readonly make: () => void;
    readonly path: string;
    readonly says: RegExp;
    readonly skip?: string | false;
  }[] = [
    { note: 'nothing there', make: () => undefined, path: 'none', says: /^none: does not exist\n$/ },
    {
      note: 'a folder without rules',
      make: () => place.write('bare/notes.txt', ''),
      path: 'bare',
      says: /^no `\.rego` file there\n$/,
    },
    {
      note: 'another kind of file',
      make: () => place.write('notes.txt', ''),
      path: 'notes.txt',
      says: /^notes\.txt: neither a folder nor a `\.rego` file\n$/,
    },
    {
      note: 'not UTF-8',
      make: () => place.write('u/a.rego', Buffer.from([0x70, 0xff])),
      path: 'u',
      says: /^u\/a\.rego: not UTF-8 text\n$/,
    },
    {
      note: 'huge',
      make: () => place.write('h/a.rego', Buffer.alloc(REGO_FILE_LIMITS.fileBytes + 1)),
      path: 'h',
      says: /^h\/a\.rego: larger than \d+ bytes\n$/,
    },
    {
      note: 'many',
      make: () => {
        for (let number = 0; number < 9; number += 1)
          place.write(`m/${number}.rego`, Buffer.alloc(REGO_FILE_LIMITS.fileBytes - 1, ' '));
      },
      path: 'm',
      says: /^m\/8\.rego: all files together are larger than \d+ bytes\n$/,
    },
    {
      note: 'data that is not JSON',
      make: () => place.write('d/data.json', '{"a":'),
      path: 'd',
      says: /^d\/data\.json: not valid JSON\n$/,
    },
    {
      note: 'data with a name twice',
      make: () => place.write('d2/data.json', '{"a":1,"a":2}'),
      path: 'd2',
      says: /^d2\/data\.json: duplicate key `a`\n$/,
    },
    {
      note: 'data that is no object',
      make: () => place.write('d3/data.json', '[]'),
      path: 'd3',
      says: /^d3\/data\.json: the data is not a JSON object\n$/,
    },
    {
      note: 'data in YAML',
      make: () => place.write('y/data.yaml', 'a: 1'),
      path: 'y',
      says: /^y\/data\.yaml: YAML is not read/,
    },
    {
      note: 'data that contradicts',
      make: () => {
        place.write('c/data.json', '{"sub":{"a":1}}');
        place.write('c/sub/data.json', '{"a":2}');
      },
      path: 'c',
      says: /^c\/sub\/data\.json: `sub\.a` is in another file of data too\n$/,
    },
    {
      note: 'a folder that leads back into itself',
      make: () => {
        place.write('loop/in/a.rego', FREEZE);
        symlinkSync(path.join(place.work, 'loop'), path.join(place.work, 'loop/in/back'));
      },
      path: 'loop',
      says: /^loop\/in\/back: the folder leads back into itself\n$/,
      skip: skipUnless('unix'),
    },
    {
      note: 'a link to itself',
      make: () => {
        mkdirSync(path.join(place.work, 'self'));
        symlinkSync('a.rego', path.join(place.work, 'self/a.rego'));
      },
      path: 'self',
      says: /^self\/a\.rego: the link leads in a circle\n$/,
      skip: skipUnless('unix'),
    },
    {
      note: 'a device',
      make: () => {
        mkdirSync(path.join(place.work, 'dev'));
        symlinkSync('/dev/zero', path.join(place.work, 'dev/a.rego'));
      },
      path: 'dev',
      says: /^dev\/a\.rego: not a regular file\n$/,
      skip: skipUnless('unix'),
    },
    {
      note: 'closed to this account',
      make: () => chmodSync(place.write('closed/a.rego', FREEZE), 0),
      path: 'closed',
      says: /^closed\/a\.rego: may not be read by this account\n$/,
      skip: process.getuid?.() === 0 ? 'root may read everything' : skipUnless('unix'),
    },
  ];
  for (const { note, make, path: where, says, skip = false } of table)
    test(note, { skip }, async () => {
      make();
      for (const command of ['check', 'test']) {
        const ran = await place.run([command, where]);
        assert.deepEqual([ran.code, ran.out], [1, '']);
        assert.match(ran.err, says);
      }
    });

  test('all complaints come at once, and a file under two of the paths is read once', async () => {
    place.write('two/a.rego', FREEZE);
    place.write('two/data.json', '[]');
    assert.equal((await place.run(['check', 'two', 'none'])).err.split('\n').length, 3);
    place.write('two/data.json', '{"__proto__":{"polluted":true}}');
    assert.deepEqual(await place.run(['check', 'two', 'two/a.rego', './two']), { code: 0, out: '', err: '' });
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  });
});

describe('wrong usage', () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['', /^holdpoint policy: one of check, /],
    ['lint', /no command `lint`; there are check, /],
    ['check --strict', /unknown argument `--strict`/],
    ['check --json=yes', /`--json` takes no value/],
    ['test --run', /`--run` takes a value/],
    ['test --run a --run b', /`--run` is given twice/],
    ['test --threshold high', /`--threshold` takes a number/],
    ['test --threshold 101', /`--threshold` takes a number/],
    ['eval', /give the query/],
    ['eval x --input a --action b', /exclude each other/],
    ['eval x --explain much', /`--explain` takes/],
    ['eval x --format xml', /`--format` takes/],
    ['eval x --kind shell', /say more of an `--action`/],
    ['eval x --action y --kind poem', /unknown kind `poem`/],
    ['fmt -w', /need a path/],
    ['fmt -x a', /unknown argument `-x`/],
    ['build', /a path is needed/],
    ['build a --signing-alg RS256', /say more of a `--signing-key`/],
    ['build a --signing-key k --signing-alg none', /unknown algorithm `none`/],
    ['try', /draft is needed/],
    ['try a --since yesterday', /`--since` takes/],
    ['try a --layer floor', /`--layer` takes/],
    ['try a --limit many', /`--limit` takes/],
    ['decisions x', /cannot use `x`/],
    ['decisions --since 5', /`--since` takes/],
    ['decisions --says maybe', /`--says` takes/],
    ['decisions --limit 0', /`--limit` takes/],
  ];
  for (const [line, says] of wrong)
    test(`\`policy ${line}\``, async () => {
      const ran = await place.run(line === '' ? [] : line.split(' '));
      assert.deepEqual([ran.code, ran.out], [64, '']);
      assert.match(ran.err, says);
      assert.match(ran.err, /^holdpoint policy.*[^.\n]\n$/);
    });

  test('each command has help of its own', () => {
    for (const name of 'check test eval fmt build try decisions pin unpin session show reload'.split(' '))
      assert.match(helpFor('policy', name) ?? '', new RegExp(`^holdpoint policy ${name}[ \\n]`));
    assert.match(helpFor('policy') ?? '', /^holdpoint policy COMMAND\n/);
    assert.equal(helpFor('policy', 'constructor'), helpFor('policy'));
  });
});

describe('policy test', () => {
  test('passes, with the words of print and counts', async () => {
    place.write('t/freeze.rego', FREEZE);
    place.write('t/freeze_test.rego', FREEZE_TEST);
    const quiet = await place.run(['test', 't']);
    assert.deepEqual(quiet, { code: 0, out: 'PASS: 1/1\n', err: '' });
    const { out } = await place.run(['test', 't', '-v']);
    assert.match(
      out,
      /^t\/freeze_test\.rego:5:\ndata\.holdpoint\.policies\.freeze_test\.test_holds: PASS \(.*s\)\n\n {2}looks at 0\n/,
    );
  });

  test('fails with the place of the test, a failing built-in is an error, todo_ is skipped', async () => {
    place.write(
      'f/a_test.rego',
      'package a_test\n\ntest_no if 1 == 2\n\ntest_broken if to_number("x") == 1\n\ntodo_test_later if true\n',
    );
    const { code, out } = await place.run(['test', 'f']);
    assert.equal(code, 2);
    assert.match(out, /f\/a_test\.rego:3:\ndata\.a_test\.test_no: FAIL/);
    assert.match(out, /f\/a_test\.rego:5:\ndata\.a_test\.test_broken: ERROR.*\n {2}.*a_test\.rego:5.*to_number/);
    assert.match(out, /FAIL: 1\/3\nSKIPPED: 1\/3\nERROR: 1\/3\n$/);
    assert.equal((await place.run(['test', 'f', '--run', 'later'])).code, 2);
    assert.equal((await place.run(['test', 'f', '--run', 'later', '-z'])).code, 0);
  });

  test('coverage names the rows that no test reached, and a threshold fails', async () => {
    place.write(
      'c2/a.rego',
      `${FREEZE}\nhold contains {"id": "b", "reason": "r", "effect": 0} if {\n\tinput.attempt.agent == "nobody"\n\tinput.attempt.task == "x"\n}\n`,
    );
    place.write('c2/a_test.rego', FREEZE_TEST);
    const { code, out } = await place.run(['test', 'c2', '--coverage']);
    assert.equal(code, 0);
    assert.match(
      out,
      /^PASS: 1\/1\ncoverage: \d\d\.\d\d %\n.* c2\/a\.rego {2}rows not covered: 8.*\n.*100\.00 % {2}c2\/a_test\.rego\n$/,
    );
    const low = await place.run(['test', 'c2', '--threshold', '99.5']);
    assert.deepEqual([low.code, low.out], [2, 'PASS: 1/1\n']);
    assert.match(low.err, /^coverage threshold not met: got \d\d\.\d\d instead of 99\.50\n$/);
  });

  test('nothing to run is not a success', async () => {
    place.write('n/a.rego', FREEZE);
    assert.deepEqual(await place.run(['test', 'n']), { code: 1, out: '', err: 'no tests found\n' });
    assert.deepEqual((await place.run(['test', 't', '--run', 'typo'])).err, 'no test matches `typo`\n');
    place.write('n/a.rego', 'package x\n\ny := ');
    assert.match((await place.run(['test', 'n'])).err, /^n\/a\.rego:3:\d+: /);
  });

  test('as JSON', async () => {
    const ran = await place.run(['test', 't', '--json', '--coverage']);
    const { tests, coverage } = JSON.parse(ran.out) as {
      tests: { name: string; result: string }[];
      coverage: { percent: number };
    };
    assert.deepEqual([tests.map((one) => [one.name, one.result]), coverage.percent], [[['test_holds', 'pass']], 100]);
  });
});
