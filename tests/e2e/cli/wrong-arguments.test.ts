import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { HELP, helpFor } from '../../../src/apps/cli/help.ts';
import type { Io } from '../../../src/apps/cli/io.ts';
import { main } from '../../../src/apps/cli/main.ts';
import { verifyLogCommand } from '../../../src/apps/verify-log/command.ts';
import { skipUnless } from '../../platform.ts';
import { holdpoint, makePlace, type Place, type RunningDaemon, startDaemon } from '../daemon/place.ts';

/** Wrong words, and what the one line must name. Nothing of these may reach a daemon: there is none. */
const USAGE: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [['bogus'], /no command `bogus`.*holdpoint help/],
  [['--bogus'], /no command `--bogus`/],
  [[''], /no command ``/],
  [['help', 'bogus'], /no command `bogus`/],
  [['check'], /one argument/],
  [['check', '--bogus', 'ls'], /`--bogus`/],
  [['check', 'ls', 'extra'], /one argument/],
  [['check', '--kind'], /`--kind` takes/],
  [['check', '--kind', 'bogus', 'ls'], /unknown kind `bogus`; known are shell, sql/],
  [['check', '--dialect'], /`--dialect` takes/],
  [['check', '--dialect', 'nonsense', 'ls'], /unknown dialect `nonsense` of shell/],
  [['check', '--kind', 'sql', '--dialect', 'bash', 'select 1'], /unknown dialect `bash` of sql/],
  [['check', '--kind', 'http', '--dialect', 'sql', '{}'], /not for http/],
  [['check', '--cwd'], /`--cwd` takes/],
  [['check', '--cwd', '/nonexistent', 'ls'], /no folder `\/nonexistent`/],
  [['check', '--kind', 'http', 'no object'], /is an object/],
  [['check', '--batch', 'ls'], /`--batch` reads everything from standard input/],
  [['check', '--json', '--batch'], /`--batch`/],
  [['explain'], /holdpoint explain 'rm -rf build'/],
  [['explain', '--kind'], /`--kind` takes.*holdpoint help explain/],
  [['audit', '--bogus'], /unknown argument `--bogus`/],
  [['audit', '--agent', 'eliza'], /known: claude-code/],
  [['audit', '--since', 'yesterday'], /30d/],
  [['audit', '--limit'], /`--limit` needs a value/],
  [['reopen', '--task'], /holdpoint reopen h-abcd2345/],
  [['ask'], /--because/],
  [['ask', '--bogus'], /--because/],
  [['ask', '--because'], /--because/],
  [['ask', '--because', 'why'], /-- COMMAND/],
  [['ask', '--because', 'why', '--'], /-- COMMAND/],
  [['ask', '--', 'ls'], /--because/],
  [['exec'], /after `--`/],
  [['exec', '--'], /after `--`/],
  [['exec', '--bogus'], /`--bogus`/],
  [['exec', 'h-aaaaaaaa'], /`h-aaaaaaaa`/],
  [['exec', '--preapproval'], /`--preapproval`/],
  [['exec', '--preapproval', '/nonexistent', '--', 'ls'], /cannot read `\/nonexistent`/],
  [['run'], /-- PROGRAM/],
  [['run', '--'], /-- PROGRAM/],
  [['run', '--bogus'], /-- PROGRAM/],
  [['run', '--task'], /-- PROGRAM/],
  [['holds', '--bogus'], /`--bogus`/],
  [['holds', 'extra'], /`extra`/],
  [['show'], /give one hold/],
  [['show', 'nonsense'], /give one hold/],
  [['show', 'h-aaaaaaaa', 'h-bbbbbbbb'], /give one hold/],
  [['show', '--bogus'], /give one hold/],
  [['approve'], /which hold/],
  [['approve', 'nonsense'], /`nonsense`/],
  [['approve', '--bogus'], /`--bogus`/],
  [['approve', 'h-aaaaaaaa', '--key'], /`--key` takes a name or a file/],
  [['approve', 'h-aaaaaaaa', '--signature'], /`--signature` takes a file/],
  [['deny'], /--say/],
  [['deny', 'nonsense'], /--say/],
  [['deny', 'h-aaaaaaaa', '--say'], /--say/],
  [['deny', 'h-aaaaaaaa', '--say', 'a', 'b'], /--say/],
  [['deny', 'h-aaaaaaaa', '--bogus'], /--say/],
  [['reopen'], /holdpoint reopen h-abcd2345/],
  [['reopen', '--bogus'], /holdpoint reopen h-abcd2345/],
  [['reopen', 'h-aaaaaaaa', '--key'], /--key/],
  [['preapprove'], /`--commit` takes a full commit hash/],
  [['preapprove', '--bogus'], /`--bogus`/],
  [['preapprove', '--commit'], /`--commit` takes one value/],
  [['preapprove', '--commit', 'abc', '--job', 'j', '--because', 'x', '--', 'ls'], /full commit hash/],
  [['preapprove', '--commit', 'a'.repeat(40), '--', 'ls'], /`--job`, `--because` and a command/],
  [['preapprove', '--commit', 'a'.repeat(40), '--job', 'j', '--because', 'x'], /a command after `--`/],
  [['preapprove', '--commit', 'a'.repeat(40), '--job', 'j', '--because', 'x', '--uses', '0', '--', 'ls'], /1 to 1000/],
  [['preapprove', '--commit', 'a'.repeat(40), '--job', 'j', '--because', 'x', '--for', 'long', '--', 'ls'], /`30m`/],
  [['people'], /`list`/],
  [['people', 'bogus'], /`list`/],
  [['people', 'list', 'extra'], /`list`/],
  [['people', 'list', '--bogus'], /`list`/],
  [['people', 'add'], /`list`/],
  [['people', 'add', 'ada'], /--generate/],
  [['people', 'add', 'ada', '--key'], /--key FILE/],
  [['people', 'add', 'ada', '--key', '/nonexistent'], /cannot read `\/nonexistent`/],
  [['people', 'add', 'ada', '--generate', '--key', 'x'], /--generate/],
  [['people', 'remove'], /remove NAME/],
  [['up', '--bogus'], /`--foreground`/],
  [['up', 'extra'], /`extra`/],
  [['status', '--bogus'], /`--bogus`/],
  [['status', 'extra'], /`extra`/],
  [['down', '--bogus'], /`--bogus`/],
  [['down', 'extra'], /`extra`/],
  [['log', '--bogus'], /`--bogus`/],
  [['log', 'extra'], /`extra`/],
  [['log', '--kind'], /refusal, intent or outcome/],
  [['log', '--kind', 'bogus'], /refusal, intent or outcome/],
  [['log', '--limit'], /a number/],
  [['log', '--limit', '0'], /a number/],
  [['log', '--limit', '-1'], /a number/],
  [['log', '--since'], /`2h`/],
  [['log', '--since', 'soon'], /`2h`/],
  [['log', 'checkpoint', 'extra'], /no arguments/],
  [['log', 'erase'], /erase INDEX/],
  [['log', 'erase', 'x'], /erase INDEX/],
  [['log', 'erase', '1', '--key'], /erase INDEX/],
  [['undo', 'nonsense'], /no copy `nonsense`/],
  [['undo', '--to'], /`--to`/],
  [['undo', '--bogus'], /`--bogus`/],
  [['verify-log', '--bogus'], /`?--bogus/],
  [['verify-log', '--key'], /--key/],
  [['verify-log', '--checkpoint'], /--checkpoint/],
  [['verify-log', '/a', '/b'], /one ledger/],
  [['init', 'extra'], /`extra`/],
  [['init', '--bogus'], /`--bogus`/],
  [['init', '--agent'], /claude-code or cursor/],
  [['init', '--agent', 'bogus'], /`bogus`; known are claude-code, cursor/],
  [['init', '--project', '--managed'], /exclude each other/],
  [['init', '--managed-only'], /needs `--managed`/],
  [['init', '--system'], /--agent-user NAME/],
  [['init', '--system', '--bogus'], /--agent-user NAME|`--bogus`/],
  [['enforce', '--bogus'], /`--bogus`/],
  [['enforce', 'extra'], /`extra`/],
  [['uninstall', '--bogus'], /`--bogus`/],
  [['uninstall', '--purge'], /`--purge`/],
  [['uninstall', '--system', '--bogus'], /--purge|`--bogus`/],
  [['init', '--preset'], /solo, team, regulated/],
  [['init', '--preset', 'bogus'], /unknown preset `bogus`/],
  [['except'], /--because TEXT/],
  [['except', '--bogus'], /`--bogus`/],
  [['except', '--rule', 'r', '--because', 'x'], /--workspace DIR/],
  [['except', 'end'], /except end ID/],
  [['except', 'list', 'extra'], /except list/],
  [['map', '--bogus'], /`--bogus`/],
  [['map', 'bogus'], /map show TARGET/],
  [['map', 'show'], /map show TARGET/],
  [['map', 'add', 'postgres-data', '--environment', 'production'], /railway\/volume\/ID/],
  [['map', 'add', 'railway/volume/postgres-data', '--environment', 'production'], /is not an id of Railway/],
  [['map', 'set', 'github/repository/7', '--environment', 'prod'], /production, staging, development, throwaway/],
  [['map', 'set', 'github/repository/7'], /`--environment` takes/],
  [['map', 'add', 'github/repository/7', '--environment', 'staging', '--note', ''], /`--note` takes/],
  [['map', 'remove'], /map remove TARGET/],
  [['map', 'remove', 'postgres/server/u:p@db'], /no user and no password/],
  [['policy'], /one of check, test/],
  [['policy', 'bogus'], /no command `bogus`/],
  [['policy', 'check', '--bogus'], /`--bogus`.*--help/],
  [['policy', 'test', '--threshold'], /`--threshold` takes/],
  [['policy', 'eval'], /the query/],
  [['policy', 'eval', 'input', '--explain', 'loud'], /notes, fails/],
  [['policy', 'fmt', '--bogus'], /`--bogus`/],
  [['policy', 'build'], /a path/],
  [['policy', 'try'], /a draft/],
  [['policy', 'try', 'x', '--since', 'soon'], /`7d`/],
  [['policy', 'decisions', '--since', 'soon'], /`7d`/],
  [['policy', 'pin', '--bogus'], /`--bogus`/],
  [['policy', 'unpin', '--bogus'], /`--bogus`/],
  [['policy', 'session'], /add FILE/],
  [['policy', 'session', 'add'], /add FILE/],
  [['policy', 'session', 'drop'], /drop ID/],
  [['policy', 'show', '--bogus'], /`--bogus`/],
  [['policy', 'reload', 'extra'], /`extra`/],
  [['apis', '--bogus'], /`--bogus`/],
  [['apis', 'extra'], /`extra`/],
  [['replay'], /replay pocketos/],
  [['replay', 'bogus'], /replay pocketos/],
  [['replay', 'pocketos', '--agent'], /claude\|scripted/],
  [['replay', 'pocketos', '--agent', 'bogus'], /claude\|scripted/],
  [['replay', 'pocketos', '--bogus'], /replay pocketos/],
];

/** What needs a daemon says that there is none, and how to start it. */
const NEED_DAEMON: readonly (readonly string[])[] = [
  ['holds'],
  ['show', 'h-aaaaaaaa'],
  ['approve', 'h-aaaaaaaa'],
  ['deny', 'h-aaaaaaaa'],
  ['reopen', 'h-aaaaaaaa'],
  ['log'],
  ['log', 'checkpoint'],
  ['exec', '--', 'ls'],
  ['exec', 'h-aaaaaaaa', '--ticket', 'x'],
  ['ask', '--because', 'why', '--', 'ls'],
  ['run', '--', 'true'],
  ['except', 'list'],
  ['policy', 'show'],
  ['policy', 'reload'],
  ['policy', 'session', 'list'],
];

/** Ids that are well formed and unknown. */
const UNKNOWN: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
  [['show', 'h-aaaaaaaa'], 1, /no hold `h-aaaaaaaa`; `holdpoint holds --all` lists them/],
  [['approve', 'h-aaaaaaaa'], 1, /no hold `h-aaaaaaaa`/],
  [['deny', 'h-aaaaaaaa', '--say', 'no'], 1, /no hold `h-aaaaaaaa`/],
  [['reopen', 'h-aaaaaaaa'], 1, /no hold `h-aaaaaaaa`/],
  [['exec', 'h-aaaaaaaa', '--ticket', 'a'.repeat(64)], 1, /repeat the original call/],
  [['log', 'erase', '999'], 64, /no record 999/],
];

const NAMES = [...HELP.matchAll(/(?:^ {4}|\s{2,})([a-z][a-z-]+)(?:, ([a-z]+))?(?: ID)? {2,}/gm)].flatMap((match) =>
  match.slice(1).filter((name) => name !== undefined),
);

describe('wrong arguments', { skip: skipUnless('unix') }, () => {
  let home: string;

  before(() => {
    home = mkdtempSync(path.join(tmpdir(), 'hp-args-'));
  });
  after(() => rmSync(home, { recursive: true, force: true }));

  async function call(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    let out = '';
    let err = '';
    const io: Io = {
      env: { HOME: home, PATH: process.env.PATH, XDG_RUNTIME_DIR: path.join(home, 'run') },
      cwd: home,
      stdin: Readable.from([]),
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      interactive: false,
      outIsTerminal: false,
    };
    const code = await main(args, io);
    return { code, out, err };
  }

  test('the table names every command that help names', () => {
    assert.ok(NAMES.length >= 20, NAMES.join(' '));
    const inTable = new Set(USAGE.map(([[name]]) => name));
    for (const name of NAMES) {
      assert.notEqual(helpFor(name), undefined, `no help for \`${name}\``);
      assert.ok(inTable.has(name), `no wrong arguments for \`${name}\``);
    }
  });

  test('without a command the overview comes, and a failure', async () => {
    assert.deepEqual(await call([]), { code: 64, out: '', err: HELP });
  });

  for (const [args, says] of USAGE)
    test(`holdpoint ${args.join(' ')}`, async () => {
      const { code, out, err } = await call(args);
      assert.equal(code, 64, err);
      assert.equal(out, '');
      assert.match(err, says);
      assert.match(err, /^holdpoint\b[^\n]{1,300}\n$/, 'one line that names the program');
    });

  for (const args of NEED_DAEMON)
    test(`holdpoint ${args.join(' ')}, without a daemon`, async () => {
      const { code, err } = await call(args);
      assert.equal(code, 69, err);
      assert.match(err, /^holdpoint: the daemon does not run; start it with `holdpoint up`\n$/);
    });

  test('the auditor by itself answers the same way', () => {
    for (const args of [[], ['--bogus'], ['/a', '/b'], ['--key']]) {
      let [out, err] = ['', ''];
      const code = verifyLogCommand(
        args,
        (text) => {
          out += text;
        },
        (text) => {
          err += text;
        },
      );
      assert.deepEqual([code, out], [64, '']);
      assert.match(err, /^holdpoint-verify-log: [^\n]{1,200}\n$/);
    }
  });

  test('each command has help, by either spelling, and help wins over wrong words', async () => {
    for (const name of NAMES) {
      const help = await call(['help', name]);
      assert.equal(help.code, 0);
      assert.match(help.out, new RegExp(`^holdpoint ${name}\\b`));
      assert.deepEqual(await call([name, '--help']), help);
      assert.deepEqual(await call([name, '--bogus', '-h']), help);
    }
  });

  describe('with a daemon', () => {
    let place: Place;
    let daemon: RunningDaemon;
    before(async () => {
      place = makePlace();
      daemon = await startDaemon(place);
    });
    after(async () => {
      await daemon.stop();
      place.remove();
    });
    for (const [args, code, says] of UNKNOWN)
      test(`holdpoint ${args.join(' ').slice(0, 40)}, which is unknown`, async () => {
        const result = await holdpoint(place, args);
        assert.equal(result.code, code, result.err);
        assert.match(result.err, says);
        assert.match(result.err, /^[^\n]+\n$/);
      });
  });
});
