import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openPeople } from '../../../src/adapters/people/people.ts';
import { canonicalBytes } from '../../../src/core/canonical-json.ts';
import { claimDigest, claimJson } from '../../../src/core/hold.ts';
import { keyIdOf, parseArmoredSshsig } from '../../../src/protocols/sshsig/index.ts';
import { aClaim } from '../../contracts/approver.ts';
import { makePerson } from '../../fakes/people.ts';
import { AGENT_UID, entryArgs, makeStage, play, reasonToSkip, runAs, type Stage } from './stage.ts';

const skip = reasonToSkip();
const PASSPHRASE = 'correct horse battery';
const claim = aClaim();
const PROMPT = 'passphrase of ann, to sign this once: ';

function stage(t: TestContext, ...args: Parameters<typeof makeStage>): Stage {
  const made = makeStage(...args);
  t.after(() => rmSync(made.folder, { recursive: true, force: true }));
  writeFileSync(join(made.home, 'claim.json'), JSON.stringify(claimJson(claim)));
  return made;
}

const peopleAt = (at: Stage) => openPeople({ ...at.place, uid: AGENT_UID });

function checkSignature(at: Stage, armored: string) {
  const parsed = parseArmoredSshsig(new TextEncoder().encode(armored));
  assert.ok(parsed.ok);
  const signature = {
    key: keyIdOf(parsed.sshsig.publicKey),
    format: 'sshsig' as const,
    bytes: new TextEncoder().encode(armored),
  };
  return peopleAt(at).check({ hold: 'h-1', claim: claimDigest(claim), signatures: [signature] }, claim);
}

function enrolAnn(at: Stage): void {
  const done = play(
    'root',
    at,
    ['people', 'add', 'ann', '--generate'],
    [
      ['new passphrase', `${PASSPHRASE}\r`],
      ['type it again', `${PASSPHRASE}\r`],
    ],
  );
  assert.equal(done.code, 0, done.shown);
  assert.equal(done.leaked, false);
  assert.ok(!done.shown.includes(PASSPHRASE), 'the passphrase was shown');
}

const signArgs = (at: Stage) => ['sign', join(at.home, 'claim.json'), join(at.home, 'claim.sig')];

test('a person enrols with root, and a typed passphrase signs once', { skip }, async (t) => {
  const at = stage(t, undefined);
  enrolAnn(at);
  const sealed = join(at.place.keys, 'ann.age');
  assert.deepEqual([lstatSync(sealed).uid, lstatSync(sealed).mode & 0o777], [AGENT_UID, 0o600]);
  assert.deepEqual([lstatSync(at.place.registryFile).uid, lstatSync(at.place.registryFile).mode & 0o777], [0, 0o644]);
  assert.ok(readFileSync(sealed, 'utf8').startsWith('age-encryption.org/v1\n-> scrypt '));
  const signed = play('agent', at, signArgs(at), [[PROMPT, `${PASSPHRASE}\r`]]);
  assert.equal(signed.code, 0, signed.shown);
  assert.equal(signed.leaked, false);
  assert.ok(!signed.shown.includes(PASSPHRASE), 'the passphrase was shown');
  assert.deepEqual(await checkSignature(at, readFileSync(join(at.home, 'claim.sig'), 'utf8')), {
    ok: true,
    signers: [{ name: 'ann', presence: 'typed' }],
  });
});

test('an empty passphrase has one made, which then signs', { skip }, (t) => {
  const at = stage(t, undefined);
  const done = play(
    'root',
    at,
    ['people', 'add', 'ann', '--generate'],
    [
      ['new passphrase', '\r'],
      ['type it again', '<generated>'],
    ],
  );
  assert.equal(done.code, 0, done.shown);
  const passphrase = /passphrase: ((?:[a-z2-9]{4}-){3}[a-z2-9]{4})\r/.exec(done.shown)?.[1] ?? '';
  assert.equal(play('agent', at, signArgs(at), [[PROMPT, `${passphrase}\r`]]).code, 0);
});

test('without the passphrase there is no signature', { skip }, (t) => {
  const at = stage(t, undefined);
  enrolAnn(at);
  for (const typed of ['wrong horse battery\r', '\r', '\x03', '\x04', `${PASSPHRASE}\x7f\r`, `${'x'.repeat(2000)}\r`]) {
    const done = play('agent', at, signArgs(at), [[PROMPT, typed]]);
    assert.equal(done.code, 20, done.shown);
    assert.ok(!existsSync(join(at.home, 'claim.sig')));
  }
  // Editing a line works as people expect.
  assert.equal(play('agent', at, signArgs(at), [[PROMPT, `x\x15${PASSPHRASE}é\x7f\r`]]).code, 0);
});

test('standard input is never asked, and no terminal means no signature', { skip }, (t) => {
  const at = stage(t, undefined);
  enrolAnn(at);
  const [node = '', ...args] = entryArgs(at, signArgs(at));
  const done = spawnSync('setsid', ['-w', node, ...args], {
    encoding: 'utf8',
    input: `${PASSPHRASE}\n`,
    uid: AGENT_UID,
    gid: AGENT_UID,
    env: { HOME: at.home, PATH: '/usr/bin:/bin' },
  });
  assert.equal(done.status, 20, done.stderr);
  assert.match(done.stderr, /no terminal at hand/);
  assert.ok(!existsSync(join(at.home, 'claim.sig')));
});

test('the terminal has its echo back after a kill', { skip }, (t) => {
  const at = stage(t, undefined);
  enrolAnn(at);
  const script = `${entryArgs(at, signArgs(at))
    .map((word) => `'${word}'`)
    .join(
      ' ',
    )} & child=$!; until stty -a < /dev/tty | grep -q -- ' -echo '; do sleep 0.1; done; kill -TERM $child; wait $child; stty -a < /dev/tty`;
  const job = {
    argv: ['/bin/bash', '-c', `set +m; fg_run() { ${script}; }; fg_run`],
    env: { HOME: at.home, PATH: '/usr/bin:/bin' },
    uid: null,
    dialogue: [],
  };
  const done = spawnSync('python3', [join(import.meta.dirname, 'person.py')], {
    input: JSON.stringify(job),
    encoding: 'utf8',
  });
  const shown = (JSON.parse(done.stdout) as { shown: string }).shown;
  assert.ok(shown.includes(PROMPT), shown);
  assert.match(shown, / echo /, shown);
  assert.match(shown, / icanon/, shown);
});

test('the agent cannot enrol: not by itself, not on a terminal of its own, not by another account', {
  skip,
}, async (t) => {
  for (const enrolled of [undefined, [makePerson('ann')]]) {
    const at = stage(t, enrolled);
    const key = join(at.home, 'agent.pub');
    writeFileSync(key, `${makePerson('agent').publicKeyText}\n`);
    const tries: readonly (readonly string[])[] = [
      ['people', 'add', 'agent', '--key', key],
      ['people', 'add', 'agent', '--generate'],
      ['people', 'add', 'ann', '--key', key],
      ['people', 'add', 'agent', '--key', key, '--account', 'root'],
      ['people', 'add', 'agent', '--key', key, '--signed-by', 'ann'],
      ['people', 'add', 'agent', '--key', key, '--signed-by', 'agent'],
      ['people', 'remove', 'ann'],
    ];
    const env = { SUDO_UID: '0', SUDO_USER: 'root', XDG_CONFIG_HOME: at.home, HOLDPOINT_REGISTRY: key, USER: 'root' };
    const before = enrolled === undefined ? '' : readFileSync(at.place.registryFile, 'utf8');
    for (const args of tries) {
      const played = play('agent', at, args, [['passphrase', 'a passphrase of mine\r']], env);
      assert.equal(played.code, 20, played.shown);
      assert.match(played.shown, /refused/);
    }
    const list = await peopleAt(at).list();
    if (enrolled === undefined) assert.equal(list.ok, false);
    else {
      assert.equal(readFileSync(at.place.registryFile, 'utf8'), before);
      assert.ok(list.ok && list.people.length === 1);
    }
    assert.ok(!existsSync(join(at.place.keys, 'agent.age')));
  }
});

test('the agent cannot write the registry, nor lead root to write elsewhere', { skip }, async (t) => {
  const at = stage(t, [makePerson('ann')]);
  const registry = at.place.registryFile;
  const before = readFileSync(registry, 'utf8');
  const own = join(at.home, 'own.json');
  writeFileSync(own, before.replaceAll('ann', 'agent'));
  chownSync(own, AGENT_UID, AGENT_UID);
  const people = join(at.folder, 'etc', 'people');
  for (const script of [
    `cat ${own} > ${registry}`,
    `cp ${own} ${registry}`,
    `mv ${own} ${registry}`,
    `ln -sf ${own} ${registry}`,
    `ln -f ${own} ${registry}`,
    `rm -f ${registry}`,
    `mv ${people} ${people}.old && mkdir ${people}`,
    `mv ${at.folder}/etc ${at.folder}/old && ln -s ${at.home} ${at.folder}/etc`,
    `chmod 666 ${registry}`,
    `chown ${AGENT_UID} ${registry}`,
    `touch ${people}/x`,
  ]) {
    assert.notEqual(runAs('agent', at, ['/bin/sh', '-c', script]).status, 0, script);
  }
  assert.equal(readFileSync(registry, 'utf8'), before);
  const list = await peopleAt(at).list();
  assert.ok(list.ok && list.people.length === 1);

  // A link where root is about to write the person's sealed key.
  const secret = join(at.folder, 'root-only');
  mkdirSync(secret, { mode: 0o700 });
  mkdirSync(join(at.home, '.config', 'holdpoint'), { recursive: true });
  for (const folder of ['.config', '.config/holdpoint']) chownSync(join(at.home, folder), AGENT_UID, AGENT_UID);
  symlinkSync(secret, at.place.keys);
  const done = play(
    'root',
    at,
    ['people', 'add', 'bob', '--generate'],
    [
      ['new passphrase', `${PASSPHRASE}\r`],
      ['type it again', `${PASSPHRASE}\r`],
    ],
  );
  assert.equal(done.code, 20, done.shown);
  assert.match(done.shown, /EACCES/);
  assert.ok(!existsSync(join(secret, 'bob.age')));
  assert.equal(readFileSync(registry, 'utf8'), before, 'bob was enrolled without a key');
});

test('a key in ssh-agent signs for the agent, and is reported as unproven', { skip }, async (t) => {
  const at = stage(t, undefined);
  const key = join(at.home, 'id_ed25519');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'a passphrase', '-f', key]);
  for (const file of [key, `${key}.pub`]) chownSync(file, AGENT_UID, AGENT_UID);
  const enrolled = runAs('root', at, entryArgs(at, ['people', 'add', 'ann', '--key', `${key}.pub`]));
  assert.equal(enrolled.status, 0, enrolled.stderr);
  assert.match(enrolled.stdout, /unproven/);
  assert.match(enrolled.stdout, /does not count for destructive approvals/);

  const socket = join(at.home, 'agent.sock');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], {
    uid: AGENT_UID,
    gid: AGENT_UID,
    env: { HOME: at.home, PATH: '/usr/bin:/bin' },
    stdio: 'ignore',
  });
  t.after(() => agent.kill());
  while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 20));
  const askpass = join(at.home, 'askpass');
  writeFileSync(askpass, '#!/bin/sh\necho a passphrase\n', { mode: 0o755 });
  const env = { SSH_AUTH_SOCK: socket, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' };
  const added = runAs('agent', at, ['ssh-add', key], env);
  assert.equal(added.status, 0, added.stderr);

  const message = join(at.home, 'message');
  writeFileSync(message, canonicalBytes(claimJson(claim)));
  chownSync(message, AGENT_UID, AGENT_UID);
  const signed = runAs(
    'agent',
    at,
    ['ssh-keygen', '-q', '-Y', 'sign', '-U', '-n', 'holdpoint', '-f', `${key}.pub`, message],
    env,
  );
  assert.equal(signed.status, 0, signed.stderr);
  assert.deepEqual(await checkSignature(at, readFileSync(`${message}.sig`, 'utf8')), {
    ok: true,
    signers: [{ name: 'ann', presence: 'unproven' }],
  });

  // The sign command gives ssh-keygen no way to that agent: with the private key gone it cannot sign.
  rmSync(key);
  const byPath = play('agent', at, [...signArgs(at), `${key}.pub`], [], env);
  assert.equal(byPath.code, 20, byPath.shown);
  assert.ok(!existsSync(join(at.home, 'claim.sig')));
});

test('a sealed key cannot be loaded into ssh-agent, and ssh-keygen cannot sign with it', { skip }, async (t) => {
  const at = stage(t, undefined);
  enrolAnn(at);
  const socket = join(at.home, 'agent.sock');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], {
    uid: AGENT_UID,
    gid: AGENT_UID,
    env: { HOME: at.home, PATH: '/usr/bin:/bin' },
    stdio: 'ignore',
  });
  t.after(() => agent.kill());
  while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 20));
  const askpass = join(at.home, 'askpass');
  // Even with the right passphrase.
  writeFileSync(askpass, `#!/bin/sh\necho '${PASSPHRASE}'\n`, { mode: 0o755 });
  const env = { SSH_AUTH_SOCK: socket, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' };
  const sealed = join(at.place.keys, 'ann.age');
  assert.notEqual(runAs('agent', at, ['ssh-add', sealed], env).status, 0);
  assert.notEqual(runAs('agent', at, ['ssh-add', '-L'], env).status, 0);
  assert.notEqual(
    runAs('agent', at, ['ssh-keygen', '-Y', 'sign', '-n', 'holdpoint', '-f', sealed, join(at.home, 'claim.json')], env)
      .status,
    0,
  );
  // Signing leaves nothing in the agent either.
  assert.equal(play('agent', at, signArgs(at), [[PROMPT, `${PASSPHRASE}\r`]], env).code, 0);
  assert.match(runAs('agent', at, ['ssh-add', '-L'], env).stdout, /no identities/);
});

test('an enrolled person can vouch for another by typing, and only so', { skip }, async (t) => {
  const at = stage(t, undefined);
  enrolAnn(at);
  const key = join(at.home, 'bob.pub');
  writeFileSync(key, `${makePerson('bob').publicKeyText}\n`);
  const args = ['people', 'add', 'bob', '--key', key, '--signed-by', 'ann'];
  const refused = play('agent', at, args, [[PROMPT, 'wrong horse battery\r']]);
  assert.equal(refused.code, 20, refused.shown);
  const before = await peopleAt(at).list();
  assert.ok(before.ok && before.people.length === 1);
  const done = play('agent', at, args, [[PROMPT, `${PASSPHRASE}\r`]]);
  assert.equal(done.code, 0, done.shown);
  assert.match(done.shown, /to sign: `bob` may approve/);
  const after = await peopleAt(at).list();
  assert.ok(after.ok);
  assert.deepEqual(
    after.people.map((one) => [one.name, one.keys[0]?.presence, one.keys[0]?.addedBy]),
    [
      ['ann', 'typed', 'root'],
      ['bob', 'unproven', 'ann'],
    ],
  );
});

test("a sealed key of the agent's own in the person's place signs, and does not count", { skip }, async (t) => {
  const at = stage(t, undefined);
  enrolAnn(at);
  const other = stage(t, undefined);
  enrolAnn(other);
  writeFileSync(join(at.place.keys, 'ann.age'), readFileSync(join(other.place.keys, 'ann.age')));
  assert.equal(play('agent', at, signArgs(at), [[PROMPT, `${PASSPHRASE}\r`]]).code, 0);
  const check = await checkSignature(at, readFileSync(join(at.home, 'claim.sig'), 'utf8'));
  assert.ok(!check.ok);
  assert.match(check.why, /not enrolled/);
});

test('root below an agent does not enrol, whether a variable or a process above tells', { skip }, (t) => {
  const at = stage(t, undefined, true);
  const key = join(at.home, 'agent.pub');
  writeFileSync(key, `${makePerson('agent').publicKeyText}\n`);
  const args = ['people', 'add', 'agent', '--key', key];
  for (const name of ['CLAUDECODE', 'CURSOR_TRACE_ID', 'CODEX_SANDBOX']) {
    const done = runAs('root', at, entryArgs(at, args), { [name]: '1' });
    assert.equal(done.status, 20, name);
    assert.match(done.stderr, new RegExp(`agent seems to be at work here \\(\`${name}\``));
  }
  // The variable is gone from the process itself, not from the shell that started it.
  const quoted = entryArgs(at, args)
    .map((word) => `'${word}'`)
    .join(' ');
  const above = runAs('root', at, ['/bin/sh', '-c', `env -i PATH=/usr/bin:/bin HOME=${at.home} ${quoted}; exit $?`], {
    CLAUDECODE: '1',
  });
  assert.equal(above.status, 20);
  assert.match(above.stderr, /above this one has `CLAUDECODE` set/);
  assert.ok(!existsSync(at.place.registryFile));
});
