import { CI_PLACES, PROTECTED_BRANCHES } from '../../catalog/git.ts';
import type { Effect } from '../../core/effect.ts';
import type { Question } from '../../core/evidence.ts';
import type { GitAncestryFact, GitDifferenceFact } from '../../core/facts.ts';
import type { ResourceRef } from '../../core/resource.ts';
import { brief, opaqueReading } from '../api-actions.ts';
import type { Reading, ReadingContext } from '../reading.ts';
import { isPush, isRefDiscovery, uploadPackRequest } from './git-requests.ts';
import { type RefCommand, readRefCommands } from './receive-pack.ts';
import type { HttpRequest } from './request.ts';

const SOURCE = 'git/receive-pack';
const NOTHING = /^0+$/;

/**
 * A git client that speaks to a server over HTTP; `undefined` where the request is something else. The commands at the start of a push are its meaning: the
 * pack that follows is bound by the object names in them. Source: gitprotocol-http(5), gitprotocol-pack(5).
 */
export function gitOverHttp(request: HttpRequest, context: ReadingContext): Reading | undefined {
  const shape = {
    method: request.method,
    path: request.url.pathname,
    search: request.url.searchParams,
    contentType: request.headers.get('content-type') ?? '',
  };
  if (isRefDiscovery(shape)) return reads(request, 'asks a git server for its refs');
  if (uploadPackRequest(shape, request.body ?? '')) return reads(request, 'fetches from a git server');
  if (!isPush(shape)) return undefined;
  const commands = readRefCommands(new TextEncoder().encode(request.body ?? ''));
  if (!commands.ok) return opaqueReading(SOURCE, commands.why, 'pushes to a git server');
  if (commands.commands.length === 0) return reads(request, 'asks a git server whether it may push');
  const repository = `${request.host}${request.path.replace(/\/git-receive-pack$/, '')}`;
  const readings = commands.commands.map((command) => readCommand(command, repository, context));
  return { effects: readings.flatMap((one) => one.effects), questions: readings.flatMap((one) => one.questions) };
}

function reads(request: HttpRequest, summary: string): Reading {
  const effect: Effect = {
    verb: 'read',
    target: { known: { system: 'http', kind: 'endpoint', path: [request.host, request.method, request.path] } },
    count: { min: 0, max: 'unbounded' },
    reversal: 'regenerable',
    basis: 'parsed',
    source: 'git/http',
    summary,
  };
  return { effects: [effect], questions: [] };
}

function readCommand(command: RefCommand, repository: string, context: ReadingContext): Reading {
  const { from, to, ref } = command;
  const name = brief(ref.replace(/^refs\/(heads|tags)\//, ''));
  const target: ResourceRef = { system: 'git', kind: kindOf(ref), path: [repository, ref] };
  const effect = (parts: Pick<Effect, 'verb' | 'reversal' | 'summary'>): Effect => ({
    target: { known: target },
    count: { min: 1, max: 1 },
    basis: 'parsed',
    source: SOURCE,
    ...parts,
  });
  const only = (parts: Parameters<typeof effect>[0]): Reading => ({ effects: [effect(parts)], questions: [] });
  const withPipelines = (reading: Reading, older: string): Reading => {
    const pipelines = pipelinesMoved(repository, context, older, to);
    return {
      effects: [...reading.effects, ...pipelines.effects],
      questions: [...reading.questions, ...pipelines.questions],
    };
  };
  if (NOTHING.test(to))
    return only({ verb: 'destroy', reversal: 'irreversible', summary: `deletes ${name} on ${brief(repository)}` });
  if (NOTHING.test(from))
    return withPipelines(
      only({ verb: 'create', reversal: 'undoable', summary: `pushes the new ${name} to ${brief(repository)}` }),
      '',
    );
  if (from === to) return only({ verb: 'read', reversal: 'regenerable', summary: `leaves ${name} as it is` });
  if (target.kind !== 'remote-branch')
    return only({
      verb: 'destroy',
      reversal: 'irreversible',
      summary: `moves ${name} on ${brief(repository)}, which others take for fixed`,
    });
  // The server sees no `--force`: whether commits are lost shows only in the history between the two.
  const about: ResourceRef = { system: 'git', kind: 'ancestry', path: [context.workspace, from, to] };
  const question: Question = { check: 'recovery', about };
  const answer = context.workspace === '' ? undefined : context.fact('recovery', about);
  const isForward = answer !== undefined && 'known' in answer && (answer.known as GitAncestryFact).isAncestor;
  if (isForward)
    return withPipelines(
      only({ verb: 'create', reversal: 'undoable', summary: `adds commits to ${name} on ${brief(repository)}` }),
      from,
    );
  const why =
    answer === undefined || 'unknown' in answer
      ? `whether commits of it are lost is not known${answer === undefined ? '' : ` (${brief(answer.unknown)})`}`
      : `commits that it has now are left out${PROTECTED_BRANCHES.test(name) ? ', and others build on it' : ''}`;
  return {
    effects: [
      effect({
        verb: 'destroy',
        reversal: 'irreversible',
        summary: `rewrites ${name} on ${brief(repository)}: ${why}`,
      }),
    ],
    questions: context.workspace === '' ? [] : [question],
  };
}

/** What a forge runs because of a push, it runs with secrets of its own and outside of every gateway. */
function pipelinesMoved(repository: string, context: ReadingContext, older: string, newer: string): Reading {
  if (context.workspace === '') return { effects: [], questions: [] };
  const about: ResourceRef = {
    system: 'git',
    kind: 'difference',
    path: [context.workspace, older, newer, ...CI_PLACES],
  };
  const answer = context.fact('content', about);
  const places =
    answer === undefined
      ? []
      : 'known' in answer
        ? (answer.known as GitDifferenceFact).changed
        : [`not known: ${answer.unknown}`];
  const effects = places.map(
    (place): Effect => ({
      verb: 'change',
      target: { known: { system: 'git', kind: 'workflow', path: [repository, place] } },
      count: { min: 1, max: 1 },
      reversal: 'irreversible',
      basis: 'parsed',
      source: SOURCE,
      summary: `changes what continuous integration of ${brief(repository)} runs (${brief(place)})`,
    }),
  );
  return { effects, questions: [{ check: 'content', about }] };
}

function kindOf(ref: string): string {
  if (ref.startsWith('refs/heads/')) return 'remote-branch';
  return ref.startsWith('refs/tags/') ? 'remote-tag' : 'remote-ref';
}
