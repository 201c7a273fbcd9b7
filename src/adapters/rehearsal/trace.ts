import { readFileSync, statSync } from 'node:fs';

/** Where the sandbox shows the folder that the tracer writes to. */
export const TRACE_FOLDER = '/run/rehearsal';
const TRACE_NAME = 'started';
const MAX_TRACE_BYTES = 8 * 1024 * 1024;
const MAX_STARTED = 2_000;

/** Follows every process and writes down the programs that were really started. */
export function traceArguments(tracer: string): readonly string[] {
  return [tracer, '-f', '-qq', '-xx', '-s', '65536', '-e', 'trace=execve', '-e', 'signal=none', '-z'].concat([
    '-o',
    `${TRACE_FOLDER}/${TRACE_NAME}`,
    '--',
  ]);
}

/** SECURITY: the command could write this file too: for reports, never for taking an effect away. */
export function readStarted(folder: string): readonly (readonly string[])[] {
  const file = `${folder}/${TRACE_NAME}`;
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat?.isFile() !== true || stat.size > MAX_TRACE_BYTES) return [];
  const started: string[][] = [];
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    const [, file_, list] = /execve\("([^"]*)", \[(.*)\], 0x/.exec(line) ?? [];
    if (file_ === undefined || list === undefined) continue;
    const words = [...list.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex = '']) => fromHex(hex));
    // The program's own idea of its name may be any.
    started.push([fromHex(file_), ...words.slice(1)]);
    if (started.length >= MAX_STARTED) break;
  }
  // The first is the shell that the command was given to.
  return started.slice(1);
}

function fromHex(escaped: string): string {
  return Buffer.from(escaped.replaceAll('\\x', ''), 'hex').toString('utf8');
}
