import type { Duplex, Readable } from 'node:stream';

/** How long, and how much, is read from a client that was refused and goes on sending. */
const LIMITS = { quietMs: 1_000, wholeMs: 5_000, bytes: 64 * 1024 * 1024 } as const;

/**
 * Reads on and throws away. A connection that is closed on unread bytes is reset, and a client that reads only after it
 * has written everything would lose the refusal to that. Resolves when enough was read; never rejects.
 */
export function linger(stream: Readable): Promise<void> {
  if (stream.readableEnded || stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let bytes = 0;
    const settle = (): void => {
      clearTimeout(whole);
      clearTimeout(quiet);
      stream.off('data', onData).off('end', settle).off('error', settle).off('close', settle);
      resolve();
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      quiet.refresh();
      if (bytes > LIMITS.bytes) settle();
    };
    const whole = setTimeout(settle, LIMITS.wholeMs);
    const quiet = setTimeout(settle, LIMITS.quietMs);
    stream.on('data', onData).once('end', settle).once('error', settle).once('close', settle);
    stream.resume();
  });
}

/** Says the last word and closes our side; the other may finish its sentence. The whole is bounded in time. */
export function endWith(socket: Duplex, text: string): void {
  const cut = setTimeout(() => socket.destroy(), 2 * LIMITS.wholeMs);
  socket.once('close', () => clearTimeout(cut));
  const flushed = new Promise<void>((resolve) => socket.end(text, () => resolve()));
  void Promise.all([flushed, linger(socket)]).then(() => socket.destroy());
}
