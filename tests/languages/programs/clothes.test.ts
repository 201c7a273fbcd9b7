/** However a destructive call is wrapped, named or laid out, it is never judged less strictly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { worstDanger } from '../../../src/core/danger.ts';
import { unknown } from '../../../src/core/tri.ts';
import type { Tongue } from '../../../src/languages/programs/names.ts';
import { makeShellReader } from '../../../src/languages/shell/read-shell.ts';
import { loadPrograms } from '../../program-parser.ts';

await loadPrograms();

const read = makeShellReader({});
const context = { workspace: '', cwd: '', fact: () => unknown('judged by text alone') };

function isBlocked(command: string, text: string): boolean {
  const bytes = new TextEncoder().encode(`${command} <<'END'\n${text}\nEND`);
  return worstDanger(read({ kind: 'shell', bytes }, context).effects) !== 'harmless';
}

interface Clothes {
  readonly command: string;
  /** A module set up once, and calls as expressions: one of a function by its name, and its argument. */
  readonly setUp: string;
  readonly calls: readonly (readonly [fn: string, arg: string])[];
  readonly wraps: readonly ((fn: string, arg: string) => string)[];
  readonly neutral: readonly string[];
  /** Puts something between two parts of a call. */
  readonly gaps: readonly string[];
}

const indent = (text: string): string => text.replace(/^/gm, '    ');

const CLOTHES: Readonly<Record<Exclude<Tongue, 'perl'>, Clothes>> = {
  python: {
    command: 'python3',
    setUp: 'import os, shutil, subprocess',
    calls: [
      ['os.remove', "'src/a.py'"],
      ['shutil.rmtree', "'src'"],
      ['os.system', "'rm -rf src'"],
      ['subprocess.run', "['rm', '-rf', 'src']"],
    ],
    wraps: [
      (fn, arg) => `${fn}(${arg})`,
      (fn, arg) => `def go(x):\n    ${fn}(x)\ngo(${arg})`,
      (fn, arg) => `def go():\n    if True:\n        return ${fn}(${arg})\ngo()`,
      (fn, arg) => `f = ${fn}\nf(${arg})`,
      (fn, arg) => `f = ${fn}\ng = f\ndef go(h, x):\n    h(x)\ngo(g, ${arg})`,
      (fn, arg) => `class A:\n    def go(self, x):\n        self.x = x\n        ${fn}(self.x)\nA().go(${arg})`,
      (fn, arg) => `class A:\n    way = ${fn}\nA().way(${arg})`,
      (fn, arg) => `(lambda x: ${fn}(x))(${arg})`,
      (fn, arg) => `[${fn}(x) for x in [${arg}]]`,
      (fn, arg) => `list(map(${fn}, [${arg}]))`,
      (fn, arg) => `try:\n    ${fn}(${arg})\nexcept Exception as e:\n    print(e)`,
      (fn, arg) => `ways = {'a': ${fn}}\nways['a'](${arg})`,
      (fn, arg) =>
        `getattr(${fn.split('.')[0]}, '${fn.split('.')[1]?.slice(0, 2)}' + '${fn.split('.')[1]?.slice(2)}')(${arg})`,
      (fn, arg) => `from ${fn.split('.')[0]} import ${fn.split('.')[1]} as z\nz(${arg})`,
      (fn, arg) => `__import__('${fn.split('.')[0]}').${fn.split('.')[1]}(${arg})`,
      (fn, arg) => `async def go():\n    ${fn}(${arg})\nimport asyncio\nasyncio.run(go())`,
      (fn, arg) => `exec(${JSON.stringify(`import os, shutil, subprocess\n${fn}(${arg})`)})`,
    ],
    neutral: ['x = 1', 'print("hello")', '# a comment', '"""a text"""', 'import json', 'def other():\n    return 2'],
    gaps: [' ', '  ', '\t'],
  },
  javascript: {
    command: 'node',
    setUp: "const fs = require('fs'), cp = require('child_process');",
    calls: [
      ['fs.rmSync', "'src'"],
      ['fs.unlinkSync', "'src/a.ts'"],
      ['cp.execSync', "'rm -rf src'"],
    ],
    wraps: [
      (fn, arg) => `${fn}(${arg})`,
      (fn, arg) => `function go(x) { return ${fn}(x) }\ngo(${arg})`,
      (fn, arg) => `const go = async (x) => { await ${fn}(x) }\ngo(${arg})`,
      (fn, arg) => `const f = ${fn}\nf(${arg})`,
      (fn, arg) => `const { ${fn.split('.')[1]}: f } = ${fn.split('.')[0]}\nf(${arg})`,
      (fn, arg) => `const f = ${fn}, g = f\nconst go = (h, x) => h(x)\ngo(g, ${arg})`,
      (fn, arg) => `class A { constructor(x) { this.x = x } go() { ${fn}(this.x) } }\nnew A(${arg}).go()`,
      (fn, arg) => `class A { way = ${fn} }\nnew A().way(${arg})`,
      (fn, arg) => `[${arg}].forEach((x) => ${fn}(x))`,
      (fn, arg) => `[${arg}].forEach(${fn})`,
      (fn, arg) => `const o = { go: ${fn} }\no.go(${arg})`,
      (fn, arg) => `const o = {}\no.go = ${fn}\no['go'](${arg})`,
      (fn, arg) => `try { ${fn}(${arg}) } catch (e) { console.log(e) }`,
      (fn, arg) => `${fn.split('.')[0]}['${fn.split('.')[1]?.slice(0, 2)}' + '${fn.split('.')[1]?.slice(2)}'](${arg})`,
      (fn, arg) => `${fn}.call(null, ${arg})`,
      (fn, arg) => `;(0, ${fn})(${arg})`,
      (fn, arg) => `eval(${JSON.stringify(`${fn}(${arg})`)})`,
    ],
    neutral: [
      'const x = 1',
      'console.log("hello")',
      '// a comment',
      '/* a comment */',
      'function other() { return 2 }',
    ],
    gaps: [' ', '\n', '/* between */', '\t'],
  },
  ruby: {
    command: 'ruby',
    setUp: "require 'fileutils'",
    calls: [
      ['File.delete', "'src/a.rb'"],
      ['FileUtils.rm_rf', "'src'"],
      ['Kernel.system', "'rm -rf src'"],
    ],
    wraps: [
      (fn, arg) => `${fn}(${arg})`,
      (fn, arg) => `${fn} ${arg}`,
      (fn, arg) => `def go(x)\n  ${fn}(x)\nend\ngo(${arg})`,
      (fn, arg) =>
        `class A\n  def initialize(x)\n    @x = x\n  end\n  def go\n    ${fn}(@x)\n  end\nend\nA.new(${arg}).go`,
      (fn, arg) => `[${arg}].each { |x| ${fn}(x) }`,
      (fn, arg) => `[${arg}].each(&${fn.split('.')[0]}.method(:${fn.split('.')[1]}))`,
      (fn, arg) => `${fn.split('.')[0]}.send(:${fn.split('.')[1]}, ${arg})`,
      (fn, arg) => `go = ->(x) { ${fn}(x) }\ngo.call(${arg})`,
      (fn, arg) => `begin\n  ${fn}(${arg})\nrescue => e\n  puts e\nend`,
      (fn, arg) => `${fn}(${arg}) if true`,
      (fn, arg) => `C = ${fn.split('.')[0]}\nC.${fn.split('.')[1]}(${arg})`,
    ],
    neutral: ['x = 1', 'puts "hello"', '# a comment', 'def other; 2; end'],
    gaps: [' '],
  },
  php: {
    command: 'php',
    setUp: '<?php $z = 1;',
    calls: [
      ['unlink', "'src/a.php'"],
      ['shell_exec', "'rm -rf src'"],
    ],
    wraps: [
      (fn, arg) => `${fn}(${arg});`,
      (fn, arg) => `function go($x) { return ${fn}($x); }\ngo(${arg});`,
      (fn, arg) =>
        `class A { private $x; function __construct($x) { $this->x = $x; } function go() { ${fn}($this->x); } }\n(new A(${arg}))->go();`,
      (fn, arg) => `$f = '${fn}';\n$f(${arg});`,
      (fn, arg) => `$f = '${fn.slice(0, 2)}' . '${fn.slice(2)}';\n$f(${arg});`,
      (fn, arg) => `$f = function ($x) { ${fn}($x); };\n$f(${arg});`,
      (fn, arg) => `array_map('${fn}', [${arg}]);`,
      (fn, arg) => `foreach ([${arg}] as $x) { @${fn}($x); }`,
      (fn, arg) => `if (true) { \\${fn.toUpperCase()}(${arg}); }`,
      (fn, arg) => `try { ${fn}(${arg}); } catch (Exception $e) {}`,
    ],
    neutral: ['$x = 1;', 'echo "hello";', '// a comment', '/* a comment */', 'function other() { return 2; }'],
    gaps: [' ', '\n', '/* between */'],
  },
};

for (const [tongue, clothes] of Object.entries(CLOTHES)) {
  test(`${tongue}: every call in every dress is blocked`, () => {
    const missed = clothes.calls.flatMap(([fn, arg]) =>
      clothes.wraps
        .map((wrap) => `${clothes.setUp}\n${wrap(fn, arg)}`)
        .filter((text) => !isBlocked(clothes.command, text)),
    );
    assert.deepEqual(missed, []);
  });

  test(`${tongue}: comments, space and neutral lines beside it never loosen`, () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...clothes.calls),
        fc.constantFrom(...clothes.wraps),
        fc.array(fc.constantFrom(...clothes.neutral), { maxLength: 4 }),
        fc.array(fc.constantFrom(...clothes.neutral), { maxLength: 4 }),
        fc.constantFrom(...clothes.gaps),
        (call, wrap, before, after, gap) => {
          const [fn, arg] = call;
          const text = wrap(fn, arg).replaceAll(`(${arg})`, `(${gap}${arg}${gap})`);
          const all = [clothes.setUp, ...before, text, ...after].join('\n');
          assert.ok(isBlocked(clothes.command, all), all);
        },
      ),
      { numRuns: 120 },
    );
  });

  test(`${tongue}: what stands beside it is silent alone`, () => {
    assert.equal(isBlocked(clothes.command, [clothes.setUp, ...clothes.neutral].join('\n')), false);
  });
}

test('python: a call deep inside of blocks is found', () => {
  const text = [
    'import os',
    'def a():',
    indent(`class B:\n    def c(self):\n        for d in [1]:\n            os.remove('src')`),
  ];
  assert.ok(isBlocked('python3', text.join('\n')));
});
