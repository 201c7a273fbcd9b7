import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';

/** The person's own terminal, whatever standard input and output are connected to. */
export interface Terminal {
  write(text: string): void;
  /** One line without echo. `undefined` where the person gave up (Ctrl-C, Ctrl-D, hang-up) or wrote far too much. */
  askSecret(prompt: string): Promise<string | undefined>;
  close(): void;
}

const MAX_SECRET_BYTES = 1024;

/**
 * Opens `/dev/tty`; `undefined` where the process has none. SECURITY: this keeps pipes and scripts out, no more: an
 * agent can open a pseudo-terminal of its own. What an approval rests on is the passphrase.
 */
export function openTerminal(path = '/dev/tty'): Terminal | undefined {
  let output: number;
  let stream: ReadStream;
  try {
    output = openSync(path, 'w');
  } catch {
    return undefined;
  }
  try {
    stream = new ReadStream(openSync(path, 'r'));
  } catch {
    closeSync(output);
    return undefined;
  }
  stream.pause();
  const write = (text: string): void => {
    writeSync(output, text);
  };
  return {
    write,
    askSecret: (prompt) => readSecret(stream, write, prompt),
    close() {
      stream.destroy();
      closeSync(output);
    },
  };
}

function readSecret(stream: ReadStream, write: (text: string) => void, prompt: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let typed: number[] = [];
    const restore = (): void => {
      if (!stream.destroyed) stream.setRawMode(false);
    };
    // The terminal must have its echo back however this process ends.
    const onSignal = (signal: NodeJS.Signals): void => {
      finish(undefined);
      process.kill(process.pid, signal);
    };
    const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
    const finish = (secret: string | undefined): void => {
      restore();
      stream.pause();
      stream.off('data', onData);
      stream.off('end', onEnd);
      stream.off('error', onEnd);
      process.off('exit', restore);
      for (const signal of signals) process.off(signal, onSignal);
      typed.fill(0);
      try {
        write('\n');
      } catch {
        // The terminal hung up; there is nobody left to read the line.
      }
      resolve(secret);
    };
    const onEnd = (): void => finish(undefined);
    const done = (byte: number): boolean => {
      if (byte === 0x0d || byte === 0x0a) finish(new TextDecoder().decode(Uint8Array.from(typed)));
      else if (byte === 0x03 || byte === 0x04 || byte === 0x1c || typed.length >= MAX_SECRET_BYTES) finish(undefined);
      else {
        if (byte === 0x15) typed = [];
        else if (byte === 0x7f || byte === 0x08) typed = withoutLastChar(typed);
        else if (byte >= 0x20) typed.push(byte);
        return false;
      }
      return true;
    };
    const onData = (chunk: Buffer): void => {
      chunk.some(done);
      chunk.fill(0);
    };
    process.once('exit', restore);
    for (const signal of signals) process.once(signal, onSignal);
    stream.on('data', onData);
    stream.on('end', onEnd);
    stream.on('error', onEnd);
    try {
      // Echo goes off before the prompt asks for anything.
      stream.setRawMode(true);
      write(prompt);
    } catch {
      finish(undefined);
      return;
    }
    stream.resume();
  });
}

/** UTF-8: the continuation bytes go with their first byte. */
function withoutLastChar(bytes: readonly number[]): number[] {
  const start = bytes.findLastIndex((byte) => (byte & 0xc0) !== 0x80);
  return bytes.slice(0, Math.max(0, start));
}
