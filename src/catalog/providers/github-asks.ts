import type { AsksOf } from './operation.ts';

/** Kinds that the verifier can look up. A `ref` is a branch or a tag, by its path. */
const LOOKED_UP = new Set(['repository', 'branch', 'ref', 'pull-request']);

export const githubAsks: AsksOf = (verb, kind) => {
  if (verb === 'read' || verb === 'create' || verb === 'run' || !LOOKED_UP.has(kind)) return [];
  return verb === 'destroy' && kind !== 'pull-request'
    ? ['environment', 'dependents', 'recovery', 'documentation']
    : ['environment', 'documentation'];
};
