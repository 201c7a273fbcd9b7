import { parseArgs, setOf } from './argv.ts';
import { loseFile, readFile } from './file-effects.ts';
import { avoidsGateway } from './guard-command.ts';
import { type Call, type Handler, harmlessRun, unjudged } from './machine.ts';
import { isSecret, resolvePath } from './paths.ts';
import { request } from './requests.ts';
import { type Field, HOLE, hasHole, SECRET, shown } from './value.ts';

const CURL =
  setOf(`-X --request -H --header -d --data --data-raw --data-binary --data-ascii --data-urlencode --json -F --form --form-string -T --upload-file
  -u --user -o --output -A --user-agent -e --referer -b --cookie -c --cookie-jar -m --max-time --connect-timeout --retry --retry-delay --cacert --cert --key -x --proxy
  -w --write-out --url -K --config --resolve --unix-socket -E -r --range -C --continue-at --limit-rate -D --dump-header --output-dir --oauth2-bearer --aws-sigv4 -Y -y -z
  --interface --max-redirs --ciphers --noproxy --proxy-user --retry-max-time --create-file-mode --trace --trace-ascii --stderr -t`);

const curl: Handler = (call) => {
  const { machine, scope } = call;
  const args = parseArgs(call.argv, { valued: CURL });
  const source = 'catalog/curl';
  if (args.has('--version', '--help', '-V', '-h')) return HOLE;
  if (
    ['-x', '--proxy', '--preproxy'].some((flag) => args.flags.get(flag)?.some((value) => value === '') === true) ||
    args.flags.get('--noproxy')?.some((value) => value.split(',').includes('*')) === true
  )
    avoidsGateway(machine, 'curl without a proxy');
  const urls = [...(args.values.get('--url') ?? []), ...args.operands];
  const data: string[] = [];
  /** As `-G` writes them behind the address: what is given by `--data-urlencode` is encoded there. */
  const asked: string[] = [];
  let upload = false;
  for (const flag of [
    '-d',
    '--data',
    '--data-raw',
    '--data-binary',
    '--data-ascii',
    '--data-urlencode',
    '--json',
    '-F',
    '--form',
  ]) {
    for (const value of args.values.get(flag) ?? []) {
      const file =
        flag !== '--data-raw'
          ? fileIn(value, flag === '-F' || flag === '--form' || flag === '--data-urlencode')
          : undefined;
      if (file !== undefined) {
        upload = true;
        if (file.s === '-') {
          data.push(scope.stdin ?? HOLE);
          if ((scope.stdin ?? '') !== '') piped(call);
        } else {
          send(call, file);
          data.push(scope.written.get(resolvePath(file.s, scope.cwd)) ?? HOLE);
        }
      } else data.push(value.s);
      asked.push(flag === '--data-urlencode' ? urlencoded(data.at(-1) ?? '') : (data.at(-1) ?? ''));
    }
  }
  for (const value of [...(args.values.get('-T') ?? []), ...(args.values.get('--upload-file') ?? [])]) {
    upload = true;
    if (value.s === '-' || value.s === '.') piped(call);
    else send(call, value);
  }
  for (const flag of ['-o', '--output', '-D', '--dump-header', '-c', '--cookie-jar'])
    for (const value of args.values.get(flag) ?? [])
      if (value.s !== '-') loseFile(machine, value, scope.cwd, 'overwrite', { source });
  // `-O`: under the last name of the address.
  if (args.has('-O', '--remote-name'))
    for (const url of urls)
      machine.stale.add(resolvePath(url.s.replace(/[?#].*$/, '').replace(/^.*\//, '') || HOLE, scope.cwd));
  const config = args.value('-K', '--config');
  const get = args.has('-G', '--get');
  const body = data.length > 0 && !get ? data.join('&') : undefined;
  const stated = args.value('-X', '--request')?.s;
  const method =
    stated ??
    (args.has('-I', '--head') ? 'HEAD' : args.has('-T', '--upload-file') ? 'PUT' : body !== undefined ? 'POST' : 'GET');
  const headers: Record<string, string> = {};
  for (const value of [...(args.values.get('-H') ?? []), ...(args.values.get('--header') ?? [])]) {
    const colon = value.s.indexOf(':');
    if (colon > 0) headers[value.s.slice(0, colon).trim().toLowerCase()] = value.s.slice(colon + 1).trim();
  }
  if (args.has('--json')) headers['content-type'] ??= 'application/json';
  // A form with a file in it is an upload: the file's name said above whether a secret leaves; its fields carry no call.
  const form = [...(args.values.get('-F') ?? []), ...(args.values.get('--form') ?? [])];
  const plainUpload =
    stated === undefined &&
    form.some((field) => /=@/.test(field.s)) &&
    form.every((field) => !/^(query|operations|map|sql|command|method|_method|action)=/i.test(field.s)) &&
    !urls.some((url) => /graphql|delete|destroy|purge/i.test(url.s) || hasHole(url.s));
  if (plainUpload) {
    unjudged(machine, source, 'uploads a file');
    return HOLE;
  }
  for (const url of urls)
    request(
      {
        method,
        url: get ? withQuery(url.s, asked) : url.s,
        headers,
        body: upload && args.has('-T', '--upload-file') ? undefined : body,
      },
      machine,
      scope,
      source,
    );
  if (config !== undefined && urls.length === 0)
    request({ method: 'POST', url: HOLE, headers, body: HOLE }, machine, scope, source);
  harmlessRun(machine, source, call.name);
  if (args.has('-o', '--output', '-O')) return '';
  return HOLE;
};

function withQuery(url: string, asked: readonly string[]): string {
  if (asked.length === 0) return url;
  const [address = '', ...fragment] = url.split('#');
  return `${address}${address.includes('?') ? '&' : '?'}${asked.join('&')}${fragment.length > 0 ? '#' : ''}${fragment.join('#')}`;
}

/** `content`, `=content` or `name=content`. Source: curl(1). */
function urlencoded(text: string): string {
  const at = text.indexOf('=');
  const [name, content] = at === -1 ? ['', text] : [text.slice(0, at), text.slice(at + 1)];
  // What only the running shell would know stays a mark.
  const encoded = hasHole(content) ? content : encodeURIComponent(content.toWellFormed());
  return name === '' ? encoded : `${name}=${encoded}`;
}

/** `@file`, `name=@file`, `name=<file`. */
function fileIn(value: Field, named: boolean): Field | undefined {
  const s = named ? value.s.slice(value.s.indexOf('=') + 1) : value.s;
  return /^[@<]/.test(s) ? { ...value, s: s.slice(1).split(';')[0] ?? '' } : undefined;
}

function send(call: Call, file: Field): void {
  if (call.scope.written.get(resolvePath(file.s, call.scope.cwd))?.includes(SECRET) === true) exposeBy(call);
  readFile(call.machine, file, call.scope.cwd, `catalog/${call.name}`, 'sends');
}

/** What a pipe carries to another machine: secrets and whole environments show in the effects before it. */
function piped(call: Call): void {
  if (call.scope.stdin?.includes(SECRET) === true) exposeBy(call);
}

function exposeBy(call: Call): void {
  call.machine.emit({
    verb: 'expose',
    target: { system: 'host', kind: 'network', path: [call.name] },
    reversal: 'irreversible',
    source: `catalog/${call.name}`,
    summary: 'sends secrets to another machine',
    tags: ['credential'],
  });
}

const WGET = setOf(
  '-O -o -P -U -T -t -e --execute -A -R -I -X -D -Q -w -i --output-document --header --post-data --post-file --method --body-data --body-file --user --password --tries --timeout --directory-prefix',
);

const wget: Handler = (call) => {
  const args = parseArgs(call.argv, { valued: WGET });
  const { machine, scope } = call;
  if (
    args.has('--no-proxy') ||
    args.values.get('-e')?.some((value) => /use_proxy\s*=\s*(no|off)/.test(value.s)) === true
  )
    avoidsGateway(machine, 'wget --no-proxy');
  const file = args.value('--post-file', '--body-file');
  if (file !== undefined) send(call, file);
  const out = args.value('-O', '--output-document');
  if (out !== undefined && out.s !== '-') loseFile(machine, out, scope.cwd, 'overwrite', { source: 'catalog/wget' });
  if (out === undefined)
    for (const url of args.operands)
      machine.stale.add(resolvePath(url.s.replace(/[?#].*$/, '').replace(/^.*\//, '') || HOLE, scope.cwd));
  const body = args.value('--post-data', '--body-data')?.s;
  const method = args.value('--method')?.s ?? (body !== undefined || file !== undefined ? 'POST' : 'GET');
  for (const url of args.operands) request({ method, url: url.s, headers: {}, body }, machine, scope, 'catalog/wget');
  harmlessRun(machine, 'catalog/wget', 'wget');
  return HOLE;
};

const HTTPIE = setOf(
  '-a --auth -A --auth-type -o --output --timeout --session -p --print --proxy --verify --cert --pretty --style',
);

const httpie: Handler = (call) => {
  const args = parseArgs(call.argv, { valued: HTTPIE });
  const words = [...args.operands];
  const stated = /^[A-Za-z]+$/.test(words[0]?.s ?? '') && words.length > 1 ? words.shift()?.s : undefined;
  const url = words.shift();
  if (url === undefined) return HOLE;
  const headers: Record<string, string> = {};
  const fields: Record<string, string> = {};
  for (const word of words) {
    const file = /^[\w-]*=?@(.*)$/.exec(word.s);
    if (file !== null) send(call, { ...word, s: file[1] ?? '' });
    const header = /^([\w-]+):(?!=)(.*)$/.exec(word.s);
    const data = /^([^=:@]+):?=(?!=)(.*)$/s.exec(word.s);
    if (header !== null) headers[(header[1] ?? '').toLowerCase()] = header[2] ?? '';
    else if (data !== null) fields[data[1] ?? ''] = data[2] ?? '';
  }
  const hasBody = Object.keys(fields).length > 0 || call.scope.stdin !== undefined;
  const body = Object.keys(fields).length > 0 ? JSON.stringify(fields) : call.scope.stdin;
  request(
    { method: stated ?? (hasBody ? 'POST' : 'GET'), url: url.s.replace(/^:(\d*)/, 'localhost:$1'), headers, body },
    call.machine,
    call.scope,
    `catalog/${call.name}`,
  );
  harmlessRun(call.machine, 'catalog/httpie', call.name);
  return HOLE;
};

/** Raw sockets: what flows in from a pipe leaves the machine. */
const netcat: Handler = (call) => {
  const args = parseArgs(call.argv, { valued: setOf('-w -p -s -i -q -X -x -e -c --exec --sh-exec') });
  if (args.has('-z')) {
    harmlessRun(call.machine, 'catalog/netcat', call.name);
    return HOLE;
  }
  const run = args.value('-e', '-c', '--exec', '--sh-exec');
  if (run !== undefined)
    call.machine.emit({
      verb: 'grant',
      target: { system: 'host', kind: 'shell', path: [shown(run.s)] },
      reversal: 'irreversible',
      source: 'catalog/netcat',
      summary: 'gives another machine a shell',
    });
  if (call.scope.input !== undefined) send(call, call.scope.input);
  if (call.scope.stdin !== undefined) piped(call);
  harmlessRun(call.machine, 'catalog/netcat', call.name);
  return HOLE;
};

/** Uploads by other tools: the file's name says whether a secret leaves. */
export function sendsSecrets(call: Call): void {
  for (const field of call.argv)
    if (!field.s.startsWith('-') && isSecret(resolvePath(field.s, call.scope.cwd))) send(call, field);
}

export const NETWORK: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['curl', curl],
  ['curlie', curl],
  ['wget', wget],
  ['wget2', wget],
  ['http', httpie],
  ['https', httpie],
  ['xh', httpie],
  ['xhs', httpie],
  ['nc', netcat],
  ['ncat', netcat],
  ['netcat', netcat],
  ['socat', netcat],
  ['telnet', netcat],
]);
