/**
 * Identity of a thing in the world, and nothing more: environment, names and owners are evidence.
 * `system`: `file`, `git`, `postgres`, `railway`, `http`, `mcp`, `host`, ...; `kind` within it: `path`, `volume`, `table`, ...
 * `path`: from the widest container to the thing itself, exact strings (absolute for files).
 */
export interface ResourceRef {
  readonly system: string;
  readonly kind: string;
  readonly path: readonly string[];
}

/** A stable text for a resource, for keys of maps and for messages. */
export function resourceKey(ref: ResourceRef): string {
  return [ref.system, ref.kind, ...ref.path].map((part) => encodeURIComponent(part.toWellFormed())).join('/');
}
