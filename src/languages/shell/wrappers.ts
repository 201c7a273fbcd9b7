import { WRAPPERS, type Wrapper } from '../../catalog/wrappers.ts';
import { parseArgs } from './argv.ts';
import { avoidsGateway } from './guard-command.ts';
import { type Call, harmlessRun, subscope } from './machine.ts';
import { type Field, HOLE, hasHole, literal } from './value.ts';

interface Compiled {
  readonly wrapper: Wrapper;
  readonly words: readonly ReadonlySet<string>[];
  readonly valued: ReadonlySet<string>;
  readonly scripts: readonly string[];
}

const TABLE: ReadonlyMap<string, readonly Compiled[]> = build();

function build(): ReadonlyMap<string, readonly Compiled[]> {
  const table = new Map<string, Compiled[]>();
  for (const wrapper of WRAPPERS) {
    const [names = '', ...words] = wrapper.on.split(' ');
    const compiled: Compiled = {
      wrapper,
      words: words.map((word) => new Set(word.split('|'))),
      valued: new Set((wrapper.valued ?? '').split(' ')),
      scripts: (wrapper.scripts ?? '').split('|').filter((flag) => flag !== ''),
    };
    for (const name of names.split('|')) table.set(name, [...(table.get(name) ?? []), compiled]);
  }
  return table;
}

/** Wrappers that hand on the variables as they are; of any other a program may see others than its caller. */
const KEEPS_VARIABLES: ReadonlySet<string> = new Set(
  `env time gtime timeout gtimeout nice ionice nohup setsid stdbuf command builtin exec xargs watch npx bunx pnpx npm pnpm
  yarn cross-env bundle rbenv strace flock`.split(/\s+/),
);

/** Reads what a wrapper runs. `undefined`: not a wrapper, or not with this subcommand. */
export function runWrapper(call: Call): string | undefined {
  const candidates = TABLE.get(call.name);
  if (candidates === undefined) return undefined;
  for (const one of candidates) {
    const rest = afterWords(one, call.argv);
    if (rest !== undefined) return unwrap(one, rest, call);
  }
  return undefined;
}

/** Arguments after the wrapper's own subcommand words; flags between them are kept in front. */
function afterWords(one: Compiled, argv: readonly Field[]): readonly Field[] | undefined {
  const kept: Field[] = [];
  let at = 0;
  for (const word of one.words) {
    while (true) {
      const field = argv[at];
      if (field === undefined) return undefined;
      at += 1;
      if (word.has(field.s)) break;
      if (!field.s.startsWith('-')) return undefined;
      kept.push(field);
      const value = argv[at];
      if (one.valued.has(field.s) && value !== undefined) {
        kept.push(value);
        at += 1;
      }
    }
  }
  return [...kept, ...argv.slice(at)];
}

function unwrap(one: Compiled, argv: readonly Field[], call: Call): string {
  const { wrapper } = one;
  const { machine, scope } = call;
  const dashes = argv.findIndex((field) => field.s === '--');
  const args = parseArgs(wrapper.afterDashes === true && dashes !== -1 ? argv.slice(0, dashes) : argv, {
    valued: new Set([...one.valued, ...one.scripts]),
    stopAtOperand: true,
  });
  const inner = subscope(scope);
  inner.depth += 1;
  inner.stdin = scope.stdin;
  if (!KEEPS_VARIABLES.has(call.name)) inner.exports.set('*', true);
  if (wrapper.elsewhere === true) inner.cwd = '.';
  const chdir = args.value('-C', '--chdir', '-D');
  if (chdir !== undefined && (call.name === 'env' || call.name === 'sudo'))
    inner.cwd = hasHole(chdir.s) ? undefined : chdir.s;
  let rest = wrapper.afterDashes === true && dashes !== -1 ? argv.slice(dashes + 1) : args.rest;
  const throwaway = wrapper.throwawayUnless !== undefined && !args.has(...wrapper.throwawayUnless.split('|'));
  harmlessRun(machine, `catalog/wrappers`, call.name);
  if (call.name === 'env') {
    for (const one of [...(args.values.get('-u') ?? []), ...(args.values.get('--unset') ?? [])])
      machine.run([literal('unset'), one], inner);
    if (args.has('-i', '--ignore-environment', '-S', '--split-string')) inner.exports.set('*', false);
    // A network client without any variable knows of no gateway.
    if (
      args.has('-i', '--ignore-environment') &&
      rest.some((field) => /^(.*\/)?(curl|wget|http|https|xh)$/.test(field.s))
    )
      avoidsGateway(machine, 'env -i');
  }
  let out = HOLE;
  if (wrapper.elsewhere === true) machine.elsewhere += 1;
  const before = machine.effects.length;
  for (const flag of one.scripts) {
    for (const text of args.values.get(flag) ?? []) out = machine.script(text.s, inner);
  }
  if (wrapper.env === true) {
    let index = 0;
    for (const field of rest) {
      const equals = /^[A-Za-z_]\w*=/.exec(field.s);
      if (equals === null) break;
      machine.run([literal(''), field], inner);
      inner.vars.set(equals[0].slice(0, -1), [literal(field.s.slice(equals[0].length))]);
      inner.exports.set(equals[0].slice(0, -1), true);
      index += 1;
    }
    rest = rest.slice(index);
  }
  if (wrapper.skip !== undefined) {
    // `su - NAME`: a login shell.
    if (call.name === 'su' && rest[0]?.s === '-') rest = rest.slice(1);
    rest = rest.slice(wrapper.skip);
    // Flags may stand between what is skipped and the command (`su user -c …`, `ssh host -t …`).
    const late = parseArgs(rest, { valued: new Set([...one.valued, ...one.scripts]), stopAtOperand: true });
    for (const flag of one.scripts) for (const text of late.values.get(flag) ?? []) out = machine.script(text.s, inner);
    rest = late.rest;
  }
  if (wrapper.appendsInput === true)
    rest = withInput(
      rest,
      args.value('-I', '--replace')?.s ?? (call.name === 'parallel' ? '{}' : args.has('-i') ? '{}' : undefined),
      scope.stdin,
    );
  if (rest.length > 0) out = runRest(wrapper, rest, call, inner);
  else if (wrapper.input === true && scope.stdin !== undefined) out = machine.script(scope.stdin, inner);
  else if (wrapper.elsewhere === true && scope.stdin !== undefined && call.name === 'ssh')
    out = machine.script(scope.stdin, inner);
  else if (call.name === 'env' && rest.length === 0) out = machine.run([literal('printenv')], scope);
  else if (call.name === 'sudo' && scope.stdin !== undefined && args.has('-s', '-i'))
    out = machine.script(scope.stdin, inner);
  else if (call.name === 'su' && scope.stdin !== undefined) out = machine.script(scope.stdin, inner);
  if (wrapper.elsewhere === true) machine.elsewhere -= 1;
  if (throwaway) dropFileEffects(call, before);
  return out;
}

function runRest(wrapper: Wrapper, rest: readonly Field[], call: Call, inner: ReturnType<typeof subscope>): string {
  const single = rest.length === 1 && / /.test(rest[0]?.s ?? '');
  if (wrapper.text === true || (single && wrapper.elsewhere !== true && call.name === 'cross-env-shell')) {
    if (call.name === 'hyperfine' || call.name === 'concurrently')
      return rest.map((field) => call.machine.script(field.s, inner)).join('');
    return call.machine.script(
      rest
        .map((field) => field.s)
        .filter((word) => word !== 'Enter' && word !== 'C-m')
        .join(' '),
      inner,
    );
  }
  const first = rest[0];
  if (first !== undefined && call.name === 'npx')
    return call.machine.run(
      [{ ...first, s: first.s.replace(/^((?:@[^/]+\/)?[^@]+)@[^@/]+$/, '$1') }, ...rest.slice(1)],
      inner,
    );
  if (call.name === 'screen' && rest[0] === undefined) return HOLE;
  return call.machine.run(rest, inner);
}

/** `xargs CMD`: what standard input holds becomes arguments. */
function withInput(
  rest: readonly Field[],
  placeholder: string | undefined,
  stdin: string | undefined,
): readonly Field[] {
  const text = stdin ?? HOLE;
  const words = text.split(/[\n\0 \t]+/).filter((word) => word !== '');
  const fields: Field[] =
    words.length > 64 ? [literal(HOLE)] : words.map((word) => ({ s: word, glob: /[*?]/.test(word), maybe: false }));
  const command = rest.length === 0 ? [literal('echo')] : rest;
  if (placeholder !== undefined && command.some((field) => field.s.includes(placeholder))) {
    const first = fields[0] ?? literal(HOLE);
    const fill = fields.length > 1 ? fields : [first];
    return command.flatMap((field) =>
      field.s.includes(placeholder)
        ? fill.map((one) => ({ ...one, s: field.s.replaceAll(placeholder, () => one.s) }))
        : [field],
    );
  }
  return [...command, ...fields];
}

/** In a container that is thrown away, deleting its own files loses nothing. */
function dropFileEffects(call: Call, from: number): void {
  const effects = call.machine.effects;
  const kept = effects
    .slice(from)
    .filter((effect) => !('known' in effect.target && effect.target.known.system === 'file'));
  effects.splice(from, effects.length - from, ...kept);
}
