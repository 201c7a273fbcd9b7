import type { HttpRequest } from './request.ts';

/** The ways in which a server may cut a path into segments. */
export interface Cuts {
  /** As `request.segments`: everything decoded, then cut. */
  readonly decodedFirst: readonly string[];
  /** Cut where the slashes stand on the wire, then decoded once: `group%2Fproject` is one segment. */
  readonly cutFirst: readonly string[];
  /** The path can be read in one way only. */
  readonly isPlain: boolean;
}

export function cutsOf(request: HttpRequest): Cuts {
  const raw = request.url.pathname.split('/').filter((segment) => segment !== '');
  const cutFirst = raw.map((segment) => {
    try {
      return decodeURIComponent(segment);
    } catch {
      return segment;
    }
  });
  const { segments } = request;
  const isSame = cutFirst.length === segments.length && cutFirst.every((segment, at) => segment === segments[at]);
  return { decodedFirst: segments, cutFirst, isPlain: isSame && !/\/\//.test(request.url.pathname) };
}
