import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { digestOfEffects } from '../../core/effect.ts';
import { claimDigest } from '../../core/hold.ts';
import { isRefused } from '../../pipeline/products.ts';
import type { People } from '../../ports/people.ts';
import type { Request } from './requests.ts';
import type { BeginAnswer, Service } from './service.ts';

/** How many hex characters of a statement's digest mark its uses in the store. */
const MARK = 'preapproval:';

/**
 * A signed pre-approval stands in for the person at a hold: it binds commit, job and the very effects, and is counted.
 * `undefined` where none was given, so that the ordinary way is taken.
 */
export function makePreapprove(service: Service, people: Pick<People, 'verifyPreapproval'>) {
  // Uses are counted and spent one request at a time.
  const queue = { last: Promise.resolve() };

  async function take(
    request: Extract<Request, { op: 'begin' }>,
    given: NonNullable<typeof request.preapproval>,
  ): Promise<BeginAnswer> {
    const attempt = service.shellAttempt(request.command, request.cwd, request.origin);
    const judged = await service.pipeline.judge(attempt);
    if (isRefused(judged) || judged.says !== 'hold') return service.beginRaw(attempt);
    const standing = await service.pipeline.standing(attempt, judged);
    if (!isRefused(standing)) return service.beginRaw(attempt);
    if (standing.hold === undefined) return service.refusalAnswer(standing, judged);
    const { hold } = standing;
    const refuse = (why: string): BeginAnswer =>
      service.refusalAnswer({ ...standing, reason: `the pre-approval does not count: ${why}` }, judged);
    const commit = headCommit(attempt.origin.workspace);
    // SECURITY: the commit is read from the workspace here; what the client says must only agree.
    if (commit === undefined || commit !== given.commit) return refuse('the workspace is not at that commit');
    const document = new TextEncoder().encode(given.document);
    const check = await people.verifyPreapproval(document, {
      effects: digestOfEffects(judged.effects),
      commit,
      job: given.job,
      nowMs: service.clock.nowMs(),
    });
    if (!check.ok) return refuse(check.why);
    const mark = `${MARK}${check.id}`;
    const settled = await service.store.holds({ states: ['approved', 'consumed', 'void', 'expired'] });
    const used = settled.filter((one) => one.approval?.signatures.some((signature) => signature.key === mark)).length;
    if (used >= check.uses) return refuse(`it was for ${check.uses} use${check.uses === 1 ? '' : 's'}, all spent`);
    const approval = {
      hold: hold.id,
      claim: claimDigest(hold.claim),
      signatures: [{ key: mark, format: 'preapproval' as const, bytes: document }],
    };
    if (!(await service.store.settleHold(hold.id, ['open'], 'approved', { approval, signers: [check.signer] })))
      return refuse('the hold was settled meanwhile');
    return service.beginRaw(attempt);
  }

  return (request: Extract<Request, { op: 'begin' }>): Promise<BeginAnswer | undefined> => {
    const given = request.preapproval;
    if (given === undefined) return Promise.resolve(undefined);
    const mine = queue.last.then(() => take(request, given));
    queue.last = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  };
}

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** The commit that HEAD names, by reading files only: git itself would run the workspace's configuration. */
export function headCommit(workspace: string): string | undefined {
  try {
    let folder = path.join(workspace, '.git');
    if (statSync(folder).isFile())
      folder = path.resolve(workspace, /^gitdir: (.+)$/m.exec(readFileSync(folder, 'utf8'))?.[1] ?? '');
    const head = readFileSync(path.join(folder, 'HEAD'), 'utf8').trim();
    if (COMMIT.test(head)) return head;
    const ref = /^ref: (refs\/[^\s]+)$/.exec(head)?.[1];
    if (ref === undefined || ref.includes('..')) return undefined;
    const common = readText(path.join(folder, 'commondir'));
    const base = common === undefined ? folder : path.resolve(folder, common.trim());
    const loose = readText(path.join(base, ref))?.trim();
    if (loose !== undefined) return COMMIT.test(loose) ? loose : undefined;
    const packed = readText(path.join(base, 'packed-refs'))
      ?.split('\n')
      .find((line) => line.endsWith(` ${ref}`));
    const commit = packed?.split(' ')[0];
    return commit !== undefined && COMMIT.test(commit) ? commit : undefined;
  } catch {
    return undefined;
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
