import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ALTERNATIVES, alternativesFor, messageForAgent } from '../../src/apps/advice.ts';
import { findPaths } from '../../src/apps/paths.ts';
import { openJudge } from '../../src/apps/wire.ts';
import type { Action } from '../../src/core/attempt.ts';
import { type AnyJudged, isRefused, refused } from '../../src/pipeline/products.ts';

const { judge, close } = await openJudge(findPaths({ HOME: '/nonexistent' }), () => undefined);
after(close);
let work: string;
before(() => {
  work = realpathSync(mkdtempSync(path.join(tmpdir(), 'hp-advice-')));
  mkdirSync(path.join(work, 'src'));
  for (const name of ['NAME', 'only.txt', 'src/a.ts', 'main.tf'])
    writeFileSync(path.join(work, name), 'exists nowhere else');
  execFileSync('git', ['init', '-q', work]);
});
after(() => rmSync(work, { recursive: true, force: true }));

async function judged(
  text: string,
  kind: Action['kind'] = 'shell',
  cwd: string | undefined = work,
): Promise<AnyJudged> {
  const action: Action = { kind, bytes: new TextEncoder().encode(text), ...(cwd === undefined ? {} : { cwd }) };
  const origin = { door: 'hook', person: 'ada', agent: 'a', task: 't', workspace: cwd ?? '' } as const;
  const result = await judge({ id: 'x', action, origin }, undefined);
  assert.ok(!isRefused(result), text);
  return result;
}

for (const { action, kind, says } of ALTERNATIVES)
  test(`the alternative \`${action}\` passes, in a workspace and by text alone`, async () => {
    assert.equal((await judged(action, kind)).says, 'allow');
    assert.equal((await judged(action, kind, undefined)).says, 'allow');
    for (const [, more = ''] of says.matchAll(/`([^`]+)`/g)) assert.equal((await judged(more)).says, 'allow', more);
  });

const STOPPED: readonly (readonly [string, string, string])[] = [
  ['cd src && rm -rf ../only.txt; ls', 'rm -rf ../only.txt', 'mv -n NAME NAME.kept'],
  ['git push --force origin main', 'git push --force origin main', 'git branch kept'],
  ["psql -c 'DROP TABLE users'", "psql -c 'DROP TABLE users'", 'SELECT count(*) FROM t'],
  ['npm ci && terraform destroy -auto-approve', 'terraform destroy -auto-approve', 'terraform plan'],
  ['kubectl delete ns prod', 'kubectl delete ns prod', 'kubectl get all'],
  ['$TOOL --fast', '$TOOL --fast', 'ls -la'],
  ['holdpoint uninstall', 'holdpoint uninstall', 'holdpoint status'],
  ['aws s3 rb s3://x --force', 'aws s3 rb s3://x --force', 'aws sts get-caller-identity'],
  [
    'curl -X DELETE https://api.acme.test/v1/x',
    'curl -X DELETE https://api.acme.test/v1/x',
    'curl -sI https://HOST/PATH',
  ],
];

for (const [command, part, alternative] of STOPPED)
  test(`the answer to \`${command}\` names the part, the rule and what is allowed`, async () => {
    const result = await judged(command);
    assert.notEqual(result.says, 'allow');
    const finding = result.verdict.findings.find((one) => one.says === result.says);
    const rule = finding?.rule ?? '';
    const says = result.says === 'deny' ? 'deny' : 'hold';
    const text = messageForAgent(refused(says, rule, finding?.reason ?? ''), result);
    assert.ok(text.includes(`Stopped part: \`${part}\``), text);
    assert.ok(text.includes(`(${rule})`), text);
    assert.ok(text.includes(`\`${alternative}\``), text);
  });

test('secrets and controls of the stopped part stay out of the answer', async () => {
  const result = await judged('dropdb "postgres://u:hunter2secret@db/app" \u001b[2J');
  const text = messageForAgent(refused('hold', 'floor/destructive', 'x'), result);
  assert.match(text, /Stopped part/);
  assert.doesNotMatch(text, /hunter2secret|(?!\n)\p{Cc}/u);
});

test('what is not known of an effect still gives alternatives', () => {
  assert.ok(alternativesFor(undefined).length > 0);
});
