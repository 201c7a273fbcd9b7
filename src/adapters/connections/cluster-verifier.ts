import type { Json } from '../../core/canonical-json.ts';
import { evidenceOf, type Question } from '../../core/evidence.ts';
import { type ClusterFact, factAsJson } from '../../core/facts.ts';
import { isKnown, known, type Tri, unknown } from '../../core/tri.ts';
import type { Verifier } from '../../ports/verifier.ts';
import { isLoopback } from './address.ts';
import { makeAsked } from './asked.ts';
import type { ConnectionsOptions } from './connections.ts';
import { declaredCluster, environmentFact, readDeclared } from './declared.ts';
import { readKubeconfig, targetOf } from './kubeconfig.ts';
import { readingOnce, readSettingsText } from './read-text.ts';

/** Names that tools for clusters on one's own machine give to their contexts. */
const LOCAL_NAMES =
  /^(kind-[\w.-]+|k3d-[\w.-]+|minikube|docker-desktop|docker-for-desktop|rancher-desktop|colima|orbstack)$/;

/**
 * Answers `environment` about `kubernetes/connection` (folder, words of the command): which cluster the command would reach.
 * SECURITY: kubeconfig is read as text. It names programs that hand out credentials; none is ever run. Nothing is asked of
 * the cluster.
 */
export function makeClusterVerifier(options: ConnectionsOptions): Verifier {
  const learn = async ({ about }: Question, signal: AbortSignal): Promise<Tri<Json>> => {
    if (signal.aborted) return unknown('the question was withdrawn');
    const [cwd = '', ...words] = about.path;
    if (!cwd.startsWith('/')) return unknown('the folder that it starts in is not known');
    const text = readingOnce(readSettingsText);
    const declared = await readDeclared(options.configDir, text);
    if ('why' in declared) return unknown(declared.why);
    const environment = declared.agentVariables ?? options.environment;
    const asked = makeAsked({ cwd, words, environment, home: options.home, account: options.account, text });
    const target = targetOf(await readKubeconfig(asked), asked);
    if ('why' in target) return unknown([target.why, ...asked.doubts].join('; '));
    const { context, namespace, from, credentialProgram, between } = target;
    const server = withoutUser(target.server);
    const place = isLoopback(hostOf(server)) ? 'loopback' : 'remote';
    if (between !== undefined) asked.doubt(`requests go by ${between}`);
    const answer = await declaredCluster(server, declared, options.declared);
    if (!isKnown(answer)) return answer;
    const said = answer.known;
    const fact: ClusterFact = {
      ...environmentFact([said]),
      cluster: {
        context,
        server,
        namespace,
        from,
        place,
        ...(credentialProgram === undefined ? {} : { credentialProgram }),
        isLocal:
          place === 'loopback' && LOCAL_NAMES.test(context) && credentialProgram === undefined && between === undefined,
        ...(said === undefined ? {} : { declared: said }),
      },
      ...(asked.doubts.length === 0 ? {} : { unsettled: asked.doubts.join('; ') }),
    };
    return known(factAsJson(fact));
  };
  return {
    name: 'kubeconfig',
    canAnswer: ({ check, about }) =>
      check === 'environment' && about.system === 'kubernetes' && about.kind === 'connection' && about.path.length >= 1,
    answer: async (question, _attempt, signal) =>
      evidenceOf({
        question,
        answer: await learn(question, signal),
        source: 'kubeconfig',
        atMs: options.clock.nowMs(),
        maxAgeMs: options.maxAgeMs ?? 30_000,
      }),
  };
}

function hostOf(server: string): string {
  return URL.canParse(server) ? new URL(server).hostname : '';
}

function withoutUser(server: string): string {
  return server.replace(/\/\/[^@/]*@/, '//');
}
