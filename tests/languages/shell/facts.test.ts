import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../../src/core/canonical-json.ts';
import { worstDanger } from '../../../src/core/danger.ts';
import type { Check } from '../../../src/core/evidence.ts';
import { questionKey } from '../../../src/core/evidence.ts';
import type { ResourceRef } from '../../../src/core/resource.ts';
import type { Tri } from '../../../src/core/tri.ts';
import { known, unknown } from '../../../src/core/tri.ts';
import { makeShellReader } from '../../../src/languages/shell/read-shell.ts';
import { loadPrograms } from '../../program-parser.ts';

await loadPrograms();

const read = makeShellReader({});

function judge(text: string, answers: Readonly<Record<string, Tri<Json> | undefined>>): ReturnType<typeof read> {
  const fact = (check: Check, about: ResourceRef): Tri<Json> | undefined =>
    answers[`${check} ${about.path.join(' ')}`] ?? answers[check];
  return read({ kind: 'shell', bytes: new TextEncoder().encode(text) }, { workspace: '/w', cwd: '/w', fact });
}

const file = (more: object): Tri<Json> =>
  known({
    exists: true,
    type: 'file',
    realPath: '/w/x',
    insideWorkspace: true,
    temporary: false,
    trackedAndClean: false,
    regenerable: false,
    madeByTask: false,
    files: 1,
    filesCapped: false,
    bytes: 1,
    irreplaceable: ['x'],
    ...more,
  } as Json);

test('a fact that has not been asked is asked, and counts as lost meanwhile', () => {
  const { effects, questions } = judge('rm -rf dist', {});
  assert.deepEqual(questions.map(questionKey), ['recovery:file/path/%2Fw%2Fdist']);
  assert.equal(effects.find((effect) => effect.verb === 'destroy')?.reversal, 'irreversible');
});

test('recovery decides how a deletion can be undone', () => {
  for (const [answer, reversal] of [
    [file({ trackedAndClean: true }), 'undoable'],
    [file({ regenerable: true }), 'regenerable'],
    [file({ madeByTask: true }), 'regenerable'],
    [file({ exists: false, type: 'none' }), 'regenerable'],
    [file({}), 'safeguardable'],
    [file({ filesCapped: true }), 'irreversible'],
    [file({ filesCapped: true, irreplaceable: [] }), 'irreversible'],
    [file({ irreplaceable: [] }), 'undoable'],
    [file({ irreplaceable: [], insideWorkspace: false }), 'undoable'],
    [file({ regenerable: true, filesCapped: true }), 'regenerable'],
    [file({ insideWorkspace: false }), 'irreversible'],
    [unknown('no git'), 'irreversible'],
  ] as const) {
    assert.equal(
      judge('rm notes.txt', { recovery: answer }).effects.find((effect) => effect.verb === 'destroy')?.reversal,
      reversal,
    );
  }
});

test('the working directory is followed', () => {
  const { questions } = judge('cd src && rm a.ts; (cd /etc); rm b.ts', { recovery: unknown('x') });
  assert.deepEqual(
    questions.map((question) => question.about.path[0]),
    ['/w/src/a.ts', '/w/src/b.ts'],
  );
});

test('scripts, package scripts and make targets are read', () => {
  const content = (text: string): Tri<Json> => known({ text, digest: '', size: text.length });
  assert.equal(
    worstDanger(judge('bash x.sh', { 'content /w/x.sh': content('rm -rf ~'), recovery: unknown('x') }).effects),
    'destructive',
  );
  assert.equal(worstDanger(judge('bash x.sh', { 'content /w/x.sh': content('echo hi') }).effects), 'harmless');
  assert.equal(
    worstDanger(
      judge('bash x.sh "$HOME"', { 'content /w/x.sh': content('rm -rf "$1"'), recovery: unknown('x') }).effects,
    ),
    'destructive',
  );
  assert.equal(
    worstDanger(
      judge('npm run wipe', {
        'content /w/package.json': content('{"scripts":{"wipe":"rm -rf src"}}'),
        recovery: unknown('x'),
      }).effects,
    ),
    'destructive',
  );
  assert.equal(
    worstDanger(
      judge('npm run reset', { 'content /w/package.json': content('{"scripts":{"reset":"echo hi"}}') }).effects,
    ),
    'harmless',
  );
  assert.equal(
    worstDanger(
      judge('make x', {
        'content /w/Makefile': content('D=src\nx: y\n\techo hi\ny:\n\t@rm -rf $(D)\n'),
        recovery: unknown('x'),
      }).effects,
    ),
    'destructive',
  );
  assert.equal(
    worstDanger(
      judge('python x.py', {
        'content /w/x.py': content('import shutil\nshutil.rmtree("/srv/data")\n'),
        recovery: unknown('x'),
      }).effects,
    ),
    'destructive',
  );
});

test('git facts decide what a reset loses', () => {
  const state = (more: object): Tri<Json> => known({ dirty: true, branch: 'feat/x', untracked: 1, ...more } as Json);
  assert.equal(worstDanger(judge('git reset --hard', { environment: state({}) }).effects), 'destructive');
  assert.equal(worstDanger(judge('git reset --hard', { environment: state({ dirty: false }) }).effects), 'harmless');
  assert.equal(worstDanger(judge('git clean -fd', { environment: state({ untracked: 0 }) }).effects), 'harmless');
  assert.equal(worstDanger(judge('git push --force-with-lease', { environment: state({}) }).effects), 'harmless');
  assert.equal(
    worstDanger(judge('git push --force-with-lease', { environment: state({ branch: 'main' }) }).effects),
    'destructive',
  );
});
