import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { repoRoot } from '../platform.ts';

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}
interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly version: string;
        readonly resolved?: string;
        readonly optionalDependencies?: Readonly<Record<string, string>>;
      }
    >
  >;
}

const read = (file: string): string => readFileSync(path.join(repoRoot, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as Lock;

test('the package brings nothing but the runtime: what is bundled is a development dependency', () => {
  assert.deepEqual(manifest.dependencies ?? {}, {});
  for (const name of Object.keys(manifest.optionalDependencies)) assert.match(name, /^node-(bin-)?(linux|darwin|win)-/);
});

test('versions are exact', () => {
  for (const [name, version] of Object.entries({ ...manifest.devDependencies, ...manifest.optionalDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
  }
});

test('each direct dependency is explained', () => {
  const text = read('docs/dependencies.md');
  for (const name of Object.keys({ ...manifest.devDependencies, ...manifest.optionalDependencies })) {
    assert.ok(text.includes(`\`${name}\``), `docs/dependencies.md does not mention \`${name}\``);
  }
});

// `npm ci` refuses a lock file without them: `node bin/runtime.cjs scripts/complete-lock.ts` adds them.
test('the lock file knows the builds for other platforms', () => {
  for (const [parent, { optionalDependencies }] of Object.entries(lock.packages)) {
    for (const name of Object.keys(optionalDependencies ?? {})) {
      assert.ok(lock.packages[`node_modules/${name}`] !== undefined, `\`${name}\` of \`${parent}\``);
    }
  }
});

test('the lock file names no registry', () => {
  for (const [name, { resolved }] of Object.entries(lock.packages)) assert.equal(resolved, undefined, name);
});
