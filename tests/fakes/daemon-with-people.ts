/**
 * The daemon as installed, but over a registry of its own: `node daemon-with-people.ts REGISTRY.json [RAILWAY-URL]`.
 * No flag or variable of the shipped program reaches the registry, so tests that need a person start this one.
 */
import { homedir, userInfo } from 'node:os';
import path from 'node:path';
import { findPaths } from '../../src/apps/paths.ts';
import { openEngine } from '../../src/apps/wire.ts';

const [registryFile = '', railwayEndpoint] = process.argv.slice(2);
const paths = findPaths(process.env);
const main = path.resolve(import.meta.dirname, '../../src/apps/cli/main.ts');
const opened = await openEngine({
  paths,
  home: process.env['HOME'] ?? homedir(),
  person: userInfo().username,
  version: 'test',
  execCommand: [process.execPath, '--disable-warning=ExperimentalWarning', main, 'exec', '--socket', paths.socket],
  mode: () => 'enforce',
  registry: { registryFile, trustedOwnerUids: [...new Set([0, process.getuid?.() ?? 0])] },
  ...(railwayEndpoint === undefined ? {} : { railwayEndpoint }),
});
if (!opened.ok) {
  process.stderr.write(`holdpoint: ${opened.why}\n`);
  process.exit(69);
}
const { ended, close } = opened.engine.daemon;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    close().catch(() => process.exit(70));
  });
await ended;
