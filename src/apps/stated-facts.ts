import type { Json } from '../core/canonical-json.ts';
import { evidenceOf, type Question } from '../core/evidence.ts';
import {
  type EnvironmentFact,
  type FileRecoveryFact,
  factAsJson,
  type GitFact,
  type StatedFacts,
} from '../core/facts.ts';
import type { Clock } from '../ports/clock.ts';
import type { Verifier } from '../ports/verifier.ts';

/**
 * The folder of an action whose caller states facts and names none: relative paths and git have a place to lie in, and
 * nothing on this disk is looked at for it.
 */
export const STATED_FOLDER = '/the-stated-folder';

/**
 * Facts that the caller of `check --batch` states, as a verifier: for judging without the world. They are marked as
 * claimed. What was not stated stays unknown.
 */
export function statedFacts(facts: StatedFacts, clock: Clock): Verifier {
  const answerFor = (question: Question): Json | undefined => {
    const { check, about } = question;
    const [name = ''] = about.path;
    if (check === 'environment' && about.system === 'git') {
      if (facts.git === undefined) return undefined;
      const fact: GitFact = { dirty: facts.git.dirty ?? true, branch: facts.git.branch ?? '', untracked: 0 };
      return factAsJson(fact);
    }
    if (check === 'environment' && facts.environment !== undefined) {
      const production = /^prod(uction)?$/i.test(facts.environment);
      const fact: EnvironmentFact = {
        environments: [{ id: facts.environment, name: facts.environment, production }],
        by: 'claimed',
      };
      return factAsJson(fact);
    }
    if (check === 'recovery' && about.system === 'file') {
      const regenerable = facts.regenerable?.includes(name) === true;
      const stated = facts.files?.[name];
      if (!regenerable && stated === undefined) return undefined;
      const fact: FileRecoveryFact = {
        exists: true,
        type: 'file',
        realPath: name,
        insideWorkspace: true,
        temporary: false,
        trackedAndClean: false,
        regenerable,
        madeByTask: false,
        files: 1,
        filesCapped: false,
        bytes: 0,
        // What is not claimed to be kept somewhere counts as the only copy.
        irreplaceable:
          regenerable || stated?.regenerable === true || stated?.trackedAndClean === true || stated?.madeByTask === true
            ? []
            : [name],
        ...stated,
      };
      return factAsJson(fact);
    }
    return undefined;
  };
  return {
    name: 'stated facts',
    canAnswer: (question) => answerFor(question) !== undefined,
    answer: (question) =>
      Promise.resolve(
        evidenceOf({
          question,
          answer: { known: answerFor(question) ?? null },
          source: 'stated by the caller',
          atMs: clock.nowMs(),
          maxAgeMs: 60_000,
        }),
      ),
  };
}
