import type { Action } from '../../core/attempt.ts';
import { fileAction, hostPath } from '../hooks/hook.ts';

const MOST_FILES = 1_000;

/**
 * The file actions of a patch in the form that Codex and OpenCode know: `*** Add File: x`, `*** Update File: x`,
 * `*** Move to: y`, `*** Delete File: x`. What an update puts in is its added lines.
 */
export function patchActions(patch: string, cwd: string): readonly Action[] {
  const actions: Action[] = [];
  const section = { op: 'none' as 'none' | 'write' | 'delete', path: '', added: [] as string[] };
  const close = (): void => {
    const path = hostPath(section.path, cwd, {});
    if (section.op !== 'none' && path !== undefined && actions.length < MOST_FILES)
      actions.push(
        fileAction(cwd, {
          op: section.op,
          path,
          tool: 'apply_patch',
          ...(section.op === 'write' ? { content: section.added.join('\n') } : {}),
        }),
      );
    section.op = 'none';
    section.added = [];
  };
  for (const line of patch.split('\n')) {
    const head = /^\*\*\* (Add|Update|Delete) File: (.+?)\r?$/.exec(line);
    const moved = /^\*\*\* Move to: (.+?)\r?$/.exec(line);
    if (head !== null) {
      close();
      section.op = head[1] === 'Delete' ? 'delete' : 'write';
      section.path = head[2] ?? '';
    } else if (moved !== null && section.op === 'write') {
      const from = section.path;
      section.op = 'delete';
      close();
      section.op = 'write';
      section.path = moved[1] ?? from;
    } else if (line.startsWith('+') && section.op === 'write') section.added.push(line.slice(1));
  }
  close();
  return actions;
}
