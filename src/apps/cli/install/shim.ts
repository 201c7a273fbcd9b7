import { HOOK_AGENTS } from '../../../protocols/hooks/hook.ts';

/** Everything the shim is allowed to know, fixed at install. All paths absolute. */
export interface ShimSettings {
  readonly socket: string;
  readonly cat: string;
  /** Only where a probe at install showed that it speaks to a unix socket and ends with the reply. */
  readonly nc?: string | undefined;
  /** Of `nc`: with `-N` it ends its side of the connection when its input ends. */
  readonly ncEndsInput?: boolean | undefined;
  readonly curl?: string | undefined;
  readonly node: string;
  readonly client: string;
  readonly installFile: string;
  /** Who owns the socket: the agent's own user, or the user of a system installation. */
  readonly owner: 'self' | 'other';
  readonly replyTimeoutS: number;
}

/**
 * The POSIX sh text of the hook shim. Whatever goes wrong ends in exit 2, which hosts take as a refusal; only a whole
 * reply line from the daemon (or the fallback client) ends in 0. Works in dash, bash and busybox sh.
 * `LD_PRELOAD` and `ENV` act before the first line and cannot be undone here; the children at least do not inherit them.
 */
export function shimText(settings: ShimSettings): string {
  // One of the two: what the direct form has not read is still there for the fallback client.
  const direct = settings.nc !== undefined && settings.ncEndsInput === true ? askDirectly(settings) : '';
  const tools = settings.nc === undefined || settings.ncEndsInput === true ? '' : askWithNc(settings);
  const web = settings.curl === undefined || direct !== '' ? '' : askWithCurl(settings);
  // Only what takes the payload from a pipe needs it kept; the fallback client else reads it from the host itself.
  const kept = tools !== '' || web !== '';
  return `#!/bin/sh
# Holdpoint hook shim, written by \`holdpoint init\`. Paths are fixed here; run init again to change them.
# Usage: hook-shim AGENT < payload
unset -f printf command exit case test '[' cat : 2>/dev/null
set -f -u +e
PATH=/usr/bin:/bin
LC_ALL=C
IFS=' '
export PATH LC_ALL
unset ENV BASH_ENV CDPATH LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT DYLD_INSERT_LIBRARIES DYLD_LIBRARY_PATH \\
  NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NODE_REPL_EXTERNAL_MODULE CURL_HOME CURL_CA_BUNDLE SSLKEYLOGFILE \\
  http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY OPENSSL_CONF GCONV_PATH
agent=\${1-}
socket=${quote(settings.socket)}
newline='
'
refuse() {
  printf '%s\\n' "holdpoint: $1, so this call is refused; fix: run \\\`holdpoint up\\\` (plain reads inside the workspace still pass where Node starts)" >&2
  exit 2
}
# Exits with what a whole reply says; comes back where the reply is not whole. The dot after the line shows that the line ended.
obey() {
  case $1 in
    'HOLDPOINT/1 '[02]' '*"$newline".) ;;
    *) return 0 ;;
  esac
  line=\${1%"$newline".}
  case $line in *"$newline"*) return 0 ;; esac
  text=\${line#'HOLDPOINT/1 '[02]' '}
  case $line in
    'HOLDPOINT/1 2 '*)
      printf '%b\\n' "$text" >&2
      exit 2 ;;
  esac
  case $text in
    '') exit 0 ;;
    '{'*'}')
      printf '%s\\n' "$text" || exit 2
      exit 0 ;;
  esac
}
case $agent in ${HOOK_AGENTS.join('|')}) ;; *) refuse 'the hook was called for no known agent' ;; esac
${direct}${kept ? keepPayload(settings, tools + web) : ''}if [ -x ${quote(settings.node)} ] && [ -r ${quote(settings.client)} ]; then
  obey "$(${kept ? 'printf \'%s\' "$payload" | ' : ''}${quote(settings.node)} ${quote(settings.client)} "$agent" ${quote(settings.installFile)} 2>/dev/null; printf .)"
fi
refuse 'the guard is not answering'
`;
}

function keepPayload(settings: ShimSettings, attempts: string): string {
  return `payload=$(${quote(settings.cat)}) || refuse 'the call could not be read'
if ${ownerTest(settings)}; then
${attempts}  :
fi
`;
}

function ownerTest(settings: ShimSettings): string {
  const directory = quote(settings.socket.slice(0, settings.socket.lastIndexOf('/')) || '/');
  // SECURITY: a socket of another user in a folder that this user may write to could have been put there by the agent.
  return settings.owner === 'self'
    ? '[ -S "$socket" ] && [ -O "$socket" ]'
    : `[ -S "$socket" ] && [ ! -O "$socket" ] && [ ! -w ${directory} ]`;
}

/**
 * The quickest form: netcat takes the payload straight from the host, so that no other process starts. Where nobody
 * listens it reads nothing. Where somebody did, and gave no whole reply, the call was heard and is lost: refused.
 */
function askDirectly(settings: ShimSettings): string {
  return `if ${ownerTest(settings)}; then
  if [ -x ${quote(settings.nc ?? '')} ]; then
    reply=$(${quote(settings.nc ?? '')} -U -N -w ${settings.replyTimeoutS} "$socket" 2>/dev/null; printf %s. "$?")
    obey "\${reply%[0-9].}."
    case $reply in
      1.) ;;
      *) refuse 'the guard gave no answer' ;;
    esac
  fi
fi
`;
}

function askWithNc(settings: ShimSettings): string {
  return `  if [ -x ${quote(settings.nc ?? '')} ]; then
    obey "$(printf '{"op":"hook","agent":"%s"}\\n%s\\036\\n' "$agent" "$payload" | ${quote(settings.nc ?? '')} -U -w ${settings.replyTimeoutS} "$socket" 2>/dev/null; printf .)"
  fi
`;
}

function askWithCurl(settings: ShimSettings): string {
  const otherwise =
    settings.nc === undefined
      ? `[ -x ${quote(settings.curl ?? '')} ]`
      : `[ ! -x ${quote(settings.nc)} ] && [ -x ${quote(settings.curl ?? '')} ]`;
  return `  if ${otherwise}; then
    obey "$(printf '%s' "$payload" | ${quote(settings.curl ?? '')} -q -s --noproxy '*' --max-time ${settings.replyTimeoutS} --unix-socket "$socket" -H 'content-type: application/json' -H 'expect:' --data-binary @- "http://localhost/hook/$agent" 2>/dev/null; printf .)"
  fi
`;
}

/** A word of POSIX shell that means exactly this text. Throws on control characters: no installed path has any. */
export function quote(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new TypeError('a control character in a path of the installation');
  return `'${text.replaceAll("'", "'\\''")}'`;
}
