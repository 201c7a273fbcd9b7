import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json } from '../../core/canonical-json.ts';
import { POLICY_ERROR } from '../../core/exception.ts';
import { visibleText } from '../../core/visible-text.ts';
import type { ReceiptRecord } from '../../ports/store.ts';
import { documentOptions } from '../described-documents.ts';
import { ownSurroundings } from '../judge.ts';
import { findPaths } from '../paths.ts';
import { verifyLogCommand } from '../verify-log/command.ts';
import {
  decisionsDir,
  faultOfDump,
  hookClientBundle,
  ledgerDir,
  listDumps,
  listSafeguards,
  makeSystemClock,
  openApiDocuments,
  openCertificates,
  openEngine,
  openJudge,
  openPeopleTools,
  openPolicyTools,
  openTranscripts,
  policyDocumentOf,
  readDecisions,
  restoreSafeguard,
  runShellAction,
  workspaceOf,
} from '../wire.ts';
import { runApis } from './apis.ts';
import { runAudit } from './audit.ts';
import { type CheckDeps, REHEARSE, runCheck } from './check.ts';
import { runBatch } from './check-batch.ts';
import { ask } from './client.ts';
import { runEnforce } from './enforce.ts';
import { runExcept } from './except.ts';
import { type ExecDeps, runAsk, runExec } from './exec.ts';
import { runExplain } from './explain.ts';
import { runApprove, runDeny, runHolds, runShow, usage } from './holds.ts';
import { hookFiles, runInit } from './init.ts';
import { findTools } from './install/probe.ts';
import { readMode, readRehearse } from './install/record.ts';
import {
  findUserSystemd,
  installUserUnits,
  removeUserUnits,
  stopUserUnits,
  type UserSystemd,
} from './install/user-units.ts';
import type { Io } from './io.ts';
import { runLog } from './log.ts';
import { runMap } from './map.ts';
import { runReopen } from './order.ts';
import { runPeople } from './people.ts';
import { runPolicy } from './policy/policy.ts';
import { runPreapprove } from './preapprove.ts';
import { runRun } from './run.ts';
import { findKey, type Signed, signStatement } from './sign-claim.ts';
import { runSystemInit } from './system/init-system.ts';
import { runSystemUninstall } from './system/uninstall-system.ts';
import { openTerminal } from './terminal.ts';
import { runUndo } from './undo.ts';
import { runUninstall } from './uninstall.ts';
import { runDown, runStatus, runUp, type UpDeps } from './up.ts';

const SYSTEM_STANDS =
  'works for the whole machine here: `sudo holdpoint init --system …` and `sudo holdpoint uninstall --system` change it';
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';
const SMALL_FILE_BYTES = 64 * 1024;

/** Every command by its name, with what it needs from the real world. */
export async function runCommand(name: string, args: readonly string[], io: Io, version: string): Promise<number> {
  const paths = findPaths(io.env);
  const self = selfCommand();
  const [node = process.execPath] = self;
  const systemd = findUserSystemd(io.env, paths);

  const judgeDeps = async (rehearse = false): Promise<CheckDeps & { close(): Promise<void> }> => ({
    ...(await openJudge(
      paths,
      (line) => io.err(`holdpoint: note: ${visibleText(line)}\n`),
      rehearse
        ? {
            home: io.env.HOME ?? homedir(),
            path: io.env.PATH ?? DEFAULT_PATH,
            hidden: [paths.state, paths.config, paths.runtime],
          }
        : undefined,
      ownSurroundings(io.env),
    )),
    workspaceOf,
    person: userInfo().username,
  });
  const withJudge = async (run: (deps: CheckDeps) => Promise<number>, rehearse = false): Promise<number> => {
    const deps = await judgeDeps(rehearse);
    try {
      return await run(deps);
    } finally {
      await deps.close();
    }
  };
  const execDeps: ExecDeps = { paths, workspaceOf, runShell: (run) => runShellAction(run), readFile, ciIdentity };
  const up: UpDeps = {
    paths,
    self,
    ...(systemd === undefined ? {} : { stopUnits: () => stopUserUnits(systemd) }),
    serve: async () => {
      const opened = await openEngine({
        paths,
        home: paths.system?.agent.home ?? io.env.HOME ?? homedir(),
        person: paths.system?.person.name ?? userInfo().username,
        version,
        execCommand: [...self, 'exec', '--socket', paths.socket],
        mode: () => readMode(paths.config),
        // Under the daemon's own account a view of the agent's files would not be the agent's.
        ...(paths.trust === 'advisory' && readRehearse(paths.config) ? { rehearse: { path: DEFAULT_PATH } } : {}),
      });
      if (!opened.ok) return opened;
      const { daemon, policy } = opened.engine;
      return { ok: true, ended: daemon.ended, close: daemon.close, reload: () => void policy.reload() };
    },
  };
  const holds = {
    paths,
    readFile,
    signClaim: (hold: { readonly claim: Json }, key: string | undefined) =>
      sign(hold.claim as { readonly [key: string]: Json }, key),
  };

  async function sign(statement: { readonly [key: string]: Json }, key: string | undefined): Promise<Signed> {
    const opened = await openPeopleTools({ env: io.env, stateDirOf: () => paths.state });
    if (!opened.ok) return opened;
    const { people, sealedKeys } = opened.tools;
    const found = await findKey(key, io.cwd, people, sealedKeys);
    return found.ok ? signStatement(statement, found.choice, { sealedKeys, openTerminal, env: io.env }) : found;
  }

  async function installUnits(unitsOf: UserSystemd): Promise<string> {
    const running = (await ask(paths, { op: 'status' })).ok;
    return installUserUnits(unitsOf, {
      socket: paths.socket,
      command: [...self, 'up', '--foreground'],
      path: io.env.PATH ?? '/usr/bin:/bin',
      running,
    });
  }

  switch (name) {
    case 'check':
      return withJudge(
        (deps) => (args.length === 1 && args[0] === '--batch' ? runBatch(io, deps) : runCheck(args, io, deps)),
        args.includes(REHEARSE),
      );
    case 'explain': {
      const { allReaders } = await import('../readers.ts');
      const read = await allReaders();
      return withJudge((deps) => runExplain(args, io, { ...deps, read }));
    }
    case 'audit': {
      const home = io.env.HOME ?? homedir();
      const transcripts = openTranscripts({ home, env: io.env });
      return withJudge((deps) => runAudit(args, io, { ...deps, transcripts, home, nowMs: Date.now }));
    }
    case 'ask':
      return runAsk(args, io, execDeps);
    case 'exec':
      return runExec(args, io, execDeps);
    case 'run':
      return runRun(args, io, { paths, workspaceOf });
    case 'holds':
      return runHolds(args, io, holds);
    case 'show':
      return runShow(args, io, holds);
    case 'approve':
      return runApprove(args, io, holds);
    case 'deny':
      return runDeny(args, io, holds);
    case 'preapprove':
      return withJudge((deps) => runPreapprove(args, io, { ...deps, sign, nowMs: Date.now }));
    case 'people':
      return runPeople(args, io, {
        open: (account) =>
          openPeopleTools({
            env: io.env,
            stateDirOf: (owner) => findPaths({ HOME: owner.home }, owner.uid).state,
            ...(account === undefined ? {} : { account }),
          }),
        openTerminal,
        readFile,
        nowMs: Date.now,
        ...(paths.trust === 'system' ? { daemonUid: paths.ownerUid } : {}),
      });
    case 'up':
      return runUp(args, io, up);
    case 'status':
      return runStatus(args, io, up);
    case 'down':
      return runDown(args, io, up);
    case 'log':
      return runLog(args, io, { paths, sign, nowMs: Date.now });
    case 'except':
      return runExcept(args, io, { paths, sign, nowMs: Date.now, workspaceOf });
    case 'map':
      return runMap(args, io, { paths, sign, nowMs: Date.now });
    case 'policy':
      return runPolicy(args, io, {
        paths,
        sign,
        version,
        openTools: () => openPolicyTools(paths.state),
        openJudge: () => judgeDeps(),
        documentOf: policyDocumentOf,
        workspaceOf,
        readDecisions: () => readDecisions(decisionsDir(paths.state)),
        nowMs: Date.now,
      });
    case 'reopen':
      return runReopen(args, io, { paths, sign, nowMs: Date.now });
    case 'apis':
      return runApis(args, io, openApiDocuments(documentOptions(paths, makeSystemClock())));
    case 'undo':
      return runUndo(args, io, {
        list: () => listSafeguards(path.join(paths.state, 'safeguards')),
        dumps: () => listDumps(path.join(paths.state, 'safeguards')),
        faultOfDump,
        restore: restoreSafeguard,
      });
    case 'verify-log':
      return verifyLogCommand(
        args.length === 0 || args[0]?.startsWith('--') === true ? [ledgerDir(paths.state), ...args] : args,
        io.out,
        io.err,
      );
    case 'init':
      if (args.includes('--system')) return runSystemInit(args, io, { nowMs: Date.now(), findTools });
      if (paths.trust === 'system') return usage(io, SYSTEM_STANDS);
      return runInit(args, io, {
        paths,
        places: {
          home: io.env.HOME ?? homedir(),
          project: io.cwd,
          managedFile: '/etc/claude-code/managed-settings.json',
        },
        node,
        clientBundle: hookClientBundle(),
        start: [...self, 'up'],
        ...(systemd === undefined ? {} : { installUnits: () => installUnits(systemd) }),
        reloadPolicy: () => ask(paths, { op: 'policy-reload' }),
        nowMs: Date.now(),
        findTools,
      });
    case 'enforce':
      return runEnforce(args, io, { paths, shadowReport: () => shadowReport() });
    case 'uninstall':
      if (args.includes('--system')) return runSystemUninstall(args, io);
      if (paths.trust === 'system') return usage(io, SYSTEM_STANDS);
      return runUninstall(args, io, {
        paths,
        ...(systemd === undefined ? {} : { removeUnits: () => removeUserUnits(systemd) }),
      });
    case 'replay': {
      const { runReplay } = await import('../replay/replay.ts');
      return runReplay(args, io, {
        openEngine,
        openCertificates: (directory) => openCertificates({ directory, clock: makeSystemClock() }),
        installHook: async (replayPaths, home, project) => {
          const quiet: Io = { ...io, out: () => undefined, env: {}, interactive: false };
          const deps = {
            paths: replayPaths,
            places: { home, project, managedFile: path.join(home, 'none') },
            node,
            clientBundle: hookClientBundle(),
            nowMs: Date.now(),
            findTools,
          };
          const installed = await runInit(['--agent', 'claude-code', '--yes'], quiet, deps);
          if (
            installed !== 0 ||
            (await runEnforce([], quiet, { paths: replayPaths, shadowReport: () => Promise.resolve([]) })) !== 0
          )
            throw new Error('the hook could not be installed');
          return hookFiles(replayPaths).shim;
        },
        version,
        self,
      });
    }
    default:
      return usage(io, `no command \`${name}\``);
  }

  /** What shadow mode let pass, from the log; \`undefined\` where the daemon cannot be asked. */
  async function shadowReport(): Promise<readonly string[] | undefined> {
    const lines: string[] = [];
    for (let fromIndex = 0; ; ) {
      const reply = await ask(paths, { op: 'log', kind: 'intent', fromIndex, limit: 1_000 });
      if (!reply.ok) return undefined;
      const receipts = reply.receipts as readonly ReceiptRecord[];
      for (const receipt of receipts) {
        const payload = receipt.payload as
          | { shadowed?: boolean; says?: string; action?: { text?: string }; findings?: readonly { rule?: string }[] }
          | undefined;
        const broken = payload?.findings?.some((one) => one.rule === POLICY_ERROR) === true;
        if (payload?.shadowed === true)
          lines.push(
            `${new Date(receipt.atMs).toISOString()} ${payload.says ?? ''}${broken ? ' (a policy failed)' : ''} ${payload.action?.text ?? ''}`.slice(
              0,
              200,
            ),
          );
        fromIndex = receipt.index + 1;
      }
      if (receipts.length < 1_000) return lines;
    }
  }
}

/** `[node, flags, program]` that runs this very program, whether from a checkout or a package. */
function selfCommand(): readonly string[] {
  const here = fileURLToPath(new URL('./main.ts', import.meta.url));
  return [process.execPath, '--disable-warning=ExperimentalWarning', path.resolve(here)];
}

function readFile(file: string): string | undefined {
  try {
    const bytes = readFileSync(file);
    return bytes.length > SMALL_FILE_BYTES ? undefined : bytes.toString('utf8');
  } catch {
    return undefined;
  }
}

/** Commit and job of a CI run, from the variables that the common systems set. */
function ciIdentity(_cwd: string, env: NodeJS.ProcessEnv): { readonly commit: string; readonly job: string } {
  const commit = env.HOLDPOINT_COMMIT ?? env.GITHUB_SHA ?? env.CI_COMMIT_SHA ?? env.BUILDKITE_COMMIT ?? '';
  const github =
    env.GITHUB_WORKFLOW_REF === undefined ? undefined : `${env.GITHUB_WORKFLOW_REF} ${env.GITHUB_JOB ?? ''}`;
  const gitlab = env.CI_JOB_NAME === undefined ? undefined : `${env.CI_PROJECT_PATH ?? ''} ${env.CI_JOB_NAME}`;
  return { commit, job: env.HOLDPOINT_JOB ?? github ?? gitlab ?? '' };
}
