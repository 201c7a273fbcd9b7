import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { claudeCacheDir } from '../../src/apps/replay/claude-client.ts';

const PACKAGE = '@cedar-policy/cedar-wasm';
const RULES = 60;

interface Cedar {
  isAuthorized(call: object): { readonly type: string };
}

/** Micros of single requests over 60 policies, or why there are none. The package is fetched into the cache for tests. */
export async function cedarMicros(runs: number): Promise<readonly number[] | string> {
  const folder = path.join(claudeCacheDir(process.env), 'cedar');
  try {
    if (!existsSync(path.join(folder, 'node_modules', PACKAGE))) {
      mkdirSync(folder, { recursive: true });
      const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--prefix', folder];
      execFileSync('npm', ['install', ...flags, PACKAGE], { stdio: ['ignore', 'ignore', 'pipe'], timeout: 120_000 });
    }
    const cedar = createRequire(path.join(folder, 'package.json'))(`${PACKAGE}/nodejs`) as Cedar;
    const staticPolicies = Array.from(
      { length: RULES },
      (_, index) =>
        `forbid(principal, action == Action::"verb${index}", resource) when { context.danger == "destructive" && context.tags.contains("tag${index}") };`,
    ).join('\n');
    const call = {
      principal: { type: 'Agent', id: 'claude-code' },
      action: { type: 'Action', id: 'verb7' },
      resource: { type: 'Volume', id: 'volume-1' },
      context: { danger: 'destructive', tags: ['tag7'] },
      policies: { staticPolicies: `permit(principal, action, resource);\n${staticPolicies}` },
      entities: [],
    };
    const micros: number[] = [];
    for (let index = 0; index < 2 * runs; index += 1) {
      const startedMs = performance.now();
      const answer = cedar.isAuthorized(call);
      if (index >= runs) micros.push((performance.now() - startedMs) * 1_000);
      if (answer.type !== 'success') return `it answered ${JSON.stringify(answer).slice(0, 200)}`;
    }
    return micros;
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  }
}
