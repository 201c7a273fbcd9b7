// Installs the real Claude Code client for the tests that drive it. CI always runs this; elsewhere it is a choice.
import { claudeCacheDir, installClaude } from '../src/apps/replay/claude-client.ts';

const result = await installClaude(claudeCacheDir(process.env), (line) => process.stdout.write(`${line}\n`));
if (result.ok) process.stdout.write(`${result.path}\n`);
else {
  process.stderr.write(`install-claude: ${result.why}\n`);
  process.exitCode = 1;
}
