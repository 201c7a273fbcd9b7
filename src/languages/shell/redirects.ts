import type { Redirection } from 'unbash';
import { loseFile } from './file-effects.ts';
import type { Machine, Scope } from './machine.ts';
import { resolvePath } from './paths.ts';
import { type Field, HOLE, hasHole } from './value.ts';
import { expandOne, expandParts } from './words.ts';

export interface Sink {
  readonly field: Field;
  readonly append: boolean;
  /** Standard error or another descriptor: what the command prints does not go there. */
  readonly aside: boolean;
}

/** Reads redirections: sets the scope's standard input, returns where output goes. */
export function applyRedirects(redirects: readonly Redirection[], scope: Scope, machine: Machine): readonly Sink[] {
  const sinks: Sink[] = [];
  for (const redirect of redirects) {
    if (redirect.type === 'HereDoc') {
      const body = redirect.body;
      const text =
        redirect.delimiter?.quoted === true || body.parts === undefined
          ? body.text
          : expandParts(body.parts, scope, machine);
      scope.stdin = redirect.operator === '<<-' ? text.replace(/^\t+/gm, '') : text;
      scope.input = undefined;
      continue;
    }
    if (redirect.target === undefined) continue;
    const target = expandOne(redirect.target, scope, machine);
    if (redirect.type === 'HereString') {
      scope.stdin = `${target.s}\n`;
      scope.input = undefined;
      continue;
    }
    const descriptor = redirect.descriptor;
    const aside = descriptor !== undefined && !(descriptor.type === 'FileDescriptor' && descriptor.value <= 1);
    switch (redirect.operator) {
      case '<':
        if (descriptor !== undefined && !(descriptor.type === 'FileDescriptor' && descriptor.value === 0)) break;
        scope.stdin =
          target.feed ?? scope.written.get(resolvePath(target.s, scope.cwd)) ?? (target.s === '/dev/null' ? '' : HOLE);
        scope.input = target;
        break;
      case '<&':
        break;
      case '<>':
        sinks.push({ field: target, append: true, aside: true });
        break;
      case '>&':
        if (!/^(\d+|-|\d+-)$/.test(target.s)) sinks.push({ field: target, append: false, aside });
        break;
      case '>':
      case '>|':
      case '&>':
        sinks.push({ field: target, append: false, aside });
        break;
      case '>>':
      case '&>>':
        sinks.push({ field: target, append: true, aside });
        break;
      default:
        redirect satisfies never;
    }
  }
  return sinks;
}

/** Effects of output redirections, once it is known what the command prints; returns what is left for the pipe. */
export function finishRedirects(sinks: readonly Sink[], out: string, scope: Scope, machine: Machine): string {
  let left = out;
  for (const sink of sinks) {
    const loss = sink.append ? 'append' : out === '' && !sink.aside ? 'empty' : 'overwrite';
    loseFile(machine, sink.field, scope.cwd, loss, { source: 'shell/redirection' });
    if (sink.aside) continue;
    if (!hasHole(sink.field.s)) {
      const path = resolvePath(sink.field.s, scope.cwd);
      machine.stale.delete(path);
      scope.written.set(path, sink.append ? (scope.written.get(path) ?? HOLE) + out : out);
    }
    left = '';
  }
  return left;
}
