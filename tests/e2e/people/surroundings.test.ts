import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf } from '../../../src/adapters/people/directory.ts';
import { openPeopleTools } from '../../../src/adapters/people/index.ts';
import { accountFor, createSurroundings, type ProcessFacts } from '../../../src/adapters/people/surroundings.ts';
import { installationTrust } from '../../../src/ports/people.ts';

const isRoot = process.getuid?.() === 0;
const shell: ProcessFacts = { pid: 40, parent: 30, comm: 'bash', argv: ['-bash'], variables: ['HOME', 'PATH'] };

function under(...above: readonly Partial<ProcessFacts>[]) {
  const chain = [shell, ...above.map((one, i) => ({ ...shell, ...one, pid: 30 - i, parent: 29 - i }))];
  const last = chain.length - 1;
  const facts = chain.map((one, i) => (i === last ? { ...one, parent: 0 } : one));
  return createSurroundings({
    env: {},
    parentPid: 40,
    processFacts: async (pid) => facts.find((one) => one.pid === pid),
  });
}

test('an agent is seen in any process above, by name, package or variable', async () => {
  for (const facts of [
    { comm: 'claude' },
    { argv: ['/usr/bin/node', '/opt/lib/node_modules/@anthropic-ai/claude-code/cli.js'] },
    { argv: ['node', '/usr/local/bin/codex.js'] },
    { argv: ['/opt/cursor-agent/node', 'index.js'] },
    { variables: ['CLAUDECODE'] },
    { variables: ['CURSOR_TRACE_ID'] },
    { variables: ['CODEX_SANDBOX'] },
  ]) {
    assert.notEqual(await under(facts).agentNearby(), undefined, JSON.stringify(facts));
    assert.notEqual(await under({}, {}, facts).agentNearby(), undefined, JSON.stringify(facts));
  }
});

test('ordinary terminals are not taken for agents', async () => {
  for (const facts of [
    { comm: 'gnome-terminal-', argv: ['/usr/libexec/gnome-terminal-server'] },
    { comm: 'sshd', argv: ['sshd: ann@pts/0'] },
    { comm: 'tmux: server', argv: ['tmux', 'new', '-s', 'claudes-notes'] },
    { comm: 'less', argv: ['less', '-R', '-S', '-x', 'claude'] },
    { variables: ['CURSOR', 'XCURSOR_THEME', 'CODECOV_TOKEN'] },
  ]) {
    assert.equal(await under(facts).agentNearby(), undefined, JSON.stringify(facts));
  }
});

test('a ring of parents ends', async () => {
  const ring = createSurroundings({ env: {}, parentPid: 40, processFacts: async () => ({ ...shell, parent: 40 }) });
  assert.equal(await ring.agentNearby(), undefined);
});

test('what makes an installation advisory is said', () => {
  assert.deepEqual(installationTrust({ daemonUid: 990, agentUid: 1000, passwordlessSudo: false }), {
    trust: 'separate-user',
    reasons: [],
  });
  for (const input of [
    { daemonUid: 1000, agentUid: 1000, passwordlessSudo: false },
    { daemonUid: 990, agentUid: 1000, passwordlessSudo: true },
    { daemonUid: 990, agentUid: 0, passwordlessSudo: false },
    { daemonUid: 0, agentUid: 0, passwordlessSudo: false },
  ]) {
    const { trust, reasons } = installationTrust(input);
    assert.equal(trust, 'advisory');
    assert.ok(reasons.length > 0);
  }
});

test('the account is the one that called sudo, believed of root only', async () => {
  const uid = process.getuid?.() ?? -1;
  const own = await accountFor({ HOME: '/home/x' }, undefined);
  assert.ok(own.ok);
  assert.deepEqual([own.account.uid, own.account.home], [uid, '/home/x']);
  const sudo = await accountFor({ SUDO_UID: '65534', HOME: '/root' }, undefined);
  const named = await accountFor({}, 'nobody');
  if (isRoot) {
    assert.ok(sudo.ok && named.ok);
    assert.equal(sudo.account.uid, 65534);
    assert.notEqual(sudo.account.home, '/root');
    assert.deepEqual(named.account, sudo.account);
    assert.equal((await accountFor({}, 'no-such-account')).ok, false);
  } else {
    assert.ok(sudo.ok && sudo.account.uid === uid);
    assert.equal(named.ok, false);
  }
});

test('no variable of the environment moves the registry', async () => {
  const env = {
    HOME: '/nonexistent',
    XDG_CONFIG_HOME: '/tmp/x',
    XDG_STATE_HOME: '/tmp/x',
    HOLDPOINT_REGISTRY: '/tmp/x',
  };
  const opened = await openPeopleTools({ env, stateDirOf: (account) => `${account.home}/state` });
  assert.ok(opened.ok);
  assert.equal(opened.tools.sealedKeys.pathOf('ann'), '/tmp/x/holdpoint/keys/ann.age');
  assert.deepEqual(placeOf({ uid: 7, stateDir: '/x' }), {
    uid: 7,
    stateDir: '/x',
    registryFile:
      process.platform === 'darwin' ? '/private/etc/holdpoint/people/7.json' : '/etc/holdpoint/people/7.json',
    trustedOwnerUids: [0],
  });
  assert.throws(() => opened.tools.sealedKeys.pathOf('../ann'), TypeError);
});
