import type { Paths } from '../../paths.ts';
import { askAsOwner } from '../client.ts';
import { failed, usage } from '../holds.ts';
import { EXIT, type Io } from '../io.ts';

/** `holdpoint policy reload`: has the daemon read all policy anew. */
export async function runPolicyReload(
  argv: readonly string[],
  io: Io,
  deps: { readonly paths: Paths },
): Promise<number> {
  if (argv.length > 0) return usage(io, `policy reload: cannot use \`${argv.join(' ')}\``);
  const reply = await askAsOwner(deps.paths, { op: 'policy-reload' });
  if (!reply.ok) return failed(io, reply);
  io.out('reloaded; `holdpoint policy show` lists what is in force\n');
  return EXIT.ok;
}
