/** What kind of network an IP address belongs to. Only `public` may be reached without being declared. */
export type AddressClass =
  | 'public'
  | 'loopback'
  | 'private'
  | 'link-local'
  | 'metadata'
  | 'shared'
  | 'multicast'
  | 'unspecified'
  | 'mapped'
  | 'reserved'
  | 'not-an-address';

// Sources: IANA special-purpose address registries (RFC 6890 and successors).
const IPV4_RANGES: readonly (readonly [string, AddressClass])[] = [
  // The addresses by which cloud machines ask for their own credentials come before the ranges that hold them.
  ['169.254.169.254/32', 'metadata'],
  ['100.100.100.200/32', 'metadata'],
  ['168.63.129.16/32', 'metadata'],
  ['0.0.0.0/32', 'unspecified'],
  ['0.0.0.0/8', 'reserved'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'shared'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'reserved'],
  ['192.0.2.0/24', 'reserved'],
  ['192.88.99.0/24', 'reserved'],
  ['192.168.0.0/16', 'private'],
  ['198.18.0.0/15', 'reserved'],
  ['198.51.100.0/24', 'reserved'],
  ['203.0.113.0/24', 'reserved'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
];

const IPV6_RANGES: readonly (readonly [string, AddressClass])[] = [
  ['fd00:ec2::254/128', 'metadata'],
  ['::/128', 'unspecified'],
  ['::1/128', 'loopback'],
  // Forms that carry an IPv4 address inside: a way around every rule written for IPv4.
  ['::ffff:0:0/96', 'mapped'],
  ['::/96', 'mapped'],
  ['64:ff9b::/96', 'mapped'],
  ['64:ff9b:1::/48', 'mapped'],
  ['2002::/16', 'mapped'],
  ['2001::/32', 'mapped'],
  ['2001:db8::/32', 'reserved'],
  ['2001::/23', 'reserved'],
  ['3fff::/20', 'reserved'],
  ['fc00::/7', 'private'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'private'],
  ['ff00::/8', 'multicast'],
];

interface Range {
  readonly bytes: readonly number[];
  readonly bits: number;
}

const IPV4 = IPV4_RANGES.map(([text, kind]) => ({ range: mustRange(text), kind }));
const IPV6 = IPV6_RANGES.map(([text, kind]) => ({ range: mustRange(text), kind }));
const IPV6_GLOBAL = mustRange('2000::/3');

export function addressClass(address: string): AddressClass {
  const bytes = addressBytes(address);
  if (bytes === undefined) return 'not-an-address';
  for (const { range, kind } of bytes.length === 4 ? IPV4 : IPV6) if (inRange(bytes, range)) return kind;
  if (bytes.length === 16 && !inRange(bytes, IPV6_GLOBAL)) return 'reserved';
  return 'public';
}

/** A declared address: `ADDRESS`, `ADDRESS/BITS`, either with `:PORT` (IPv6 in brackets then). */
export interface AllowedAddress {
  readonly range: Range;
  readonly port?: number;
}

export function parseAllowedAddress(text: string): AllowedAddress | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  if (parts === null) {
    const range = parseRange(text);
    return range === undefined ? undefined : { range };
  }
  const range = parseRange(parts[1] ?? parts[2] ?? '');
  const port = Number(parts[3]);
  if (range === undefined || port < 1 || port > 65535) return undefined;
  return { range, port };
}

/** INVARIANT: an address outside `public` is reachable only by a declaration that names it (and its port, where given). */
export function mayConnect(address: string, port: number, allowed: readonly AllowedAddress[]): boolean {
  const bytes = addressBytes(address);
  if (bytes === undefined) return false;
  if (addressClass(address) === 'public') return true;
  return allowed.some((one) => inRange(bytes, one.range) && (one.port === undefined || one.port === port));
}

/** Four or sixteen octets; `undefined` for anything but the usual text forms (no zones, no octal, no short IPv4). */
export function addressBytes(text: string): readonly number[] | undefined {
  if (text.includes(':')) return ipv6Bytes(text);
  return ipv4Bytes(text);
}

function ipv4Bytes(text: string): number[] | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (parts === null) return undefined;
  const bytes: number[] = [];
  for (const part of parts.slice(1)) {
    if ((part.length > 1 && part.startsWith('0')) || Number(part) > 255) return undefined;
    bytes.push(Number(part));
  }
  return bytes;
}

function ipv6Bytes(text: string): number[] | undefined {
  let rest = text;
  let tail: number[] = [];
  const dotted = /:(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted !== null) {
    const v4 = ipv4Bytes(dotted[1] ?? '');
    if (v4 === undefined) return undefined;
    tail = v4;
    rest = text.slice(0, dotted.index + 1);
    // `::1.2.3.4` leaves `::`; `a:1.2.3.4` leaves `a:`, whose colon only parted the two.
    if (!rest.endsWith('::')) rest = rest.slice(0, -1);
  }
  const halves = rest.split('::');
  if (halves.length > 2) return undefined;
  const head = groups(halves[0] ?? '');
  const end = halves.length === 2 ? groups(halves[1] ?? '') : [];
  if (head === undefined || end === undefined) return undefined;
  const missing = 16 - head.length - end.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...end, ...tail];
}

function groups(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  for (const group of text.split(':')) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    bytes.push(value >> 8, value & 0xff);
  }
  return bytes;
}

function parseRange(text: string): Range | undefined {
  const [address = '', bitsText, ...more] = text.split('/');
  const bytes = addressBytes(address);
  if (bytes === undefined || more.length > 0) return undefined;
  if (bitsText === undefined) return { bytes, bits: bytes.length * 8 };
  if (!/^\d{1,3}$/.test(bitsText) || Number(bitsText) > bytes.length * 8) return undefined;
  return { bytes, bits: Number(bitsText) };
}

function mustRange(text: string): Range {
  const range = parseRange(text);
  if (range === undefined) throw new TypeError(`not an address range: \`${text}\``);
  return range;
}

function inRange(bytes: readonly number[], range: Range): boolean {
  if (bytes.length !== range.bytes.length) return false;
  for (let bit = 0; bit < range.bits; bit += 8) {
    const keep = Math.min(8, range.bits - bit);
    const mask = (0xff << (8 - keep)) & 0xff;
    if (((bytes[bit / 8] ?? 0) & mask) !== ((range.bytes[bit / 8] ?? 0) & mask)) return false;
  }
  return true;
}
