import { readFileSync } from 'node:fs';
import { HELP, helpFor } from './help.ts';
import { EXIT, type Io, processIo } from './io.ts';

export async function main(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined) {
    io.err(HELP);
    return EXIT.usage;
  }
  if (name === '--version' || name === 'version') {
    io.out(`${version()}\n`);
    return EXIT.ok;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    const text = helpFor(args[0], args[1]);
    if (text === undefined) return unknownCommand(io, args[0] ?? '');
    io.out(text);
    return EXIT.ok;
  }
  if (helpFor(name) === undefined) return unknownCommand(io, name);
  const dashes = args.indexOf('--');
  if ((dashes === -1 ? args : args.slice(0, dashes)).some((arg) => arg === '--help' || arg === '-h')) {
    io.out(helpFor(name, args[0]) ?? HELP);
    return EXIT.ok;
  }
  // Loaded only now: help and mistakes answer without it.
  const { runCommand } = await import('./commands.ts');
  return runCommand(name, args, io, version());
}

function unknownCommand(io: Io, name: string): number {
  io.err(`holdpoint: no command \`${name}\`; \`holdpoint help\` lists them\n`);
  return EXIT.usage;
}

export function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

if (import.meta.main) {
  const io = processIo();
  // The one catch of this app: whatever breaks, nothing was let through.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.internal),
  );
  try {
    process.exitCode = await main(process.argv.slice(2), io);
  } catch (error) {
    io.err(`holdpoint: internal error: ${error instanceof Error ? error.message : String(error)}\n`);
    if (io.env.HOLDPOINT_TRACE !== undefined && error instanceof Error) io.err(`${error.stack ?? ''}\n`);
    process.exitCode = EXIT.internal;
  }
}
