import { isPush } from '../../languages/http/git-requests.ts';
import { readRefCommands } from '../../languages/http/receive-pack.ts';

export function isGitPush(method: string, url: string, contentType: readonly string[] | undefined): boolean {
  const { pathname, searchParams } = new URL(url);
  return isPush({ method, path: pathname, search: searchParams, contentType: contentType?.join(', ') ?? '' });
}

/** The commands of a push as they stand in its body, without the pack: the object names in them bind what follows. */
export function commandsOfPush(bytes: Uint8Array): string | undefined {
  const read = readRefCommands(bytes);
  return read.ok
    ? new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, read.endBytes))
    : undefined;
}
