import { claudeTranscript } from './claude-code.ts';
import { codexTranscript } from './codex.ts';
import { geminiTranscript } from './gemini.ts';
import { opencodeTranscript } from './opencode.ts';
import type { TranscriptAgent, TranscriptParser } from './transcript.ts';

/** A parser for one transcript of that agent. `home`: what a leading `~` in a path stands for. */
export function transcriptParser(agent: TranscriptAgent, home: string): TranscriptParser {
  switch (agent) {
    case 'claude-code':
      return claudeTranscript(home);
    case 'codex':
      return codexTranscript();
    case 'gemini':
      return geminiTranscript(home);
    case 'opencode':
      return opencodeTranscript(home);
    default:
      return agent satisfies never;
  }
}
