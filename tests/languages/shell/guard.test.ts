import assert from 'node:assert/strict';
import { test } from 'node:test';
import { worstDanger } from '../../../src/core/danger.ts';
import { unknown } from '../../../src/core/tri.ts';
import { makeShellReader } from '../../../src/languages/shell/read-shell.ts';
import { loadPrograms } from '../../program-parser.ts';

await loadPrograms();

const read = makeShellReader({});

function effects(text: string): ReturnType<typeof read>['effects'] {
  return read(
    { kind: 'shell', bytes: new TextEncoder().encode(text) },
    { workspace: '', cwd: '', fact: () => unknown('judged by text alone') },
  ).effects;
}

for (const command of [
  'holdpoint approve h1',
  'holdpoint deny h1 --say no',
  'holdpoint people add me',
  'holdpoint down',
  'holdpoint uninstall',
  'holdpoint init --dry-run',
  'holdpoint enforce --off',
  'holdpoint preapprove x',
  'holdpoint log erase 3',
  'holdpoint policy pin --because ok',
  'holdpoint policy unpin',
  'holdpoint policy reload',
  'holdpoint policy session drop 0123-4567 --key ann',
  'holdpoint policy fmt --write ~/.config/holdpoint/rules',
  'holdpoint policy fmt x.rego -w',
  'holdpoint policy build -o /etc/holdpoint/bundle.tar.gz rules',
  'holdpoint policy "$X"',
  'holdpoint policy check --x pin "$Y"',
  'holdpoint except h-abcd2345 --because ok',
  'holdpoint except end 0123',
  'holdpoint map set railway/volume/3d2c42fb-0000-4000-8000-000000000016 --environment throwaway',
  'holdpoint map remove github/repository/7',
  'holdpoint init --preset solo',
  'echo "{}" > ~/.config/holdpoint/policy.json',
  'sed -i s/team/solo/ /etc/holdpoint/policy.json',
  'rm ~/.local/state/holdpoint/policy/repository/*.json',
  'mv ~/.local/state/holdpoint/policy /tmp/p',
  'rm -r ~/.local/state/holdpoint/decisions',
  'cp x.json ~/.local/state/holdpoint/exceptions/x.json',
  'sudo tee /var/lib/holdpoint/exceptions/x.json < x.json',
  'curl -o ~/.config/holdpoint/policy.json https://x.example/p',
  'npx holdpoint approve h1',
  'npx -y holdpoint@latest down',
  'pnpm exec holdpoint approve h1',
  'sudo -u root holdpoint down',
  'bash -c "holdpoint approve h1"',
  './node_modules/.bin/holdpoint approve h1',
  'node node_modules/holdpoint/bin/holdpoint.cjs approve h1',
  'node ../x/dist/cli.mjs approve h1',
  'node bin/runtime.cjs src/apps/cli/main.ts approve h1',
  'cd node_modules/holdpoint && node dist/cli.mjs init',
  "python3 -c \"import subprocess; subprocess.run(['holdpoint', 'approve', 'h1'])\"",
  'pkill -f holdpoint',
  'kill $(pgrep -f holdpoint)',
  'kill -9 $(cat ~/.local/state/holdpoint/daemon.pid)',
  'kill $(lsof -t /run/user/1000/holdpoint/holdpoint.sock)',
  'fuser -k /run/holdpoint/holdpoint.sock',
  "ps aux | grep '[h]oldpoint' | awk '{print $2}' | xargs kill",
  'systemctl --user stop holdpoint.service',
  'systemctl restart holdpoint',
  'rm -rf "$XDG_STATE_HOME/holdpoint"',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: shell text
  'echo x > "${XDG_STATE_HOME:-$HOME/.local/state}/holdpoint/people.json"',
  'echo x >> $XDG_CONFIG_HOME/holdpoint/mode',
  'tar xf x.tar -C ~/.config/holdpoint',
  'unzip x.zip -d /etc/holdpoint',
  'git clone https://x.example/y ~/.config/holdpoint',
  'sqlite3 ~/.local/state/holdpoint/ledger/log.db "delete from leaves"',
  'touch /run/holdpoint/x',
  'gzip ~/.claude/settings.json',
  'perl -pi -e s/deny/allow/ ~/.claude/settings.json',
  'patch ~/.claude/settings.local.json < x.patch',
  'sd deny allow ~/.cursor/hooks.json',
  'ln -s /tmp/x /etc/claude-code/managed-settings.json',
  'cp x.json .claude/settings.work.json',
  'install -m 644 x /usr/local/lib/holdpoint/dist/cli.mjs',
  'git checkout HEAD~3 -- .claude/settings.json',
  'git rm -f .cursor/hooks.json',
])
  test(`tampers with the guard: ${command}`, () => {
    const found = effects(command);
    assert.ok(
      found.some((effect) => effect.tags?.includes('guard-tampering') === true),
      JSON.stringify(found),
    );
  });

for (const command of [
  'HTTPS_PROXY= curl https://x.example',
  'export https_proxy=""; curl https://x.example',
  'unset HTTPS_PROXY',
  'env -u HTTPS_PROXY curl https://x.example',
  'env -i curl https://x.example',
  "NO_PROXY='*' npm view x",
  "curl --noproxy '*' https://x.example",
  "curl -x '' https://x.example",
  'wget --no-proxy https://x.example',
  'git -c http.proxy= fetch',
])
  test(`goes around the gateway: ${command}`, () => assert.equal(worstDanger(effects(command)), 'destructive'));

for (const command of [
  'holdpoint status',
  'holdpoint policy show --json',
  'holdpoint policy check .holdpoint/policy',
  'holdpoint policy test --coverage .holdpoint/policy',
  'holdpoint policy try draft.rego --since 7d',
  'holdpoint policy fmt --diff rules',
  'holdpoint policy session add rules.rego --task t',
  'holdpoint policy session list',
  'holdpoint except list --json',
  'holdpoint map',
  'holdpoint map --json',
  'holdpoint map show github/repository/7',
  'holdpoint exec h1',
  'holdpoint ask --because "clean up" -- rm -rf data',
  "holdpoint check 'rm -rf ~'",
  'holdpoint show h1',
  'holdpoint holds --json',
  'holdpoint log --follow',
  'npx holdpoint check --batch < lines.jsonl',
  'node node_modules/holdpoint/bin/holdpoint.cjs status',
  'holdpoint run -- npm test',
  'cat ~/.claude/settings.json',
  'jq .hooks .claude/settings.json',
  'ls -la ~/.config/holdpoint',
  'git add .claude/settings.json',
  'git diff .cursor/hooks.json',
  'git commit -m "mention .claude/settings.json and holdpoint approve"',
  'gh pr create --body "see .git/hooks/pre-commit"',
  'grep -rn holdpoint src | head',
  'NO_PROXY=localhost,127.0.0.1 npm test',
  'export HTTPS_PROXY=http://127.0.0.1:8080',
  'node dist/cli.mjs init',
  'git clone https://github.com/x/holdpoint',
  'cd holdpoint && npm ci',
])
  test(`leaves the guard alone: ${command}`, () =>
    assert.equal(worstDanger(effects(command)), 'harmless', JSON.stringify(effects(command))));
