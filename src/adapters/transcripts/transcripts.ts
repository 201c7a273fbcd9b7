import { lstatSync } from 'node:fs';
import path from 'node:path';
import type { TranscriptFile, TranscriptPlace, TranscriptRecord, Transcripts } from '../../ports/transcripts.ts';
import { TRANSCRIPT_LIMITS } from './limits.ts';
import { partsOfDatabase, partsOfSession } from './opencode-store.ts';
import { filesBelow, isFolder, linesOfFile, wholeFile } from './plain-file.ts';

export interface TranscriptsOptions {
  readonly home: string;
  /** The variables by which agents are told to keep their files elsewhere. */
  readonly env: {
    readonly CLAUDE_CONFIG_DIR?: string | undefined;
    readonly CODEX_HOME?: string | undefined;
    readonly GEMINI_CLI_HOME?: string | undefined;
    readonly XDG_DATA_HOME?: string | undefined;
  };
}

interface Layout {
  readonly folder: string;
  /** What is looked for in the folder, for people. */
  readonly pattern: string;
  matches(relative: string): boolean;
}

/** The transcripts of this account's agents. */
export function openTranscripts(options: TranscriptsOptions): Transcripts {
  const { home, env } = options;
  const data = path.join(env.XDG_DATA_HOME ?? path.join(home, '.local/share'), 'opencode');
  const storage = path.join(data, 'storage');

  function layouts(agent: string): readonly Layout[] {
    switch (agent) {
      case 'claude-code': {
        const folder = path.join(env.CLAUDE_CONFIG_DIR ?? path.join(home, '.claude'), 'projects');
        return [{ folder, pattern: '**/*.jsonl', matches: (name) => name.endsWith('.jsonl') }];
      }
      case 'codex': {
        const root = env.CODEX_HOME ?? path.join(home, '.codex');
        const matches = (name: string): boolean => /(^|\/)rollout-[^/]*\.jsonl$/.test(name);
        return ['sessions', 'archived_sessions'].map((name) => ({
          folder: path.join(root, name),
          pattern: '**/rollout-*.jsonl',
          matches,
        }));
      }
      case 'gemini': {
        const folder = path.join(env.GEMINI_CLI_HOME ?? home, '.gemini/tmp');
        return [
          { folder, pattern: '*/chats/**/*.json(l)', matches: (name) => /^[^/]+\/chats\/.+\.jsonl?$/.test(name) },
        ];
      }
      case 'opencode':
        return [
          { folder: data, pattern: 'opencode*.db', matches: (name) => /^opencode[^/]*\.db$/.test(name) },
          {
            folder: path.join(storage, 'session'),
            pattern: '*/*.json',
            matches: (name) => /^[^/]+\/[^/]+\.json$/.test(name),
          },
        ];
      default:
        return [];
    }
  }

  return {
    places: (agent, sinceMs) =>
      layouts(agent).map(
        (layout): TranscriptPlace => ({
          looked: path.join(layout.folder, layout.pattern),
          found: isFolder(layout.folder),
          files: filesBelow(layout.folder, (name) => layout.matches(name), sinceMs),
        }),
      ),
    records(agent, file) {
      if (agent === 'opencode')
        return file.path.endsWith('.db') ? partsOfDatabase(file.path) : partsOfSession(storage, file.path);
      const session = path.basename(file.path).replace(/\.jsonl?$/, '');
      if (agent !== 'gemini') return linesOfFile(file.path, session, '');
      // The folder of a project is named in a file beside its sessions; older versions name only a digest of it.
      const project = file.path.slice(0, file.path.lastIndexOf('/chats/'));
      const root = (wholeFile(path.join(project, '.project_root'), 64 * 1024) ?? '').trim();
      const cwd = root.startsWith('/') ? root : '';
      return file.path.endsWith('.jsonl') ? linesOfFile(file.path, session, cwd) : document(file, session, cwd);
    },
  };
}

function* document(file: TranscriptFile, session: string, cwd: string): Generator<TranscriptRecord> {
  const text = wholeFile(file.path, TRANSCRIPT_LIMITS.documentBytes);
  if (text !== undefined) yield { kind: 'text', text, session, cwd };
  else if (lstatSync(file.path, { throwIfNoEntry: false })?.isFile() === true)
    yield { kind: 'too-long', bytes: file.bytes };
  else yield { kind: 'unreadable', why: 'not a plain file' };
}
