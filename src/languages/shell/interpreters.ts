import type { Tongue } from '../programs/names.ts';
import { readProgram } from '../programs/read-program.ts';
import { parseArgs, setOf } from './argv.ts';
import { loseFile } from './file-effects.ts';
import { guardCommand, isGuardProgram } from './guard-command.ts';
import { type Call, type Handler, harmlessRun, isVisible, opaque, subscope, unjudged } from './machine.ts';
import { lastName, resolvePath } from './paths.ts';
import { contentAt, contentOf, isDue, runScriptFile, runText } from './scripts.ts';
import { type Field, HOLE, hasHole, literal, SETUP, shown } from './value.ts';

function folderOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at === -1 ? '.' : path.slice(0, at + 1);
}

const SHELL_FLAGS = setOf('-o -O +O +o --rcfile --init-file');

export const shell: Handler = (call) => {
  const { machine, scope } = call;
  const args = parseArgs(call.argv, { valued: SHELL_FLAGS, stopAtOperand: true });
  const inner = subscope(scope);
  inner.depth += 1;
  inner.functions.clear();
  const bundle = [...args.flags.keys()].some((flag) => /^-[a-z]*c[a-z]*$/.test(flag));
  harmlessRun(machine, 'catalog/shell', call.name);
  if (bundle) {
    const text = args.rest[0] ?? literal('');
    inner.args = args.rest.slice(2);
    // `sh -c TEXT NAME …`: `$0` is whatever the caller says.
    if (args.rest[1] !== undefined) inner.vars.set('0', [args.rest[1]]);
    return runText(text.s, inner, machine, 'argument');
  }
  if (args.has('--version', '--help')) return HOLE;
  const file = args.rest[0];
  if (file !== undefined && !args.has('-s')) {
    if (args.has('-n')) return HOLE;
    return runFile(file, args.rest.slice(1), call, undefined);
  }
  if (scope.stdin !== undefined) {
    inner.args = args.rest;
    const fed = scope.input !== undefined ? contentOf(scope.input, scope, machine) : undefined;
    inner.stdin = undefined;
    return runText(fed ?? scope.stdin, inner, machine, 'pipe');
  }
  return HOLE;
};

/** Runs a script by its path. A script that cannot be read is opaque, unless it stands for a project's own routine. */
export function runFile(file: Field, args: readonly Field[], call: Call, tongue: Tongue | undefined): string {
  const { machine, scope } = call;
  const text = contentOf(file, scope, machine);
  if (text === undefined) {
    if (file.feed !== undefined && file.feed !== SETUP)
      opaque(machine, 'shell/script', 'runs a script whose text only the running shell would know');
    else if (hasHole(file.s))
      opaque(machine, 'shell/script', `runs a script whose name is not known (\`${shown(file.s)}\`)`);
    else unreadable(file, args, call);
    return HOLE;
  }
  const program = interpreterOf(text);
  const spoken = tongue ?? (call.name === lastName(file.s) ? tongueOf(program ?? '', file.s) : undefined);
  if (spoken === undefined) {
    // The shell that is named as the command reads any text as its own; the kernel goes by the first line.
    if (program !== undefined && call.name === lastName(file.s) && !SHELL_NAMES.has(program))
      opaque(machine, 'shell/script', `runs the script ${shown(file.s)}, which is written for ${shown(program)}`);
    return runScriptFile(text, args, scope, machine);
  }
  const inner = subscope(scope);
  inner.depth += 1;
  readProgram(text, spoken, inner, machine, { args, folder: folderOf(file.s) });
  harmlessRun(machine, 'shell/script', lastName(file.s));
  return HOLE;
}

/** The program that the first line of a script names. */
function interpreterOf(text: string): string | undefined {
  if (!text.startsWith('#!')) return undefined;
  const words = (text.slice(2, 300).split('\n')[0] ?? '').trim().split(/\s+/);
  const named = lastName(words[0] ?? '') === 'env' ? words.slice(1).find((word) => !/^-|=/.test(word)) : words[0];
  return lastName(named ?? '').replace(/[\d.]+$/, '');
}

const SHELL_NAMES: ReadonlySet<string> = new Set(['sh', 'bash', 'zsh', 'dash', 'ksh', 'ash', 'mksh', 'busybox']);

const SOUNDS =
  /(^|[-_./])(delete|destroy|drop|purge|wipe|nuke|truncate|erase|reset|teardown|remove|prune|rollback|uninstall|obliterate|cleanup-prod|clean-all|clear-db|dropdb|reset-db)([-_.]|$)/i;

function unreadable(file: Field, args: readonly Field[], call: Call): void {
  const name = lastName(file.s);
  const words = args.slice(0, 3).map((arg) => arg.s);
  if (isDue(file.s, call.scope, call.machine)) {
    opaque(call.machine, 'shell/script', `runs the script ${shown(file.s)}, whose text cannot be read`);
    return;
  }
  if (args.some((arg) => /^(--help|-h|--version|--dry-run|--check)$/.test(arg.s)))
    unjudged(call.machine, 'shell/script', `runs the script ${shown(file.s)}`);
  else if (
    SOUNDS.test(name) ||
    words.some((word) =>
      /^(--?)?(delete|destroy|drop|purge|wipe|nuke|reset|teardown|truncate|drop_all|erase)([-_:].*)?$/i.test(word),
    )
  ) {
    opaque(
      call.machine,
      'shell/script',
      `runs the script ${shown(file.s)}, whose text is not known and whose name sounds destructive`,
    );
  } else if (/^(\/tmp|\/var\/tmp|\/dev\/shm)\//.test(file.s) || file.s.startsWith('~/Downloads'))
    opaque(
      call.machine,
      'shell/script',
      `runs the script ${shown(file.s)} from a place for downloads, whose text is not known`,
    );
  else unjudged(call.machine, 'shell/script', `runs the script ${shown(file.s)}, whose text is not known`);
}

function tongueOf(program: string, path: string): Tongue | undefined {
  if (/^python|^pypy/.test(program) || /\.pyw?$/.test(path)) return 'python';
  if (/^(node|deno|bun|tsx)$/.test(program) || /\.[cm]?[jt]sx?$/.test(path)) return 'javascript';
  if (program === 'ruby' || path.endsWith('.rb')) return 'ruby';
  if (program === 'perl' || /\.p[lm]$/.test(path)) return 'perl';
  if (program === 'php' || path.endsWith('.php')) return 'php';
  return undefined;
}

interface Interpreter {
  readonly tongue: Tongue;
  /** Flags whose value is program text. */
  readonly code: readonly string[];
  readonly valued: ReadonlySet<string>;
  /** Scripts that are tools with rules of their own: `manage.py`, `artisan`. */
}

const PYTHON: Interpreter = { tongue: 'python', code: ['-c'], valued: setOf('-W -X -c -m --check-hash-based-pycs') };
const NODE: Interpreter = {
  tongue: 'javascript',
  code: ['-e', '--eval', '-p', '--print', '-pe'],
  valued: setOf(
    '-e --eval -p --print -pe -r --require --import --loader --env-file --conditions -C --experimental-loader --max-old-space-size',
  ),
};
const RUBY: Interpreter = { tongue: 'ruby', code: ['-e'], valued: setOf('-e -r -I -C -E') };
const PERL: Interpreter = { tongue: 'perl', code: ['-e', '-E'], valued: setOf('-e -E -I') };
const PHP: Interpreter = { tongue: 'php', code: ['-r', '-R', '-B', '-E'], valued: setOf('-r -R -B -E -d -c -S -t') };
const DENO: Interpreter = {
  tongue: 'javascript',
  code: ['-e', '--eval'],
  valued: setOf('-e --eval --config -c --import-map'),
};

/** Scripts with rules of their own in the catalogue, whichever interpreter runs them. */
const TOOL_SCRIPTS: ReadonlyMap<string, string> = new Map([
  ['manage.py', 'manage.py'],
  ['artisan', 'artisan'],
  ['console', 'console'],
  ['rails', 'rails'],
  ['rake', 'rake'],
  ['wp-cli.phar', 'wp'],
  ['spark', 'spark'],
  ['composer.phar', 'composer'],
]);

// A substitution of all of it, `$_ = ""`: nothing is left of any line.
function blanksLines(programs: readonly Field[]): boolean {
  return programs.some((one) =>
    /^\s*(s(.)(\^?\.[*+]\$?)\2\2[gmse]*|\$_\s*=\s*(""|''|undef)|undef\s+\$_|next|gsub\(\/\.\*\/,\s*(""|'')\))\s*;?\s*$/.test(
      one.s,
    ),
  );
}

const interpreter =
  (spec: Interpreter): Handler =>
  (call) => {
    const { machine, scope } = call;
    // perl and ruby glue `-n`, `-p`, `-i` to `-e`.
    const args = parseArgs(call.argv, {
      valued: spec.valued,
      stopAtOperand: true,
      bundles: spec.tongue === 'perl' || spec.tongue === 'ruby' || spec.tongue === 'python',
    });
    harmlessRun(machine, `catalog/${spec.tongue}`, call.name);
    if (args.has('--version', '-V', '--help', '-h') || (args.has('-v') && args.rest.length === 0)) return HOLE;
    const inner = subscope(scope);
    inner.depth += 1;
    let ran = false;
    // Preloaded files run before the program.
    for (const flag of spec.tongue === 'javascript' ? ['-r', '--require', '--import', '--loader'] : [])
      for (const file of args.values.get(flag) ?? [])
        if (/^(\.{0,2}\/|file:)/.test(file.s)) runFile(file, [], call, spec.tongue);
    for (const flag of spec.code) {
      for (const text of args.values.get(flag) ?? []) {
        ran = true;
        if (hasHole(text.s) && text.s.replaceAll(HOLE, '').trim() === '')
          opaque(machine, `code/${spec.tongue}`, 'runs program text that only the running shell would know');
        else if (machine.steps < 10_000) readProgram(text.s, spec.tongue, inner, machine, { args: args.rest });
      }
    }
    if ((spec.tongue === 'perl' || spec.tongue === 'ruby') && call.argv.some((field) => /^-[a-z0]*i/.test(field.s)))
      for (const file of args.rest)
        loseFile(
          machine,
          file,
          scope.cwd,
          (args.has('-n') && isVisible(machine)) || blanksLines(args.values.get('-e') ?? []) ? 'empty' : 'edit',
          {
            source: `catalog/${spec.tongue}`,
          },
        );
    if (ran) return HOLE;
    const module = args.value('-m');
    if (module !== undefined && spec.tongue === 'python') return pythonModule(module.s, args.rest, call);
    const rest =
      call.name === 'deno' || call.name === 'bun' || call.name === 'tsx'
        ? args.rest.filter((field) => !/^(run|eval|watch|-A|--allow-.*)$/.test(field.s))
        : args.rest;
    if (call.name === 'deno' && args.rest[0]?.s === 'eval' && args.rest[1] !== undefined) {
      readProgram(args.rest[1].s, 'javascript', inner, machine);
      return HOLE;
    }
    const file = rest[0];
    if (file !== undefined && file.s !== '-') {
      // `bin/runtime.cjs FILE`: starts another file with this interpreter.
      if (/(^|\/)bin\/runtime\.cjs$/.test(file.s) && rest[1] !== undefined)
        return machine.run([literal(call.name), ...rest.slice(1)], inner);
      if (isGuardProgram(file.s, rest.slice(1), scope.cwd))
        return guardCommand({ name: lastName(file.s), argv: rest.slice(1), scope, machine });
      const tool = TOOL_SCRIPTS.get(lastName(file.s));
      if (tool !== undefined) {
        // The project is where its script lies.
        const slash = file.s.lastIndexOf('/');
        if (slash > 0 && !hasHole(file.s)) inner.cwd = resolvePath(file.s.slice(0, slash), scope.cwd);
        return machine.run([literal(tool), ...rest.slice(1)], inner);
      }
      return runFile(file, rest.slice(1), call, spec.tongue);
    }
    if (scope.stdin !== undefined) {
      const fed = (scope.input !== undefined ? contentOf(scope.input, scope, machine) : undefined) ?? scope.stdin;
      if (hasHole(fed) && fed.replaceAll(HOLE, '').trim() === '') {
        if (!(rest[0]?.s ?? '-').startsWith('-')) return HOLE;
        opaque(machine, `code/${spec.tongue}`, 'runs a program from standard input that is not known');
      } else readProgram(fed, spec.tongue, inner, machine, { args: args.rest.slice(1) });
    }
    return HOLE;
  };

const MODULE_TOOLS: ReadonlyMap<string, string> = new Map([
  ['pip', 'pip'],
  ['pytest', 'pytest'],
  ['django', 'manage.py'],
  ['alembic', 'alembic'],
  ['flask', 'flask'],
  ['twine', 'twine'],
  ['poetry', 'poetry'],
  ['celery', 'celery'],
  ['awscli', 'aws'],
  ['build', 'pyproject-build'],
  ['aerich', 'aerich'],
  ['invoke', 'invoke'],
  ['ansible', 'ansible'],
  ['piptools', 'pip-compile'],
]);

function pythonModule(name: string, rest: readonly Field[], call: Call): string {
  const tool = MODULE_TOOLS.get(name);
  if (tool !== undefined) return call.machine.run([literal(tool), ...rest], call.scope);
  if (name === 'venv' || name === 'virtualenv') makeVenv(rest, call);
  watched(name, rest, call);
  // A module of the project comes before an installed one of the same name.
  const path = name.replaceAll('.', '/');
  const own = [`${path}.py`, `${path}/__main__.py`].find(
    (one) => contentAt(one, call.scope, call.machine) !== undefined,
  );
  if (own !== undefined) return runFile(literal(own), rest, call, 'python');
  return call.machine.run([literal(name.split('.').at(-1) ?? name), ...rest], call.scope);
}

/** Modules that run a program under their eyes. */
const WATCHES = new Set(['pdb', 'cProfile', 'profile', 'trace', 'coverage', 'debugpy', 'memory_profiler', 'viztracer']);

/** `python -m timeit TEXT`, `python -m cProfile FILE`: https://docs.python.org/3/library/timeit.html#command-line-interface */
function watched(name: string, rest: readonly Field[], call: Call): void {
  if (name === 'timeit') {
    const args = parseArgs(rest, { valued: setOf('-s --setup -n --number -r --repeat -u --unit') });
    for (const text of [...(args.values.get('-s') ?? []), ...(args.values.get('--setup') ?? []), ...args.operands])
      call.machine.run([literal('python3'), literal('-c'), text], call.scope);
  } else if (WATCHES.has(name)) {
    const at = rest.findIndex((field) => field.s.endsWith('.py'));
    const file = rest[at];
    if (file !== undefined) runFile(file, rest.slice(at + 1), call, 'python');
  }
}

/** `deno` builds and tests as well; `eval`, `run` and a file are programs. */
const deno: Handler = (call) => {
  const first = call.argv.find((field) => !field.s.startsWith('-'));
  if (first !== undefined && (/^(run|eval)$/.test(first.s) || /\.[cm]?[jt]sx?$/.test(first.s)))
    return interpreter(DENO)(call);
  harmlessRun(call.machine, 'catalog/everyday', call.name);
  return HOLE;
};

/** A virtual environment made here brings its own set-up file. */
export function makeVenv(rest: readonly Field[], call: Call): void {
  const folder = parseArgs(rest, { valued: setOf('--prompt -p --python --seed') }).operands.at(-1) ?? literal('.venv');
  if (hasHole(folder.s)) return;
  const path = resolvePath(`${folder.s}/bin/activate`, call.scope.cwd);
  call.machine.stale.delete(path);
  call.scope.written.set(path, SETUP);
}

const cmd: Handler = (call) => {
  const at = call.argv.findIndex((field) => /^\/[ck]$/i.test(field.s) || /^-?-c(ommand)?$/i.test(field.s));
  const text =
    at === -1
      ? (call.scope.stdin ?? '')
      : call.argv
          .slice(at + 1)
          .map((field) => field.s)
          .join(' ');
  if (call.argv.some((field) => /^-e(nc|ncodedcommand)?$/i.test(field.s))) {
    const encoded = call.argv.at(-1)?.s ?? '';
    const decoded = /^[A-Za-z0-9+/=]+$/.test(encoded) ? Buffer.from(encoded, 'base64').toString('utf16le') : '';
    call.machine.run([literal('\0powershell'), literal(decoded === '' ? HOLE : decoded)], call.scope);
    return HOLE;
  }
  harmlessRun(call.machine, 'catalog/shell', call.name);
  if (text !== '') call.machine.run([literal('\0powershell'), literal(text)], call.scope);
  else if (at === -1 && call.argv.some((field) => /\.ps1$|\.bat$|\.cmd$/i.test(field.s)))
    unjudged(call.machine, 'shell/script', 'runs a script whose text is not known');
  return HOLE;
};

export const INTERPRETERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ...['sh', 'bash', 'zsh', 'dash', 'ksh', 'ash', 'fish', 'rbash', 'mksh', 'csh', 'tcsh'].map(
    (name) => [name, shell] as const,
  ),
  ...['python', 'python2', 'python3', 'pypy', 'pypy3', 'ipython', 'py'].map(
    (name) => [name, interpreter(PYTHON)] as const,
  ),
  ...['node', 'nodejs', 'tsx', 'ts-node', 'bun-eval', 'babel-node', 'zx', 'esno', 'jiti'].map(
    (name) => [name, interpreter(NODE)] as const,
  ),
  ['deno-run', interpreter(DENO)],
  ['deno', deno],
  ['ruby', interpreter(RUBY)],
  ['jruby', interpreter(RUBY)],
  ['perl', interpreter(PERL)],
  ['php', interpreter(PHP)],
  ...['cmd', 'powershell', 'pwsh'].map((name) => [name, cmd] as const),
]);
