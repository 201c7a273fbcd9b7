import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { claudeCacheDir } from '../src/apps/replay/claude-client.ts';

/** What tests and benches use of PyPI: each set in a virtual environment of its own, outside of the checkout. */
export const PYTHON_TOOLS = {
  httpx: ['httpx[http2]==0.28.1', 'h2==4.4.1'],
  mitmproxy: ['mitmproxy==11.0.2'],
} as const;
export type PythonTool = keyof typeof PYTHON_TOOLS;

const INSTALL_TIMEOUT_MS = 5 * 60 * 1000;

function folderOf(tool: PythonTool): string {
  return path.join(claudeCacheDir(process.env), `python-${tool}-${PYTHON_TOOLS[tool][0].split('==')[1]}`);
}

/** Absolute path of a program in the environment of a tool, or `undefined`. Looks at the disk only. */
export function pythonTool(tool: PythonTool, program = 'python'): string | undefined {
  const file = path.join(folderOf(tool), 'bin', program);
  return existsSync(file) ? file : undefined;
}

/** Says why it cannot be had, or `undefined` once it is there. */
export function installPythonTool(tool: PythonTool): string | undefined {
  if (pythonTool(tool) !== undefined) return undefined;
  const folder = folderOf(tool);
  const run = (program: string, args: readonly string[]): string | undefined => {
    const ran = spawnSync(program, args, { encoding: 'utf8', timeout: INSTALL_TIMEOUT_MS });
    if (ran.error !== undefined) return ran.error.message;
    const last = `${ran.stdout}${ran.stderr}`.trim().split('\n').at(-1) ?? '';
    return ran.status === 0 ? undefined : `${path.basename(program)}: ${last.slice(0, 200)}`;
  };
  mkdirSync(path.dirname(folder), { recursive: true });
  const why =
    run('python3', ['-m', 'venv', folder]) ??
    run(path.join(folder, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', ...PYTHON_TOOLS[tool]]);
  // A folder that is there counts as whole.
  if (why !== undefined) rmSync(folder, { recursive: true, force: true });
  return why;
}
