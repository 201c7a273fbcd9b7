import { addressBytes } from './address.ts';

/** A value, or why there is none. `why` is lower case, without a full stop. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

/** Where a request goes. `host` is lower case, without a trailing dot; an IPv6 address without brackets. */
export interface Authority {
  readonly host: string;
  readonly port: number;
}

export type Scheme = 'http' | 'https';

const DEFAULT_PORT: Record<Scheme, number> = { http: 80, https: 443 };

/** `host[:port]`, as in Host and CONNECT. Source: RFC 9110 section 7.2, RFC 3986 section 3.2. */
export function parseAuthority(text: string, defaultPort: number | undefined): Parsed<Authority> {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:@/?#[\]\\]+))(?::(\d{1,5}))?$/.exec(text);
  if (parts === null) return fault(`\`${clip(text)}\` is not a host`);
  const port = parts[3] === undefined ? defaultPort : Number(parts[3]);
  if (port === undefined) return fault(`\`${clip(text)}\` names no port`);
  if (port < 1 || port > 65535) return fault(`port ${port} does not exist`);
  const v6 = parts[1];
  if (v6 !== undefined) {
    const bytes = addressBytes(v6);
    if (bytes === undefined || bytes.length !== 16) return fault(`\`${clip(text)}\` is not an address`);
    return { ok: true, value: { host: ipv6Text(bytes), port } };
  }
  const host = (parts[2] ?? '').toLowerCase().replace(/\.$/, '');
  const labels = host.split('.');
  if (host.length > 253 || !labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))) {
    return fault(`\`${clip(text)}\` is not a host name`);
  }
  // SECURITY: `0x7f.1`, `2130706433` and `0177.0.0.1` are addresses to a resolver, and names to a rule.
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '') && addressBytes(host) === undefined) {
    return fault(`\`${clip(text)}\` is not a plain address`);
  }
  return { ok: true, value: { host, port } };
}

/** The text of an authority in canonical form: the default port is left out. */
export function authorityText(authority: Authority, scheme: Scheme): string {
  const host = authority.host.includes(':') ? `[${authority.host}]` : authority.host;
  return authority.port === DEFAULT_PORT[scheme] ? host : `${host}:${authority.port}`;
}

export function sameAuthority(a: Authority, b: Authority): boolean {
  return a.host === b.host && a.port === b.port;
}

export function defaultPort(scheme: Scheme): number {
  return DEFAULT_PORT[scheme];
}

/** An absolute-form target of a plain proxy request: `http://host/path`. Never carries user information. */
export function parseAbsoluteTarget(text: string): Parsed<{ readonly authority: Authority; readonly target: string }> {
  const parts = /^http:\/\/([^/?#]*)([^#]*)$/i.exec(text);
  if (parts === null) {
    return fault(
      /^[a-z][a-z0-9+.-]*:/i.test(text)
        ? 'only `http:` is proxied in this form; use CONNECT for TLS'
        : 'a proxy request needs an absolute target',
    );
  }
  const authority = parseAuthority(parts[1] ?? '', DEFAULT_PORT.http);
  if (!authority.ok) return authority;
  const rest = parts[2] ?? '';
  const target = canonicalTarget(rest.startsWith('/') ? rest : `/${rest}`);
  if (!target.ok) return target;
  return { ok: true, value: { authority: authority.value, target: target.value } };
}

/**
 * An origin-form target (`/path?query`) in the one form that is judged and sent: dot segments removed, unreserved
 * characters decoded, hex digits upper case, characters that RFC 3986 does not allow encoded. Encoded slashes stay as
 * they are, but may not hide a dot segment.
 */
export function canonicalTarget(text: string): Parsed<string> {
  if (!text.startsWith('/')) return fault('the target has no path');
  if (!/^[\x21-\x7e]*$/.test(text)) return fault('the target has a character outside printable ASCII');
  if (text.includes('#')) return fault('the target has a fragment');
  const mark = text.indexOf('?');
  const rawPath = mark === -1 ? text : text.slice(0, mark);
  const rawQuery = mark === -1 ? undefined : text.slice(mark + 1);
  if (rawPath.includes('\\')) return fault('the path has a backslash');
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return fault('the target has a broken percent-encoding');
  if (/%(?:0[0-9a-f]|1[0-9a-f]|7f)/i.test(rawPath)) return fault('the path has an encoded control character');
  const path = removeDotSegments(encodeOdd(decodeUnreserved(rawPath)));
  if (hidesDotSegment(path)) return fault('the path hides a dot segment behind an encoding');
  return { ok: true, value: rawQuery === undefined ? path : `${path}?${encodeOdd(rawQuery)}` };
}

function decodeUnreserved(path: string): string {
  return path.replace(/%([0-9a-fA-F]{2})/g, (whole, hex: string) => {
    const char = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9._~-]/.test(char) ? char : whole.toUpperCase();
  });
}

/** What browsers and curl send bare although RFC 3986 wants it encoded. Both forms mean the same to every server. */
function encodeOdd(text: string): string {
  return text.replace(/["<>\\^`{|}]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** RFC 3986 section 5.2.4. Empty segments stay: to some servers they are names. */
function removeDotSegments(path: string): string {
  const out: string[] = [];
  const segments = path.slice(1).split('/');
  segments.forEach((segment, index) => {
    const last = index === segments.length - 1;
    if (segment === '.' || segment === '..') {
      if (segment === '..') out.pop();
      if (last) out.push('');
    } else out.push(segment);
  });
  return `/${out.join('/')}`;
}

/** SECURITY: servers that decode once more, or take `\` or `;` for an end, must not see a `..` that was not judged. */
function hidesDotSegment(path: string): boolean {
  let text = path;
  for (let round = 0; round < 3; round += 1) {
    if (text.split(/[/\\]/).some((segment) => /^\.\.?(;|$)/.test(segment))) return true;
    const decoded = text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    if (decoded === text) return false;
    text = decoded;
  }
  return text.split(/[/\\]/).some((segment) => /^\.\.?(;|$)/.test(segment)) || text.includes('%');
}

function ipv6Text(bytes: readonly number[]): string {
  const words = Array.from({ length: 8 }, (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (start + length < 8 && words[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const text = (from: number, to: number): string =>
    words
      .slice(from, to)
      .map((word) => word.toString(16))
      .join(':');
  return best.start === -1 ? text(0, 8) : `${text(0, best.start)}::${text(best.start + best.length, 8)}`;
}

function clip(text: string): string {
  return text.slice(0, 80);
}

function fault(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
