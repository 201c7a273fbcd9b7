import { readPacketLines } from './receive-pack.ts';

/** What says that a request is a git client's. */
export interface GitRequestShape {
  readonly method: string;
  readonly path: string;
  readonly search: URLSearchParams;
  readonly contentType: string;
}

const SERVICES = new Set(['git-upload-pack', 'git-receive-pack']);
const FETCH_LINE =
  /^(command=(ls-refs|fetch|object-info)|agent=|object-format=|session-id=|server-option=|want |have |done|shallow |deepen |deepen-since |deepen-not |deepen-relative|filter |thin-pack|no-progress|include-tag|ofs-delta|sideband-all|packfile-uris|wait-for-done|peel|symrefs|unborn|ref-prefix |want-ref |size|oid )/;

/** `GET …/info/refs?service=git-…` and nothing besides. */
export function isRefDiscovery(shape: GitRequestShape): boolean {
  return (
    shape.method === 'GET' &&
    shape.path.endsWith('/info/refs') &&
    [...shape.search.keys()].length === 1 &&
    SERVICES.has(shape.search.get('service') ?? '')
  );
}

export function isPush(shape: GitRequestShape): boolean {
  return isService(shape, 'git-receive-pack');
}

/**
 * SECURITY: path and type alone are a label that any request may carry. The body has to be one that asks for objects,
 * line by line, so that nothing else leaves the machine under this name.
 */
export function uploadPackRequest(shape: GitRequestShape, body: string): boolean {
  if (!isService(shape, 'git-upload-pack')) return false;
  const lines = readPacketLines(new TextEncoder().encode(body));
  return lines?.every((line) => line.length < 1_000 && FETCH_LINE.test(line)) === true;
}

function isService(shape: GitRequestShape, service: string): boolean {
  return (
    shape.method === 'POST' &&
    shape.path.endsWith(`/${service}`) &&
    [...shape.search.keys()].length === 0 &&
    shape.contentType.trim().toLowerCase() === `application/x-${service}-request`
  );
}
