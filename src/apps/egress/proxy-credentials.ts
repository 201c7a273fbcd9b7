/** User and password of `Proxy-Authorization: Basic`; empty strings where the header is missing. `undefined` if malformed. */
export function proxyCredentials(
  header: string | undefined,
): { readonly user: string; readonly password: string } | undefined {
  if (header === undefined) return { user: '', password: '' };
  const token = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header)?.[1];
  if (token === undefined) return undefined;
  const text = Buffer.from(token, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? { user: text, password: '' } : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
