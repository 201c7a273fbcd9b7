import type { Json } from '../../../src/core/canonical-json.ts';
import { type Danger, worstDanger } from '../../../src/core/danger.ts';
import type { Effect } from '../../../src/core/effect.ts';
import type { FileRecoveryFact } from '../../../src/core/facts.ts';
import { known, unknown } from '../../../src/core/tri.ts';
import { readHttp } from '../../../src/languages/http/read-http.ts';
import { makeShellReader } from '../../../src/languages/shell/read-shell.ts';
import { loadPrograms } from '../../program-parser.ts';

await loadPrograms();

const read = makeShellReader({ http: readHttp });

/** A disk of the imagination: what stands in neither list does not exist. The workspace is `/w`. */
export interface SeenWorld {
  readonly files?: { readonly [path: string]: Partial<FileRecoveryFact> };
  /** `null`: there, but not to be read. */
  readonly texts?: { readonly [path: string]: string | null };
  readonly facts?: { readonly [key: string]: Json };
}

export function effectsIn(world: SeenWorld, text: string, cwd = '/w'): readonly Effect[] {
  return read(
    { kind: 'shell', bytes: new TextEncoder().encode(text) },
    {
      workspace: '/w',
      cwd,
      fact: (check, about) => {
        const path = about.path[0] ?? '';
        const stated = world.facts?.[`${check}:${about.path.join(' ')}`];
        if (stated !== undefined) return known(stated);
        if (check === 'content') {
          const content = world.texts?.[path];
          return typeof content === 'string'
            ? known({ text: content, digest: '', size: content.length })
            : unknown('cannot be read');
        }
        if (check !== 'recovery') return unknown('nobody knows');
        const plain = path.replace(/(.)\/$/, '$1');
        const there =
          world.files?.[path] ?? world.files?.[plain] ?? (world.texts?.[path] === undefined ? undefined : {});
        if (path.includes('**')) return unknown('`**` means different things to different shells');
        const fact: FileRecoveryFact = {
          exists: there !== undefined,
          type: there === undefined ? 'none' : 'file',
          realPath: world.files?.[path] === undefined ? plain : path,
          insideWorkspace: path.startsWith('/w/'),
          temporary: false,
          trackedAndClean: false,
          regenerable: false,
          madeByTask: false,
          files: there === undefined ? 0 : 1,
          filesCapped: false,
          bytes: 1,
          irreplaceable: there === undefined ? [] : ['it'],
          ...there,
        };
        return known({ ...fact } as Json);
      },
    },
  ).effects;
}

export function dangerIn(world: SeenWorld, text: string, cwd?: string): Danger {
  return worstDanger(effectsIn(world, text, cwd));
}
