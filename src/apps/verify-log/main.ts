import { verifyLogCommand } from './command.ts';

process.exitCode = verifyLogCommand(
  process.argv.slice(2),
  (text) => process.stdout.write(text),
  (text) => process.stderr.write(text),
);
