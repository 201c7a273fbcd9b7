#!/usr/bin/env node
'use strict';
// The auditor, a program of its own: it reaches nothing but the log format and the core.
const { existsSync } = require('node:fs');
const path = require('node:path');
const { run } = require('./runtime.cjs');

const root = path.dirname(__dirname);
const source = path.join(root, 'src/apps/verify-log/main.ts');
run(existsSync(source) ? source : path.join(root, 'dist/verify-log.mjs'), process.argv.slice(2));
