/**
 * Names by which people call things that may be lost, and places that are not production. An agent can choose a name:
 * they count only while nobody who knows says what a thing serves.
 */

/** Made to be thrown away: nothing else is told of them. */
const THROWAWAY: ReadonlySet<string> = new Set(
  'ci tmp temp scratch test tests testing cache caches sandbox ephemeral throwaway disposable'.split(' '),
);

/** Not production, though someone may count on it: enough to look at it or to go there, not to delete it. */
const NOT_PRODUCTION: ReadonlySet<string> = new Set(
  `dev devel development local localhost kind minikube docker desktop rancher colima orbstack k3d stage staging stag qa
  preview uat`.split(/\s+/),
);

const PRECIOUS: ReadonlySet<string> = new Set(
  'prod production prd live customer customers backup backups main master release'.split(' '),
);

const wordsOf = (name: string): readonly string[] =>
  name
    .toLowerCase()
    .split(/[^a-z0-9]+|(?<=[a-z])(?=\d)/)
    .filter((word) => word !== '');

export function isThrowawayName(name: string): boolean {
  const words = wordsOf(name);
  return words.some((word) => THROWAWAY.has(word)) && !words.some((word) => PRECIOUS.has(word));
}

export function isOutsideProductionName(name: string): boolean {
  const words = wordsOf(name);
  return (
    words.some((word) => THROWAWAY.has(word) || NOT_PRODUCTION.has(word)) && !words.some((word) => PRECIOUS.has(word))
  );
}
