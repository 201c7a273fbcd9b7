import type { Certificates } from '../../ports/certificates.ts';

/**
 * The variables by which the programs of one agent, and nothing else on the machine, use the gateway and trust its
 * certificates. Lower- and upper-case names, since clients differ.
 */
export function egressEnvironment(
  proxyUrl: string,
  certificates: Pick<Certificates, 'caFile' | 'bundleFile'>,
  task: string,
  password = '',
): Record<string, string> {
  const url = new URL(proxyUrl);
  url.username = encodeURIComponent(task);
  url.password = encodeURIComponent(password);
  const proxy = url.href.replace(/\/$/, '');
  return {
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    ALL_PROXY: proxy,
    http_proxy: proxy,
    https_proxy: proxy,
    all_proxy: proxy,
    // Set and empty, so that nothing inherited opens a way past the gateway.
    NO_PROXY: '',
    no_proxy: '',
    NODE_USE_ENV_PROXY: '1',
    // So that a daemon that is started from here does not take the gateway for the way out.
    HOLDPOINT_GATEWAY: proxyUrl,
    // Node adds to its own list; the others replace theirs, so they get the bundle.
    NODE_EXTRA_CA_CERTS: certificates.caFile,
    SSL_CERT_FILE: certificates.bundleFile,
    CURL_CA_BUNDLE: certificates.bundleFile,
    REQUESTS_CA_BUNDLE: certificates.bundleFile,
    PIP_CERT: certificates.bundleFile,
    GIT_SSL_CAINFO: certificates.bundleFile,
    AWS_CA_BUNDLE: certificates.bundleFile,
    CARGO_HTTP_CAINFO: certificates.bundleFile,
    DENO_CERT: certificates.caFile,
  };
}
