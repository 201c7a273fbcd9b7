import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { FREEZE, makePolicyPlace, type PolicyPlace } from './policy-place.ts';

let place: PolicyPlace;
before(() => {
  place = makePolicyPlace();
  place.write('p/freeze.rego', FREEZE);
  place.write('p/data.json', '{"limits":{"files":3}}');
});
after(() => place.remove());

interface OpaResult {
  readonly result?: readonly {
    readonly expressions: readonly { readonly value: unknown }[];
    readonly bindings?: object;
  }[];
  readonly errors?: readonly { readonly message: string; readonly file?: string; readonly row?: number }[];
  readonly explanation?: readonly string[];
}
const json = (text: string): OpaResult => JSON.parse(text) as OpaResult;

describe('policy eval', () => {
  // The wanted output is what opa 1.22.2 prints, but for the order of columns.
  const table: readonly { readonly args: readonly string[]; readonly input?: string; readonly out: string }[] = [
    { args: ['1 + 1'], out: '2\n' },
    { args: ['1 == 2'], out: 'false\n' },
    { args: ['data.nope'], out: 'undefined\n' },
    { args: ['null'], out: 'null\n' },
    { args: ['data.limits', '-d', 'p'], out: '{\n  "files": 3\n}\n' },
    {
      args: ['input.x[i] > 1', '-i', '-', '--any-rego'],
      input: '{"x":[1,2,3]}',
      out: '┌───┐\n│ i │\n├───┤\n│ 1 │\n│ 2 │\n└───┘\n',
    },
    {
      args: ['{"a":false,"b":2}[k]'],
      out: '┌──────────────────────┬─────┐\n│ {"a":false,"b":2}[k] │ k   │\n├──────────────────────┼─────┤\n│ 2                    │ "b" │\n└──────────────────────┴─────┘\n',
    },
    { args: ['x = false; y = 1'], out: '┌───────┬───┐\n│ x     │ y │\n├───────┼───┤\n│ false │ 1 │\n└───────┴───┘\n' },
    { args: ['--', 'count([1,', '2])'], out: '2\n' },
    { args: ['1 + 1 # two'], out: '2\n' },
  ];
  for (const { args, input, out } of table)
    test(`\`${args.join(' ')}\``, async () => {
      const ran = await place.run(['eval', '--format', 'pretty', ...args], input === undefined ? {} : { input });
      assert.deepEqual(ran, { code: 0, out, err: '' });
    });

  test('JSON has the form of OPA', async () => {
    const { out } = await place.run(['eval', '[1, 2][i]']);
    assert.deepEqual(json(out).result, [
      { expressions: [{ value: 1, text: '[1, 2][i]', location: { row: 1, col: 1 } }], bindings: { i: 0 } },
      { expressions: [{ value: 2, text: '[1, 2][i]', location: { row: 1, col: 1 } }], bindings: { i: 1 } },
    ]);
    assert.equal((await place.run(['eval', 'data.nope'])).out, '{}\n');
  });

  test('`--fail` fails where nothing is defined, and false is defined', async () => {
    const codes = [];
    for (const query of ['data.nope', 'false', '[1][i] > 1', '1'])
      codes.push((await place.run(['eval', query, '--fail'])).code);
    assert.deepEqual(codes, [1, 0, 1, 0]);
  });

  test('a query that is wrong, and a built-in that fails, are errors', async () => {
    for (const query of ['1 +', 'nosuch(1)', 'input.x + y', 'to_number("x")']) {
      const ran = await place.run(['eval', query]);
      assert.deepEqual([ran.code, ran.err], [2, ''], query);
      assert.ok((json(ran.out).errors?.length ?? 0) > 0);
      const pretty = await place.run(['eval', query, '--format=pretty']);
      assert.deepEqual([pretty.code, pretty.out], [2, '']);
      assert.match(pretty.err, /./);
    }
  });

  test('a trace comes before the result', async () => {
    place.write('q/a.rego', 'package a\n\nb := 1 if input.x == 7\n');
    const ran = await place.run(
      ['eval', 'data.a.b', '-d', 'q', '-i', '-', '--any-rego', '-f', 'pretty', '--explain', 'full'],
      { input: '{"x":7}' },
    );
    assert.equal(ran.code, 0);
    assert.equal(ran.err, '');
    assert.match(ran.out, /q\/a\.rego:3 +\| Enter data\.a\.b\n[\s\S]*\n1\n$/);
    const said = await place.run(['eval', 'print("here", 7)', '-f', 'pretty']);
    assert.deepEqual([said.code, said.out], [0, 'true\n']);
    assert.match(said.err, /here 7\n$/);
    const asJson = json((await place.run(['eval', 'data.a.b', '-d', 'q', '--explain', 'full'])).out);
    assert.ok((asJson.explanation?.length ?? 0) > 2);
  });
});

describe('the input', () => {
  test('`--action` gives what policies would read, and judges alone', async () => {
    place.write('only-copy.txt', 'x');
    const { code, out, err } = await place.run(['eval', 'input', '--action', 'rm only-copy.txt']);
    assert.deepEqual([code, err], [0, '']);
    const document = json(out).result?.[0]?.expressions[0]?.value as {
      schema: string;
      attempt: { workspace: string; action: { text: string } };
      effects: { verb: string }[];
      evidence: unknown[];
    };
    assert.deepEqual(
      [document.schema, document.attempt.workspace, document.attempt.action.text, document.effects[0]?.verb],
      ['holdpoint/v1', place.work, 'rm only-copy.txt', 'destroy'],
    );
    assert.ok(document.evidence.length > 0);
    // It is the very form that is asked of an input.
    const again = await place.run(
      ['eval', 'data.holdpoint.policies.freeze.hold[_].id', '-d', 'p', '-i', '-', '-f', 'pretty'],
      {
        input: JSON.stringify(document),
      },
    );
    assert.deepEqual(again, { code: 0, out: '"files"\n', err: '' });
  });

  test('`--kind` says what the action is', async () => {
    const sql = await place.run([
      'eval',
      'input.effects[0].verb',
      '--action',
      'DROP TABLE users',
      '--kind',
      'sql',
      '-f',
      'pretty',
    ]);
    assert.deepEqual(sql, { code: 0, out: '"destroy"\n', err: '' });
    const http = await place.run([
      'eval',
      'input.attempt.action.kind',
      '--action',
      '{"method":"GET","url":"https://a.example/"}',
      '--kind',
      'http',
      '-f',
      'pretty',
    ]);
    assert.equal(http.out, '"http"\n');
    assert.match(
      (await place.run(['eval', 'input', '--action', 'GET /', '--kind', 'http', '-f', 'pretty'])).err,
      /a http action is JSON/,
    );
  });

  const bad: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ['not JSON', '{"a"', /^stdin: not valid JSON\n$/],
    ['a name twice', '{"a":1,"a":1}', /^stdin: duplicate key `a`\n$/],
    ['not UTF-8', Buffer.from([0xff]), /^stdin: not UTF-8 text\n$/],
    ['deep', `${'['.repeat(100)}${']'.repeat(100)}`, /^stdin: .*deep/],
    ['no document of ours', '{"user":"x"}', /^stdin: no document `holdpoint\/v1` \(`--any-rego` takes any\): /],
  ];
  for (const [note, input, says] of bad)
    test(`refused: ${note}`, async () => {
      const ran = await place.run(['eval', 'input', '-i', '-', '-f', 'pretty'], { input });
      assert.deepEqual([ran.code, ran.out], [2, '']);
      assert.match(ran.err, says);
    });

  test('a file that is not there', async () => {
    assert.deepEqual(await place.run(['eval', 'input', '-i', 'none.json', '-f', 'pretty']), {
      code: 2,
      out: '',
      err: 'none.json: does not exist\n',
    });
    assert.match((await place.run(['eval', 'input', '-d', 'none', '-f', 'pretty'])).err, /^none: does not exist\n$/);
  });
});
