/**
 * Base URL of the REST API of a forge: github.com, a tenant of ghe.com, or an Enterprise Server that a person declared. SECURITY:
 * `undefined` for anything else, since the request's own credential goes there.
 */
export function githubApi(forge: string, declaredHosts: readonly string[]): string | undefined {
  if (forge === 'github.com') return 'https://api.github.com';
  if (/^[a-z0-9-]+\.ghe\.com$/.test(forge)) return `https://api.${forge}`;
  return declaredHosts.includes(forge) ? `https://${forge}/api/v3` : undefined;
}

/** As `githubApi`, for a verifier; `endpoint` stands in for github.com's. */
export function githubApis(
  declaredHosts: readonly string[],
  endpoint: string | undefined,
): (forge: string) => string | undefined {
  return (forge) => (forge === 'github.com' ? endpoint : undefined) ?? githubApi(forge, declaredHosts);
}
