'use strict';
// Who may import whom. `npm run imports` runs this, proves by planted violations that each rule bites, and counts the
// modules read. Paths are relative to the repository.
const STAGES = 'observe|classify|verify|decide|approve|authorize|begin|safeguard|execute|record';
const HASHES = '(^|/)node_modules/@noble/hashes/';
const PACKAGES =
  '(^|/)node_modules/(@noble/hashes|unbash|libpg-query|graphql|web-tree-sitter|yaml|@peculiar/x509|reflect-metadata|age-encryption|zod|jsonc-parser|diff|postgres)/';
const PARSERS = '(^|/)node_modules/(unbash|libpg-query|graphql|web-tree-sitter)/';
/** Languages read documents with it, adapters the settings of other programs. */
const YAML = '(^|/)node_modules/yaml/';

/** Files below `from` may import what matches one of `to`, and nothing else. */
const only = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: to },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    only('core-is-pure', '^src/core/', ['^src/core/', HASHES], 'core imports nothing but a pure hash'),
    only('ports-know-core', '^src/ports/', ['^src/(ports|core)/'], 'ports are contracts in the words of core'),
    only('protocols-know-core', '^src/protocols/', ['^src/(protocols|core)/', HASHES], 'protocols are sans-IO'),
    only('catalog-is-data', '^src/catalog/', ['^src/(catalog|core)/'], 'the catalogue is data'),
    only(
      'languages-are-pure',
      '^src/languages/',
      ['^src/(languages|catalog|core)/', HASHES, PARSERS, YAML],
      'languages turn text into effects: no IO, no clock, no policy',
    ),
    only(
      'pipeline-knows-ports',
      '^src/pipeline/',
      ['^src/(pipeline|languages|ports|core)/'],
      'the pipeline reaches the world by ports',
    ),
    only(
      'adapters-know-ports',
      '^src/adapters/',
      ['^src/(adapters|ports|protocols|core)/', '(^|/)node_modules/', '^(node:)?[a-z_/]+$'],
      'adapters fulfil ports',
    ),
    {
      name: 'adapters-are-strangers',
      comment: 'an adapter never imports another',
      severity: 'error',
      from: { path: '^src/adapters/([^/]+)/' },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/$1/' },
    },
    {
      name: 'only-wire-imports-adapters',
      comment: 'the other apps get what they need passed in',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(adapters/|apps/wire\\.ts$)' },
      to: { path: '^src/adapters/' },
    },
    {
      name: 'stages-are-strangers',
      comment: 'stages meet in pipeline.ts only; what they pass on is in products.ts',
      severity: 'error',
      from: { path: `^src/pipeline/(${STAGES})\\.ts$` },
      to: { path: `^src/pipeline/(${STAGES}|pipeline)\\.ts$` },
    },
    {
      name: 'verify-log-stands-alone',
      comment: 'an auditor need not trust the rest',
      severity: 'error',
      from: { path: '^src/apps/verify-log/' },
      to: {
        path: '^src/|(^|/)node_modules/',
        pathNot: ['^src/(apps/verify-log|protocols/tlog|core)/', HASHES],
        reachable: true,
      },
    },
    {
      name: 'parsers-stay-in-languages',
      comment: 'one reading of each language',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/languages/' },
      to: { path: PARSERS },
    },
    {
      name: 'known-packages',
      comment: 'each package is a choice: docs/dependencies.md',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '(^|/)node_modules/', pathNot: PACKAGES },
    },
    {
      name: 'tests-stay-outside',
      comment: 'the replay brings its stand-ins along; nothing else that runs comes from tests or scripts',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/apps/replay/' },
      to: { path: '^(tests|scripts)/' },
    },
    {
      name: 'replay-takes-stand-ins',
      comment: 'and no other part of the tests',
      severity: 'error',
      from: { path: '^src/apps/replay/' },
      to: { path: '^(tests|scripts)/', pathNot: '^tests/stand-ins/' },
    },
    {
      name: 'no-cycles',
      comment: 'types included',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'a path that leads nowhere hides a dependency',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: '(^|/)node_modules/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.cjs', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
