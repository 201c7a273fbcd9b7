import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

/** One request to git's own server program, as CGI. `projects`: the folder of the repositories. Source: git-http-backend(1). */
export function serveGit(request: IncomingMessage, body: Buffer, response: ServerResponse, projects: string): void {
  const url = new URL(request.url ?? '/', 'http://x');
  const encoding = request.headers['content-encoding'];
  const protocol = request.headers['git-protocol'];
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'] ?? '',
      GIT_PROJECT_ROOT: projects,
      GIT_HTTP_EXPORT_ALL: '1',
      REMOTE_USER: 'tester',
      REQUEST_METHOD: request.method ?? '',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: String(body.length),
      ...(encoding === undefined ? {} : { HTTP_CONTENT_ENCODING: encoding }),
      ...(protocol === undefined ? {} : { GIT_PROTOCOL: String(protocol) }),
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  // It may be done before it has read everything.
  child.stdin.on('error', () => undefined);
  child.on('close', () => {
    const out = Buffer.concat(chunks);
    const end = out.indexOf('\r\n\r\n');
    for (const line of out.toString('latin1', 0, end).split('\r\n')) {
      const at = line.indexOf(':');
      const [name, value] = [line.slice(0, at), line.slice(at + 1).trim()];
      if (name.toLowerCase() === 'status') response.statusCode = Number(value.split(' ')[0]);
      else response.setHeader(name, value);
    }
    response.end(out.subarray(end + 4));
  });
  child.stdin.end(body);
}

export interface Forge {
  readonly port: number;
  close(): Promise<void>;
}

/** Whether this machine's git can serve over HTTP. */
export function canServeGit(): boolean {
  try {
    const folder = execFileSync('git', ['--exec-path'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return existsSync(path.join(folder.trim(), 'git-http-backend'));
  } catch {
    return false;
  }
}

/**
 * A forge with continuous integration: what `.github/workflows/` of a pushed commit says to run is run by the forge, with
 * its own network and home. Each `run:` is one line of shell.
 */
export async function startForge(options: {
  readonly folder: string;
  /** Its history is what the forge has at the start, as `NAME.git`. */
  readonly from: string;
  readonly name: string;
  readonly tls: { readonly key: string; readonly cert: string };
  /** Home of what continuous integration runs. */
  readonly ciHome: string;
}): Promise<Forge> {
  const bare = path.join(options.folder, `${options.name}.git`);
  mkdirSync(options.folder, { recursive: true });
  execFileSync('git', ['clone', '-q', '--bare', options.from, bare], { stdio: 'ignore' });
  execFileSync('git', ['-C', bare, 'config', 'http.receivepack', 'true']);
  const hook = path.join(bare, 'hooks/post-receive');
  mkdirSync(path.dirname(hook), { recursive: true });
  writeFileSync(
    hook,
    `#!/bin/sh
export HOME='${options.ciHome}'
while read -r old new ref; do
  git ls-tree -r --name-only "$new" .github/workflows | while read -r file; do
    git show "$new:$file" | sed -n 's/^ *- run: //p' | sh
  done
done >/dev/null 2>&1
exit 0
`,
  );
  chmodSync(hook, 0o755);
  const server = createTlsServer({ ...options.tls }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => serveGit(request, Buffer.concat(chunks), response, options.folder));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
