import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

export const ARCHIVE_LIMITS = {
  /** Packed. */
  bytes: 16 * 1024 * 1024,
  unpackedBytes: 64 * 1024 * 1024,
  files: 2_000,
} as const;

export type Archive =
  | { readonly ok: true; readonly files: ReadonlyMap<string, Buffer> }
  | { readonly ok: false; readonly why: string };

const BLOCK = 512;
const BAD_NAME = 'it holds a name that leads elsewhere or cannot be read';
/** `tar` fills its last record up; ten thousand bytes are usual. */
const PADDING_BYTES = 64 * 1024;
const unpack = promisify(gunzip);

/**
 * Reads a `.tar.gz` of plain files. SECURITY: links, devices, sparse files, names that lead elsewhere or stand there twice
 * are refused, since another reader could make something else of them.
 */
export async function openArchive(bytes: Uint8Array): Promise<Archive> {
  if (bytes.length > ARCHIVE_LIMITS.bytes) return no(`it is larger than ${ARCHIVE_LIMITS.bytes} bytes`);
  let tar: Buffer;
  try {
    tar = await unpack(bytes, { maxOutputLength: ARCHIVE_LIMITS.unpackedBytes });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ERR_BUFFER_TOO_LARGE') return no(`it unpacks to more than ${ARCHIVE_LIMITS.unpackedBytes} bytes`);
    return no(code === 'Z_BUF_ERROR' ? 'it is cut off' : 'it is no gzip file, or damaged');
  }
  return readTar(tar);
}

/** The ustar format with the long names of GNU and PAX: https://www.gnu.org/software/tar/manual/html_node/Standard.html */
function readTar(tar: Buffer): Archive {
  const files = new Map<string, Buffer>();
  let longName: string | undefined;
  let at = 0;
  for (;;) {
    const header = tar.subarray(at, at + BLOCK);
    if (header.length < BLOCK) return no('it is cut off');
    if (isZero(header)) return isPadding(tar.subarray(at)) ? { ok: true, files } : no('something follows its end');
    const fault = faultOfHeader(header);
    if (fault !== undefined) return no(fault);
    const size = octal(header.subarray(124, 136));
    const from = at + BLOCK;
    if (size === undefined || from + size > tar.length) return no('it is cut off');
    const content = tar.subarray(from, from + size);
    at = from + Math.ceil(size / BLOCK) * BLOCK;
    const kind = String.fromCharCode(header[156] ?? 0);
    if (kind === 'x' || kind === 'L') {
      const named: NameInPax = kind === 'L' ? { name: textOf(content) } : nameInPax(content);
      if (named.why !== undefined || (kind === 'L' && named.name === undefined)) return no(named.why ?? BAD_NAME);
      longName = named.name ?? longName;
      continue;
    }
    const name = normalName(longName ?? shortName(header));
    longName = undefined;
    if (kind === '5' && name !== undefined) continue;
    if (name === undefined || name === '') return no(BAD_NAME);
    if (kind !== '0' && kind !== '\0') return no(`\`${name}\` in it is not a plain file`);
    if (files.has(name)) return no(`\`${name}\` is in it twice`);
    if (files.size >= ARCHIVE_LIMITS.files) return no(`it holds more than ${ARCHIVE_LIMITS.files} files`);
    files.set(name, content);
  }
}

/** The same files as the plainest tar there is, so that the next reader sees exactly what this one has checked. */
export function plainTar(files: ReadonlyMap<string, Buffer>): Buffer | string {
  const parts: Buffer[] = [];
  for (const [name, content] of files) {
    const split = splitName(name);
    if (split === undefined) return `the name \`${name.slice(0, 80)}\` in it is too long`;
    const header = Buffer.alloc(BLOCK);
    header.write(split.name, 0);
    header.write('0000600\0', 100);
    header.write('0000000\0', 108);
    header.write('0000000\0', 116);
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136);
    header.write('        ', 148);
    header.write('0', 156);
    header.write('ustar\x0000', 257);
    header.write(split.prefix, 345);
    header.write(`${sumOf(header).toString(8).padStart(6, '0')}\0 `, 148);
    parts.push(header, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK));
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(parts);
}

function splitName(name: string): { readonly name: string; readonly prefix: string } | undefined {
  if (Buffer.byteLength(name) <= 100) return { name, prefix: '' };
  for (let at = name.indexOf('/'); at !== -1; at = name.indexOf('/', at + 1)) {
    const parts = { prefix: name.slice(0, at), name: name.slice(at + 1) };
    if (Buffer.byteLength(parts.prefix) <= 155 && Buffer.byteLength(parts.name) <= 100) return parts;
  }
  return undefined;
}

function faultOfHeader(header: Buffer): string | undefined {
  const said = octal(header.subarray(148, 156));
  const blank = Buffer.from(header);
  blank.fill(0x20, 148, 156);
  return said === sumOf(blank) ? undefined : 'it is no tar file, or damaged';
}

function sumOf(header: Buffer): number {
  return header.reduce((sum, byte) => sum + byte, 0);
}

function shortName(header: Buffer): string | undefined {
  const name = textOf(header.subarray(0, 100));
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? textOf(header.subarray(345, 500)) : '';
  return name === undefined || prefix === undefined || prefix === '' ? name : `${prefix}/${name}`;
}

interface NameInPax {
  readonly name?: string | undefined;
  readonly why?: string;
}

/** Records of `LENGTH KEY=VALUE\n`. What would change which bytes a file has is refused. */
function nameInPax(content: Buffer): NameInPax {
  let name: string | undefined;
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at);
    const length = space === -1 ? Number.NaN : Number(content.toString('latin1', at, space));
    const record = content.subarray(space + 1, at + length - 1);
    const equals = record.indexOf(0x3d);
    if (!Number.isSafeInteger(length) || length <= space - at || at + length > content.length || equals < 1)
      return { why: 'it is no tar file, or damaged' };
    const key = record.toString('latin1', 0, equals);
    if (key === 'path') {
      name = textOf(record.subarray(equals + 1));
      if (name === undefined) return { why: BAD_NAME };
    } else if (key === 'size' || key === 'linkpath' || key.startsWith('GNU.'))
      return { why: `it uses the extension \`${key.slice(0, 40)}\`` };
    at += length;
  }
  return { name };
}

/** Without a leading `/` or `./`; `undefined` where it could mean another place. */
function normalName(name: string | undefined): string | undefined {
  const bare = name?.replace(/^(\.?\/)+/, '').replace(/\/$/, '');
  if (bare === undefined || bare === '' || bare === '.') return bare === '.' ? '' : bare;
  if (/[\\\p{Cc}]/u.test(bare)) return undefined;
  return bare.split('/').some((part) => part === '' || part === '.' || part === '..') ? undefined : bare;
}

/** Up to the first NUL; `undefined` where it is not UTF-8. */
function textOf(field: Buffer): string | undefined {
  const end = field.indexOf(0);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(end === -1 ? field : field.subarray(0, end));
  } catch {
    return undefined;
  }
}

function octal(field: Buffer): number | undefined {
  const digits = /^ *([0-7]{1,11})[ \0]*$/.exec(field.toString('latin1'))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

function isPadding(rest: Buffer): boolean {
  return rest.length <= PADDING_BYTES && isZero(rest);
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
