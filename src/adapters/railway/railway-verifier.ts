import { z } from 'zod';
import type { Attempt } from '../../core/attempt.ts';
import type { Json } from '../../core/canonical-json.ts';
import { type Check, type Evidence, evidenceOf, type Question } from '../../core/evidence.ts';
import { type DocumentationFact, factAsJson } from '../../core/facts.ts';
import { type Tri, unknown } from '../../core/tri.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Credential } from '../../ports/credentials.ts';
import type { DatabaseCopier } from '../../ports/database-copies.ts';
import { type DeclaredEnvironments, NOTHING_DECLARED } from '../../ports/declared-environments.ts';
import type { Verifier } from '../../ports/verifier.ts';
import type { Answer, RailwayClient } from './client.ts';
import { credentialFact } from './credential.ts';
import { databasesIn, lookAt } from './databases.ts';
import { declarationsOf } from './declared.ts';
import { backupsFact, dependentsFact, environmentFact, type SeenBackup } from './facts.ts';
import type { Learner } from './learner.ts';
import { type Place, placeOf } from './place.ts';

export interface RailwayVerifierOptions {
  readonly learner: Learner;
  readonly clock: Clock;
  /** What the provider's pages say, by kind of resource: `RAILWAY_DOCUMENTATION` of the catalogue. */
  readonly documentation?: ReadonlyMap<string, DocumentationFact>;
  /** What people declared; nothing where left out. */
  readonly declared?: DeclaredEnvironments;
  /** Looks at the databases that lie on a volume, for a copy of them; they are left out where it is. */
  readonly copier?: Pick<DatabaseCopier, 'look'>;
}

const CHECKS: readonly Check[] = ['environment', 'dependents', 'recovery', 'credential', 'documentation'];
const EVIDENCE_AGE_MS = 30_000;

/**
 * Asks Railway's API, with the credential of the attempt's own request, what hangs on a resource. Reads only. Whatever
 * cannot be learnt for sure is `{ unknown }`.
 */
export function makeRailwayVerifier(options: RailwayVerifierOptions): Verifier {
  const { clock, learner } = options;
  const { client } = learner;

  const answerNow = async (
    question: Question,
    attempt: Attempt,
    signal: AbortSignal,
  ): Promise<{ answer: Tri<Json>; atMs: number; source: string }> => {
    const nowMs = clock.nowMs();
    const { about, check } = question;
    if (check === 'documentation') {
      const text = options.documentation?.get(about.kind);
      const answer =
        text === undefined
          ? unknown(`no documentation of deleting a Railway ${about.kind} is at hand`)
          : { known: factAsJson(text) };
      return { answer, atMs: nowMs, source: 'railway catalogue' };
    }
    const source = 'railway api';
    const no = (why: string) => ({ answer: unknown(why), atMs: nowMs, source });
    const credential = learner.credentialOf(attempt);
    if (credential === undefined)
      return no('the credential of this attempt is not known here, so Railway cannot be asked');
    const learnt = await learner.recent(credential, signal);
    if (!learnt.ok) return no(learnt.why);
    const { atMs, projects, reach } = learnt.data;
    if (check === 'credential') return { answer: { known: factAsJson(credentialFact(reach)) }, atMs, source };
    const place = placeOf(about, projects);
    if (!('known' in place)) return no(place.unknown);
    switch (check) {
      case 'environment': {
        const declared = await declarationsOf(place.known, about, options.declared ?? NOTHING_DECLARED);
        return 'unknown' in declared
          ? no(declared.unknown)
          : { answer: asJson(environmentFact(place.known, about, declared.known)), atMs, source };
      }
      case 'dependents':
        return { answer: asJson(dependentsFact(place.known)), atMs, source };
      case 'recovery': {
        if (!place.known.project.complete && about.kind !== 'backup' && about.kind !== 'volume-instance') {
          return no(
            'this token does not see every environment of the project; there may be backups that it does not see',
          );
        }
        const backups = await backupsOf(client, credential, place.known, signal);
        if (!backups.ok) return no(backups.why);
        const fact = backupsFact(about, backups.data);
        const { copier } = options;
        // A backup is inside of the provider: there is no database to look at.
        if (copier === undefined || about.kind === 'backup')
          return { answer: { known: factAsJson(fact) }, atMs, source };
        const found = await databasesIn(learner, credential, place.known, signal);
        const databases = await Promise.all(found.map((one) => lookAt(one, copier, signal)));
        return { answer: { known: factAsJson({ ...fact, databases }) }, atMs, source };
      }
      case 'content':
      case 'rehearsal':
        return no('Railway cannot be asked this');
      default:
        return check satisfies never;
    }
  };

  return {
    name: 'railway',
    canAnswer: (question) => question.about.system === 'railway' && CHECKS.includes(question.check),
    async answer(question, attempt, signal): Promise<Evidence> {
      const { answer, atMs, source } = await answerNow(question, attempt, signal);
      return evidenceOf({ question, answer, source, atMs, maxAgeMs: EVIDENCE_AGE_MS });
    },
  };
}

const Backups = z.object({
  volumeInstanceBackupList: z
    .array(
      z.object({
        id: z.string().min(1).max(200),
        name: z.string().nullable(),
        createdAt: z.iso.datetime({ offset: true }),
      }),
    )
    .max(10_000),
});

async function backupsOf(
  client: RailwayClient,
  credential: Credential,
  place: Place,
  signal: AbortSignal,
): Promise<Answer<readonly SeenBackup[]>> {
  const backups: SeenBackup[] = [];
  if (place.instances.length > 50)
    return { ok: false, refused: false, why: 'more than 50 volume instances would have to be asked about' };
  for (const { instance } of place.instances) {
    const query = 'query($id: String!) { volumeInstanceBackupList(volumeInstanceId: $id) { id name createdAt } }';
    const answer = await client.query(credential, query, { id: instance.id }, Backups, signal);
    if (!answer.ok) return answer;
    for (const one of answer.data.volumeInstanceBackupList)
      backups.push({ id: one.id, name: one.name ?? '', atMs: Date.parse(one.createdAt) });
  }
  return { ok: true, data: backups };
}

function asJson(fact: Tri<object>): Tri<Json> {
  return 'known' in fact ? { known: factAsJson(fact.known) } : fact;
}
