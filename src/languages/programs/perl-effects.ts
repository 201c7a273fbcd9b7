import { loseFile, readFile } from '../shell/file-effects.ts';
import { type Machine, opaque, type Scope, subscope } from '../shell/machine.ts';
import { isSecret, resolvePath } from '../shell/paths.ts';
import { request } from '../shell/requests.ts';
import { readSqlText } from '../shell/sql-text.ts';
import { type Field, HOLE, literal, UNKNOWN_FIELD } from '../shell/value.ts';
import { argumentsOf, DELETES, DELETES_QUALIFIED, firstArgument, handedOver } from './perl-handed.ts';
import { named, namesIn, subscripted } from './perl-names.ts';
import { type CallSite, callsOf, type Token, type Tongue, tokenise } from './perl-tokens.ts';

const SHELLS =
  /^(?:[\w.()]*\.)?(system|popen|execSync|exec_command|spawnSync|execFileSync|execFile|spawn|check_call|check_output|getoutput|getstatusoutput|shell_exec|passthru|proc_open|capture2|capture2e|capture3|fork_exec|posix_spawn|execv|execvp|execl|execlp|execve|create_subprocess_shell|create_subprocess_exec|execa|execaSync|execaCommand|Popen)$/;
const SHELLS_QUALIFIED =
  /^(subprocess\.(run|call|Popen|check_call|check_output)|child_process\.\w+|cp\.\w+|exec|Process\.spawn|Kernel\.(system|exec|spawn)|IO\.popen|Open3\.\w+|os\.(spawn\w*|exec\w*)|Bun\.(spawn|spawnSync|\$)|Deno\.(run|Command)|sh|zx)$/;
const DYNAMIC =
  /^(eval|exec|compile|Function|vm\.run\w*|vm\.Script|__import__|instance_eval|class_eval|assert_options|create_function|runInThisContext|runInNewContext|importlib\.import_module|marshal\.loads|pickle\.loads)$/;
/** What was under the second name goes. */
const PUTS_OVER =
  /^(os\.(replace|rename|renames)|shutil\.(move|copy|copy2|copyfile)|fs(p|e|Promises|\.promises)?\.(rename|renameSync|copyFile|copyFileSync|cp|cpSync|copy|copySync|move|moveSync)|File\.rename|FileUtils\.(mv|cp|copy|move)|rename|copy)$/;
/** A file begun afresh: by the name alone, or where the second argument says so. */
const OPENS_ANEW =
  /^(fs\.(createWriteStream|openSync|open|truncate|truncateSync)|zipfile\.ZipFile|ZipFile|tarfile\.open|os\.open|truncate)$/;
const DESTRUCTIVE_CALL =
  /^(drop|delete|destroy|wipe|purge|reset|truncate|erase|nuke|recreate|clear|flush|init|remove)_?(all|db|database|databases|table|tables|schema|schemas|data|bucket|buckets|volume|volumes|collection|collections|index|indices|cluster|instance|instances|users|records|keyspace|project|projects|everything|stack|many|namespace|db_cluster|db_instance|object|objects|topic|queue|repository|repo)$/;
const READ_ONLY_OBJECT =
  /^(localStorage|sessionStorage|cache|map|set|Map|Set|console|df|self|list|dict|np|pd|os\.environ)$/i;

const BARE: Record<Tongue, ReadonlySet<string>> = {
  python: new Set(),
  javascript: new Set(),
  ruby: new Set(['system', 'exec', 'spawn', 'unlink', 'rm_rf', 'rm_r', 'rm', 'delete', 'eval']),
  perl: new Set(['open', 'rename', 'unlink', 'system', 'exec', 'rmdir', 'rmtree', 'remove_tree', 'eval', 'truncate']),
  php: new Set(['unlink', 'eval']),
};

/** Effects of a program's text: deletions, subprocesses, requests, SQL. What cannot be read is opaque. */
export function readPerl(text: string, scope: Scope, machine: Machine): void {
  readCode(text, 'perl', scope, machine);
}

function readCode(text: string, tongue: Tongue, scope: Scope, machine: Machine): void {
  const source = `code/${tongue}`;
  const tokens = tokenise(text, tongue);
  const consts = constants(tokens);
  for (const token of tokens) if (token.kind === 'backtick') shellText(token, scope, machine);
  for (const [index, token] of tokens.entries()) {
    // `qx{…}`, `%x(…)`
    if (
      (token.text === 'qx' || (token.text === 'x' && tokens[index - 1]?.text === '%')) &&
      /^[({[/|!]$/.test(tokens[index + 1]?.text ?? '')
    ) {
      const open = tokens[index + 1]?.at ?? 0;
      const close = text.slice(open + 1).search(/[)}\]/|!]/);
      machine.script(close === -1 ? HOLE : text.slice(open + 1, open + 1 + close), subscope(scope));
    }
  }
  const names = namesIn(tokens, tongue);
  for (const one of [...callsOf(tokens, BARE[tongue]), ...subscripted(tokens)]) {
    const call = named(one, names);
    const handed = handedOver(call, tongue);
    if (handed !== undefined) readCall(handed, tongue, consts, scope, machine, source);
    readCall(call, tongue, consts, scope, machine, source);
  }
}

/** Names that are given one string and never another. */
function constants(tokens: readonly Token[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const spoiled = new Set<string>();
  for (let i = 1; i < tokens.length - 1; i += 1) {
    if (
      tokens[i]?.text !== '=' ||
      tokens[i]?.kind !== 'punct' ||
      tokens[i + 1]?.text === '=' ||
      tokens[i - 1]?.kind !== 'word'
    )
      continue;
    const name = tokens[i - 1]?.text ?? '';
    const value = tokens[i + 1];
    const after = tokens[i + 2];
    if (
      value?.kind === 'string' &&
      value.dynamic !== true &&
      !(after?.kind === 'punct' && /^[+.%]$/.test(after.text)) &&
      !found.has(name)
    )
      found.set(name, value.text);
    else spoiled.add(name);
  }
  for (const name of spoiled) found.delete(name);
  return found;
}

function readCall(
  call: CallSite,
  tongue: Tongue,
  consts: ReadonlyMap<string, string>,
  scope: Scope,
  machine: Machine,
  source: string,
): void {
  const last = call.name.slice(call.name.lastIndexOf('.') + 1);
  const bareDelete =
    call.bare || tongue === 'perl' || tongue === 'php'
      ? /^(unlink|rmtree|remove_tree|rmdir|rm_rf|rm_r)$/.test(last)
      : false;
  if (
    DELETES.test(call.name) ||
    DELETES_QUALIFIED.test(call.name) ||
    bareDelete ||
    /^(unlink|rm|rmSync|unlinkSync|rmtree)$/.test(call.name) ||
    (last === 'unlink' && tongue === 'python') ||
    (call.name === '().remove' && tongue === 'python') ||
    last === 'rmtree'
  ) {
    // Removing an empty folder loses nothing.
    if (
      /^(os\.rmdir|os\.removedirs|Dir\.(delete|unlink)|rmdir|rmdirSync|fs\.rmdirSync|fs\.rmdir)$/.test(call.name) &&
      !call.args.some((token) => token.text === 'recursive')
    )
      return;
    for (const field of pathArguments(call, consts))
      loseFile(machine, field, scope.cwd, 'delete', { source, recursive: true });
    return;
  }
  if (SHELLS.test(call.name) || SHELLS_QUALIFIED.test(call.name)) {
    if (
      !(
        tongue === 'javascript' &&
        last === 'exec' &&
        call.name !== 'exec' &&
        !/^(child_process|cp)\./.test(call.name)
      ) &&
      !(tongue === 'python' && (call.name === 'exec' || /^(re|cursor|db|conn)\./.test(call.name)))
    ) {
      runCall(call, consts, scope, machine, source);
      return;
    }
  }
  if (
    last === 'getattr' &&
    (call.args.some(
      (token) =>
        token.kind === 'string' &&
        /^(remove|unlink|rmtree|system|popen|rmdir|exec|eval|run|call|Popen)$/.test(token.text),
    ) ||
      (/^(os|shutil|subprocess|__import__|builtins|__builtins__)$/.test(call.args[0]?.text ?? '') &&
        (call.args[2]?.kind !== 'string' || (call.args[3] !== undefined && call.args[3].text !== ','))))
  ) {
    opaque(machine, source, 'takes a function by a name that is made while it runs (getattr)');
    return;
  }
  if (DYNAMIC.test(call.name) || /^(exec|eval)$/.test(call.name)) {
    const first = call.args[0];
    if (tongue === 'perl' && first?.text === '{') return;
    if (
      first?.kind === 'string' &&
      call.args.length === 1 &&
      first.dynamic !== true &&
      !/import|pickle|marshal/.test(call.name)
    )
      readCode(first.text, tongue, scope, machine);
    else if (/^(importlib\.import_module|__import__)$/.test(call.name) && first?.kind === 'string') return;
    else opaque(machine, source, `runs program text that is made while it runs (${call.name})`);
    return;
  }
  if (
    /^(execute|executescript|executemany|query|raw|exec|executeRaw|executeRawUnsafe|queryRawUnsafe|run|unsafe|do|prepare|selectrow_array)$/.test(
      last,
    ) &&
    call.args[0]?.kind === 'string'
  ) {
    const sql = call.args[0];
    if (/^\s*(select|with|insert|update|delete|drop|truncate|alter|create|grant|revoke|vacuum)\b/i.test(sql.text))
      readSqlText(sql.text, sql.text.includes('::') ? 'postgres' : 'sql', scope, machine, source);
    return;
  }
  if (
    /^(requests|httpx|axios|got|ky|superagent|session|client|http|Net\.HTTP|HTTParty|Faraday|RestClient|\$http)\.(delete|post|put|patch|get|head|request)$/.test(
      call.name,
    ) ||
    /^(fetch|axios|got|\$fetch|urllib\.request\.urlopen|urlopen|urllib\.request\.Request)$/.test(call.name)
  ) {
    web(call, last, consts, machine, scope);
    return;
  }
  const words = last.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
  if (DESTRUCTIVE_CALL.test(words) && !READ_ONLY_OBJECT.test(call.name.split('.')[0] ?? '')) {
    machine.emit({
      verb: 'destroy',
      target: { unknown: `what ${call.name} acts on` },
      reversal: 'unknown',
      source,
      summary: `calls ${call.name}, which by its name destroys data`,
      max: 'unbounded',
    });
    return;
  }
  if (PUTS_OVER.test(call.name)) {
    const onto = argumentsOf(call.args)[1];
    if (onto !== undefined)
      for (const field of pathArguments({ ...call, args: onto }, consts))
        loseFile(machine, field, scope.cwd, 'overwrite', { source });
    return;
  }
  if (OPENS_ANEW.test(call.name)) {
    const mode = argumentsOf(call.args)[1] ?? [];
    if (
      /createWriteStream$|truncate(Sync)?$/.test(call.name) ||
      mode.some((token) => /^[wx]|^O_TRUNC$/.test(token.text))
    )
      for (const field of pathArguments(call, consts)) loseFile(machine, field, scope.cwd, 'overwrite', { source });
    return;
  }
  if (/^Path(lib\.Path)?\.write_(text|bytes)$|\.write_(text|bytes)$/.test(call.name)) {
    const place = call.receiver;
    if (place !== undefined) loseFile(machine, literal(place), scope.cwd, 'overwrite', { source });
    return;
  }
  if (tongue === 'perl' && last === 'open') {
    const parts = argumentsOf(call.args).map((part) =>
      part.length === 1 && part[0]?.kind === 'string' ? part[0].text : HOLE,
    );
    const [, mode = '', name] = parts;
    const written =
      name === undefined ? /^\s*\+?>(?!>)\s*(.*)$/s.exec(mode)?.[1] : /^\s*\+?>(?!>)/.test(mode) ? name : undefined;
    if (written !== undefined) loseFile(machine, literal(written.trim()), scope.cwd, 'overwrite', { source });
    return;
  }
  if (
    (last === 'open' ||
      last === 'writeFileSync' ||
      last === 'writeFile' ||
      last === 'file_put_contents' ||
      call.name === 'File.write') &&
    call.args[0] !== undefined
  ) {
    const mode = call.args.find((token, index) => index > 0 && token.kind === 'string')?.text ?? '';
    const path = pathArguments(call, consts)[0] ?? UNKNOWN_FIELD;
    const writes = last !== 'open' || /^[wx]/.test(mode) || /^[ra]b?\+/.test(mode);
    const empties = last === 'writeFileSync' && call.args.at(-1)?.kind === 'string' && call.args.at(-1)?.text === '';
    if (writes) loseFile(machine, path, scope.cwd, empties ? 'empty' : 'overwrite', { source });
    else if (mode.startsWith('a')) loseFile(machine, path, scope.cwd, 'append', { source });
    else if (isSecret(resolvePath(path.s, scope.cwd))) readFile(machine, path, scope.cwd, source, 'shows');
  }
  if (/^readFile(Sync)?$|^read_text$|^file_get_contents$/.test(last)) {
    const path = pathArguments(call, consts)[0];
    if (path !== undefined) readFile(machine, path, scope.cwd, source, 'shows');
  }
}

/** The path arguments of a call: literals, `expanduser(…)`, `Path(…)`, globs; else unknown. */
function pathArguments(call: CallSite, consts: ReadonlyMap<string, string>): Field[] {
  const receiver = /^Path|pathlib/.test(call.name);
  const first = firstArgument(call.args);
  if (first.length === 0) return [UNKNOWN_FIELD];
  const strings = first.filter((token) => token.kind === 'string');
  const words = first.filter((token) => token.kind === 'word').map((token) => token.text);
  const known = words.filter(
    (word) =>
      !/^(os|path|expanduser|Path|pathlib|glob|new|URL|f|r|b|u|Dir|File|join|resolve|recursive|abspath|require|import|home|homedir|tempfile|gettempdir|tmpdir|process|cwd|__dirname|getcwd|true|force)$/.test(
        word,
      ),
  );
  if (receiver && strings.length === 0) return [UNKNOWN_FIELD];
  if (strings.some((token) => token.dynamic === true)) return [UNKNOWN_FIELD];
  if (known.length > 0 || strings.length === 0) {
    const only = words.length === 1 && first.length === 1 ? consts.get(words[0] ?? '') : undefined;
    return [only === undefined ? UNKNOWN_FIELD : literal(only)];
  }
  if (words.includes('homedir') || words.includes('home'))
    return [literal(`~/${strings.map((token) => token.text).join('/')}`)];
  if (words.includes('tmpdir') || words.includes('gettempdir'))
    return [literal(`/tmp/${strings.map((token) => token.text).join('/')}`)];
  const joined =
    words.includes('join') || words.includes('resolve')
      ? [literal(strings.map((token) => token.text).join('/'))]
      : strings.map((token) => literal(token.text));
  return joined.map((field) => ({ ...field, glob: /[*?]/.test(field.s) }));
}

function shellText(token: Token, scope: Scope, machine: Machine): void {
  if (token.dynamic === true) opaque(machine, 'code/shell', 'runs a command that is made while it runs');
  else machine.script(token.text, subscope(scope));
}

function runCall(
  call: CallSite,
  consts: ReadonlyMap<string, string>,
  scope: Scope,
  machine: Machine,
  source: string,
): void {
  const last = call.name.slice(call.name.lastIndexOf('.') + 1);
  const first = firstArgument(call.args);
  const inner = subscope(scope);
  inner.depth += 1;
  const head = first[0];
  if (head?.text === '[') {
    const strings = first.filter((token) => token.kind === 'string');
    const words = first.filter((token) => token.kind === 'word');
    const argv = first.flatMap((token) =>
      token.kind === 'string'
        ? [literal(token.text)]
        : token.kind === 'word' && words.length > 0
          ? [UNKNOWN_FIELD]
          : [],
    );
    if (strings.length > 0) machine.run(argv, inner);
    else opaque(machine, source, `starts a program that is not known from the text (${call.name})`);
    return;
  }
  const single = first.length === 1 && head?.kind === 'string' && head.dynamic !== true;
  const named = first.length === 1 && head?.kind === 'word' ? consts.get(head.text) : undefined;
  if (!single && named === undefined) {
    if (call.args.length === 0 && !call.bare) return;
    opaque(machine, source, `starts a program that is not known from the text (${call.name})`);
    return;
  }
  const text = named ?? head?.text ?? '';
  // spawn('rm', ['-rf', 'x']), system('rm', '-rf', 'x')
  const more = call.args
    .slice(first.length)
    .filter(
      (token) =>
        token.kind === 'string' ||
        (token.kind === 'word' &&
          !/^(shell|stdio|encoding|cwd|env|check|capture_output|text|True|False|true|inherit|stdout|stderr|subprocess|PIPE|detached)$/.test(
            token.text,
          )),
    );
  const options = call.args.slice(first.length).findIndex((token) => token.text === '{');
  const list =
    options === -1 ? more : more.filter((token) => token.at < (call.args.slice(first.length)[options]?.at ?? 0));
  if (
    list.length > 0 &&
    /^(spawn|spawnSync|execFile|execFileSync|execa|execaSync|system|exec|run|execvp|execlp|execl|execv|create_subprocess_exec|capture2|capture3|popen)$/.test(
      last,
    ) &&
    !/\s/.test(text)
  ) {
    machine.run(
      [literal(text), ...list.map((token) => (token.kind === 'string' ? literal(token.text) : UNKNOWN_FIELD))],
      inner,
    );
  } else machine.script(text, inner);
}

function web(call: CallSite, last: string, consts: ReadonlyMap<string, string>, machine: Machine, scope: Scope): void {
  const strings = call.args.filter((token) => token.kind === 'string');
  const named = call.args[0]?.kind === 'word' ? consts.get(call.args[0].text) : undefined;
  const at = call.args.findIndex((token) => token.text === 'method');
  const stated = at === -1 ? undefined : call.args.slice(at).find((token) => token.kind === 'string')?.text;
  const upper = (
    stated ??
    (/^(delete|post|put|patch|get|head)$/.test(last) ? last : last === 'request' ? (strings[0]?.text ?? 'GET') : 'GET')
  ).toUpperCase();
  const url = strings.find((token) => /^https?:/.test(token.text))?.text ?? named;
  if (url === undefined && (upper === 'GET' || upper === 'HEAD')) return;
  const body = strings.find((token) => /^\s*[{[]|query|mutation/.test(token.text))?.text;
  request({ method: upper, url: url ?? HOLE, headers: {}, body }, machine, scope, `code/${call.name}`);
}
