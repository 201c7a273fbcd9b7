import assert from 'node:assert/strict';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { ClusterFact } from '../../../src/core/facts.ts';
import { isKnown } from '../../../src/core/tri.ts';
import { declarations } from '../../fakes/declarations.ts';
import { Ground } from './fixture.ts';

const CONFIG = `apiVersion: v1
kind: Config
current-context: live
clusters:
- {name: live, cluster: {server: 'https://k8s.example:6443'}}
- {name: kind-dev, cluster: {server: 'https://127.0.0.1:41999'}}
- {name: far, cluster: {server: 'https://10.0.0.9:6443'}}
- {name: proxied, cluster: {server: 'https://127.0.0.1:41999', proxy-url: 'http://user:s3cret@proxy.example:3128'}}
contexts:
- {name: live, context: {cluster: live, user: live, namespace: shop}}
- {name: kind-dev, context: {cluster: kind-dev, user: dev}}
- {name: kind-far, context: {cluster: far, user: dev}}
- {name: tunnel, context: {cluster: kind-dev, user: dev}}
- {name: kind-proxied, context: {cluster: proxied, user: dev}}
- {name: kind-exec, context: {cluster: kind-dev, user: exec}}
users:
- {name: live, user: {token: s3cret}}
- {name: dev, user: {client-key-data: s3cret}}
- {name: exec, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./trap.sh}}}
`;

async function seen(
  words: readonly string[],
  ground = new Ground({ 'home/.kube/config': CONFIG }),
): Promise<ClusterFact> {
  const answer = await ground.cluster(words);
  assert.ok(isKnown(answer), JSON.stringify(answer));
  assert.equal(JSON.stringify(answer).includes('s3cret'), false);
  return answer.known;
}

test('the current context, its server and its namespace', async () => {
  const { cluster, environments } = await seen([]);
  assert.deepEqual(
    [cluster.context, cluster.server, cluster.namespace, cluster.place, cluster.isLocal, environments],
    ['live', 'https://k8s.example:6443', 'shop', 'remote', false, []],
  );
});

for (const [words, isLocal] of [
  [['context=kind-dev'], true],
  [['context=kind-far'], false],
  [['context=tunnel'], false],
  [['context=kind-proxied'], false],
  [['context=kind-exec'], false],
  [['context=kind-dev', 'server=https://k8s.example'], false],
  [['context=kind-dev', 'cluster=live'], false],
] as const)
  test(`${words.join(' ')} is ${isLocal ? '' : 'not '}a local cluster`, async () => {
    assert.equal((await seen(words)).cluster.isLocal, isLocal);
  });

test('the files of KUBECONFIG, the first that sets a thing wins', async () => {
  const ground = new Ground({
    'a.yaml': 'current-context: kind-dev\ncontexts: []\n',
    'b.yaml': CONFIG,
    'home/.kube/config': CONFIG.replace('k8s.example', 'other.example'),
  });
  assert.equal((await seen(['$KUBECONFIG=a.yaml:b.yaml'], ground)).cluster.context, 'kind-dev');
  assert.equal((await seen(['kubeconfig=b.yaml', '$KUBECONFIG=a.yaml'], ground)).cluster.context, 'live');
  ground.environment = { KUBECONFIG: 'b.yaml' };
  assert.equal((await seen([], ground)).cluster.server, 'https://k8s.example:6443');
  ground.environment = undefined;
  assert.match((await seen([], ground)).unsettled ?? '', /not seen/);
  assert.equal((await seen(['kubeconfig=b.yaml', 'context=kind-dev'], ground)).unsettled, undefined);
});

test('what is not there, and what cannot be read, is unknown', async () => {
  const ground = new Ground({
    'bomb.yaml': `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\ncontexts: [*b,*b,*b,*b,*b,*b,*b,*b]\n`,
    'twice.yaml': 'current-context: a\ncurrent-context: b\n',
  });
  for (const words of [
    [],
    ['kubeconfig=bomb.yaml'],
    ['kubeconfig=twice.yaml'],
    ['context=none', 'kubeconfig=bomb.yaml'],
  ])
    assert.ok('unknown' in (await ground.cluster(words)), words.join(' '));
});

test('a program for credentials is named and never run', async () => {
  const ground = new Ground({ 'home/.kube/config': CONFIG });
  const canary = path.join(ground.root, 'canary');
  const script = path.join(ground.project, 'trap.sh');
  writeFileSync(script, `#!/bin/sh\necho ran > '${canary}'\n`);
  chmodSync(script, 0o755);
  const { cluster } = await seen(['context=kind-exec'], ground);
  assert.equal(cluster.credentialProgram, './trap.sh');
  assert.equal(existsSync(canary), false);
});

test('what people declared about the server counts', async () => {
  const ground = new Ground({
    'home/.kube/config': CONFIG,
    'config/environments.json': JSON.stringify({
      version: 1,
      production: { clusters: [{ server: 'https://127.0.0.1:41999/', environment: 'live' }] },
    }),
  });
  ground.declared = declarations({ 'kubernetes/cluster/https://10.0.0.9:6443': 'throwaway' });
  assert.equal((await seen(['context=kind-far'], ground)).cluster.declared?.kind, 'throwaway');
  assert.equal((await seen(['context=kind-dev'], ground)).environments[0]?.production, true);
});
