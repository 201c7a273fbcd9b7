#!/usr/bin/env node
'use strict';
// The launcher: a checkout runs its sources, the published package its built bundle; both under the pinned runtime.
const { existsSync } = require('node:fs');
const path = require('node:path');
const { run } = require('./runtime.cjs');

const root = path.dirname(__dirname);
const source = path.join(root, 'src/apps/cli/main.ts');
run(existsSync(source) ? source : path.join(root, 'dist/cli.mjs'), process.argv.slice(2));
