import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../../../src/apps/cli/client.ts';
import type { BeginAnswer, HoldView } from '../../../src/apps/daemon/service.ts';
import { encodeHookRequest, parseReply } from '../../../src/protocols/hooks/wire.ts';
import { type FakePerson, makePerson } from '../../fakes/people.ts';
import { skipUnless } from '../../platform.ts';
import {
  demand,
  exchange,
  holdpoint,
  makePlace,
  type Place,
  type RunningDaemon,
  receiptsOf,
  spawnDaemon,
  startDaemon,
} from './place.ts';

const ROUNDS = 12;

/** What the daemon promised before it died. Everything here has to hold after the next start. */
interface Promised {
  /** Commands that a client was told to run. */
  readonly released: Set<string>;
  readonly open: Map<string, string>;
  readonly approved: Map<string, string>;
  readonly consumed: Map<string, string>;
  /** Of those consumed, the ones that were tried a second time. */
  readonly spent: Set<string>;
  /** Hook calls that were let through. */
  readonly passed: Set<string>;
}

describe('kill -9 of the daemon', { skip: skipUnless('unix') }, () => {
  const ann = makePerson('ann');
  let place: Place;
  before(() => {
    place = makePlace({ people: [ann] });
  });
  after(() => place.remove());

  test(`${ROUNDS} times under load: nothing unrecorded, nothing twice, nothing lost`, {
    timeout: 480_000,
  }, async () => {
    const promised: Promised = {
      released: new Set(),
      open: new Map(),
      approved: new Map(),
      consumed: new Map(),
      passed: new Set(),
      spent: new Set(),
    };
    const canary = path.join(place.work, 'canary.txt');
    writeFileSync(canary, '');
    let daemon: RunningDaemon = await startDaemon(place, 'people');
    for (let round = 0; round < ROUNDS; round += 1) {
      const stop = new AbortController();
      const load = [
        ...[0, 1].map((lane) => hookLane(place, `r${round}-${lane}`, promised, stop.signal)),
        ...[0, 1].map((lane) => execLane(place, `r${round}-${lane}`, canary, promised, stop.signal)),
        ...(['open', 'approve', 'consume'] as const).map((until) =>
          approvalLane(place, ann, `r${round}`, until, promised, stop.signal),
        ),
        realExec(place, `r${round}-real`, canary, stop.signal),
      ];
      const before = progressOf(promised);
      for (let tries = 0; progressOf(promised) === before && tries < 100; tries += 1) await sleep(20);
      await sleep(Math.random() * 400);
      await daemon.kill();
      assert.equal(daemon.child.signalCode, 'SIGKILL', daemon.words());
      stop.abort();
      await Promise.all(load);
      if (round % 6 === 5) {
        // A start can be cut short too.
        const cut = spawnDaemon(place, 'people');
        await sleep(Math.random() * 600);
        await cut.kill();
      }
      if (round % 4 === 3) await (await startDaemon(place, 'shipped')).kill();
      // The one that is checked is the next to die.
      daemon = await checkPromises(place, canary, promised);
    }
    await daemon.stop();
    assert.ok(promised.spent.size > 0 && promised.passed.size > 0 && promised.open.size > 0, 'the load did nothing');
  });
});

/** Grows with each approval that was spent, the longest way there is. */
function progressOf(promised: Promised): number {
  return promised.consumed.size;
}

/** The hook door: harmless calls, each let through only with its intent on the way to the record. */
async function hookLane(place: Place, name: string, promised: Promised, signal: AbortSignal): Promise<void> {
  for (let n = 0; !signal.aborted; n += 1) {
    const command = `touch ${name}-hook-${n}`;
    const payload = {
      session_id: 's',
      transcript_path: '/t',
      cwd: place.work,
      permission_mode: 'default',
      hook_event_name: 'PreToolUse',
      tool_name: 'Bash',
      tool_use_id: `${name}-${n}`,
      tool_input: { command },
    };
    const bytes = encodeHookRequest('claude-code', Buffer.from(JSON.stringify(payload)));
    const reply = parseReply((await exchange(place.paths.socket, [bytes])).text);
    if (reply?.exitCode === 0 && !reply.stdout.includes('"deny"')) promised.passed.add(command);
    if (reply === undefined) await sleep(20);
  }
}

const begin = (place: Place, command: string) => ({
  op: 'begin',
  command,
  cwd: place.work,
  // One task has room for a hundred open holds; each command is a task of its own, the same at its repeat.
  origin: { agent: 'test', task: `kill ${command}`, workspace: place.work },
});

/** What `exec` does, without the cost of a process: begins, runs, reports now and then. */
async function execLane(
  place: Place,
  name: string,
  canary: string,
  promised: Promised,
  signal: AbortSignal,
): Promise<void> {
  for (let n = 0; !signal.aborted; n += 1) {
    const command = `touch ${name}-exec-${n}`;
    const reply = await ask(place.paths, begin(place, command));
    if (!reply.ok) {
      await sleep(20);
      continue;
    }
    const answer = reply.answer as BeginAnswer;
    assert.equal(answer.kind, 'release', JSON.stringify(answer));
    promised.released.add(command);
    writeFileSync(canary, `${command}\n`, { flag: 'a' });
    if (n % 2 === 0)
      await ask(place.paths, { op: 'outcome', report: answer.report, outcome: 'done', detail: { exitCode: 0 } });
  }
}

/** The real client as a process, which may lose its daemon at any step. */
async function realExec(place: Place, name: string, canary: string, signal: AbortSignal): Promise<void> {
  for (let n = 0; !signal.aborted; n += 1) {
    const done = await holdpoint(place, ['exec', '--', `echo ${name}-${n} >> '${canary}'`]);
    assert.ok([0, 1, 20, 69].includes(done.code ?? -1), `${done.code} ${done.err}`);
  }
}

/** Holds that stay open, holds that are approved, approvals that are spent. */
async function approvalLane(
  place: Place,
  person: FakePerson,
  name: string,
  until: 'open' | 'approve' | 'consume',
  promised: Promised,
  signal: AbortSignal,
): Promise<void> {
  for (let n = 0; !signal.aborted; n += 1) {
    const file = `${name}-${until}-${n}`;
    const command = `rm ${file}`;
    writeFileSync(path.join(place.work, file), 'precious');
    const held = await ask(place.paths, begin(place, command));
    const hold = held.ok ? (held.answer as { hold?: HoldView }).hold : undefined;
    if (hold === undefined) {
      await sleep(20);
      continue;
    }
    promised.open.set(hold.id, command);
    if (until === 'open') continue;
    const signatures = [person.signStatement(hold.claim)];
    // From here on the hold may be approved, whether or not the answer comes.
    promised.open.delete(hold.id);
    const approved = await ask(place.paths, { op: 'approve', id: hold.id, signatures });
    if (!approved.ok) continue;
    promised.approved.set(hold.id, command);
    if (until === 'approve') continue;
    promised.approved.delete(hold.id);
    const released = await ask(place.paths, begin(place, command));
    if (released.ok && (released.answer as BeginAnswer).kind === 'release') {
      promised.released.add(command);
      promised.consumed.set(hold.id, command);
    }
  }
}

async function checkPromises(place: Place, canary: string, promised: Promised): Promise<RunningDaemon> {
  const audit = await holdpoint(place, ['verify-log']);
  // A kill before the first record leaves nothing to audit.
  if (existsSync(path.join(place.paths.state, 'ledger/ledger.db')))
    assert.equal(audit.code, 0, `${audit.out}${audit.err}`);
  const daemon = await startDaemon(place, 'people');
  const receipts = await receiptsOf(place);
  const intents = receipts.filter((one) => one.kind === 'intent');
  const recorded = new Set(intents.map((one) => one.payload?.action?.text));
  for (const command of [...promised.released, ...promised.passed])
    assert.ok(recorded.has(command), `\`${command}\` was let through without an intent`);
  for (const line of readFileSync(canary, 'utf8').trimEnd().split('\n')) {
    const known = line.startsWith('touch ') ? recorded.has(line) : recorded.has(`echo ${line} >> '${canary}'`);
    assert.ok(line === '' || known, `\`${line}\` ran without an intent`);
  }
  const holds = (await demand(place, { op: 'holds', all: false })).holds as readonly HoldView[];
  const states = new Map(holds.map((hold) => [hold.id, hold.state]));
  for (const [id, command] of promised.open) assert.equal(states.get(id), 'open', `${id} of \`${command}\``);
  for (const [id, command] of promised.approved) assert.equal(states.get(id), 'approved', `${id} of \`${command}\``);
  for (const [id, command] of promised.consumed) {
    const { hold } = (await demand(place, { op: 'show', id })) as unknown as { hold: HoldView };
    assert.equal(hold.state, 'consumed');
    const again = (await demand(place, begin(place, command))).answer as BeginAnswer;
    assert.equal(again.kind, 'refused', `\`${command}\` ran twice with one approval`);
    promised.consumed.delete(id);
    promised.spent.add(id);
  }
  // What was begun and never ended is said, not retried.
  const ended = new Set(receipts.flatMap((one) => (one.kind === 'outcome' ? [one.intent] : [])));
  const unfinished = intents.filter((one) => !ended.has(one.index)).length;
  const { status } = (await demand(place, { op: 'status' })) as unknown as { status: { unknownAtStart: number } };
  assert.equal(status.unknownAtStart, unfinished);
  return daemon;
}
