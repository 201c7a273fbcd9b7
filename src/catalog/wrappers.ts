/** Programs that run another program. `languages/shell` strips them and reads what is inside. */
export interface Wrapper {
  /** The program, then its own subcommand words: `docker compose exec`. `a|b` are alternatives. */
  readonly on: string;
  /** Flags that take the next argument. */
  readonly valued?: string;
  /** Operands before the command: a duration, a host, a container. */
  readonly skip?: number;
  /** `NAME=value` operands before the command set its environment. */
  readonly env?: boolean;
  /** The rest is joined and read as shell text instead of as arguments. */
  readonly text?: boolean;
  /** Flags whose value is shell text to run. */
  readonly scripts?: string;
  /** Runs in another machine or container: paths mean nothing here. */
  readonly elsewhere?: boolean;
  /** Its files vanish with it, unless one of these flags mounts something from outside. */
  readonly throwawayUnless?: string;
  /** Arguments come from standard input too. */
  readonly appendsInput?: boolean;
  /** Only what follows `--` is the command. */
  readonly afterDashes?: boolean;
  /** Without a command: reads standard input as shell text. */
  readonly input?: boolean;
}

const DOCKER_RUN =
  '-v --volume -e --env --name -p --publish --network --net -w --workdir -u --user --entrypoint --mount --env-file -m --memory --cpus --platform --label -l -h --hostname --add-host --restart --gpus --shm-size --tmpfs --ulimit --cap-add --cap-drop --security-opt --device --pull --dns --expose --link --log-driver --log-opt --ip --ipc --pid --userns --volumes-from';
const DOCKER_EXEC = '-e --env -u --user -w --workdir --env-file --index --detach-keys';
const COMPOSE = '-f --file -p --project-name --profile --env-file --project-directory';
const NPX = '-p --package -c --call -w --workspace';

export const WRAPPERS: readonly Wrapper[] = [
  { on: 'sudo', valued: '-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --chdir --chroot', env: true },
  { on: 'doas', valued: '-u -C', env: true },
  { on: 'pkexec|gosu|su-exec', valued: '--user', skip: 0 },
  { on: 'env', valued: '-u --unset -C --chdir --argv0 -a', env: true, scripts: '-S|--split-string' },
  { on: 'nice', valued: '-n --adjustment' },
  { on: 'ionice', valued: '-c -n -p --class --classdata' },
  { on: 'chrt|taskset', skip: 1 },
  {
    on: 'nohup|setsid|unbuffer|xvfb-run|dbus-run-session|fakeroot|eatmydata|prime-run|stdoutisatty|proxychains|proxychains4|torsocks|catchsegv|caffeinate|systemd-inhibit',
    valued: '-t -w -n -s',
  },
  { on: 'timeout|gtimeout', valued: '-k -s --kill-after --signal', skip: 1 },
  { on: 'stdbuf|gstdbuf', valued: '-i -o -e' },
  { on: 'time|gtime', valued: '-f -o --format --output' },
  { on: 'hyperfine', valued: '-w -r -m -M --warmup --runs --export-json --export-markdown -n', text: true },
  { on: 'builtin|noglob|nocorrect' },
  { on: 'exec', valued: '-a' },
  { on: 'strace|ltrace|dtruss', valued: '-o -e -p -s -u -E -a -I -O -S -P -X' },
  { on: 'perf stat|record|trace|mem|c2c|kmem', valued: '-o -e -F -c -p -t -C -r -I --output --event' },
  { on: 'rr record', valued: '-o' },
  { on: 'valgrind|perf|rr|gdbserver', valued: '-o -e' },
  { on: 'logsave', skip: 1 },
  { on: 'guix shell|environment', afterDashes: true },
  { on: 'teller run', afterDashes: true, valued: '-c --config' },
  { on: 'onchange', afterDashes: true },
  { on: 'watch|viddy', valued: '-n -d --interval', text: true },
  { on: 'entr' },
  {
    on: 'xargs|gxargs',
    valued: '-n -I -L -P -d -s -a -E --max-args --replace --max-procs --delimiter --arg-file',
    appendsInput: true,
  },
  {
    on: 'parallel',
    valued: '-j --jobs -I --colsep --delay --joblog --results -n -N -a --arg-file --retries --timeout',
    appendsInput: true,
    text: true,
  },
  { on: 'busybox|toybox' },
  {
    on: 'ssh',
    valued: '-i -p -l -o -F -J -L -R -D -b -c -E -e -I -m -O -Q -S -W -w -B',
    skip: 1,
    text: true,
    elsewhere: true,
    input: false,
  },
  { on: 'mosh|autossh', valued: '-p -i --ssh -M', skip: 1, text: true, elsewhere: true },
  { on: 'sshpass', valued: '-p -f -d -P' },
  {
    on: 'docker|podman|nerdctl run|create',
    valued: DOCKER_RUN,
    skip: 1,
    elsewhere: true,
    throwawayUnless: '-v|--volume|--mount|--privileged|--volumes-from|--device',
  },
  {
    on: 'docker|podman|nerdctl container run',
    valued: DOCKER_RUN,
    skip: 1,
    elsewhere: true,
    throwawayUnless: '-v|--volume|--mount|--privileged|--volumes-from|--device',
  },
  { on: 'docker|podman|nerdctl exec', valued: DOCKER_EXEC, skip: 1, elsewhere: true },
  { on: 'docker|podman|nerdctl container exec', valued: DOCKER_EXEC, skip: 1, elsewhere: true },
  { on: 'docker|podman compose exec', valued: `${DOCKER_EXEC} ${COMPOSE}`, skip: 1, elsewhere: true },
  { on: 'docker|podman compose run', valued: `${DOCKER_RUN} ${COMPOSE}`, skip: 1, elsewhere: true },
  {
    on: 'docker-compose|podman-compose exec|run',
    valued: `${DOCKER_EXEC} ${COMPOSE} --name --entrypoint`,
    skip: 1,
    elsewhere: true,
  },
  {
    on: 'kubectl|oc|k exec',
    valued: '-n --namespace -c --container --context --kubeconfig -f',
    afterDashes: true,
    elsewhere: true,
  },
  {
    on: 'kubectl|oc|k run',
    valued: '-n --namespace --image --context --restart --overrides',
    afterDashes: true,
    elsewhere: true,
  },
  { on: 'lxc|incus exec', skip: 1, elsewhere: true },
  { on: 'vagrant ssh', scripts: '-c|--command', elsewhere: true },
  { on: 'gcloud compute ssh', valued: '--zone --project --ssh-flag', scripts: '--command', elsewhere: true },
  {
    on: 'az vm run-command invoke',
    valued: '-g -n --command-id --resource-group --name',
    scripts: '--scripts',
    elsewhere: true,
  },
  { on: 'heroku run', valued: '-a --app -r --remote -s --size -e --env --type', elsewhere: true, text: true },
  {
    on: 'fly|flyctl ssh console',
    valued: '-a --app -r --region -s -u --user',
    scripts: '-C|--command',
    elsewhere: true,
  },
  { on: 'fly|flyctl machine exec', skip: 1, text: true, elsewhere: true },
  { on: 'railway run', valued: '-s --service -e --environment' },
  { on: 'railway ssh', valued: '-s --service -e --environment -p --project', elsewhere: true, text: true },
  { on: 'render ssh', skip: 1, elsewhere: true, text: true },
  { on: 'eb ssh', valued: '--command', scripts: '-c|--command', elsewhere: true },
  { on: 'nsenter', valued: '-t --target -S -G -W' },
  { on: 'unshare|firejail|bwrap|proot', valued: '-S -G --bind --ro-bind --dev --proc --tmpfs --chdir' },
  { on: 'chroot', valued: '--userspec --groups', skip: 1 },
  { on: 'systemd-run', valued: '-u --unit -p --property --uid --gid --on-calendar --on-active --slice' },
  { on: 'runuser', valued: '-u -g -G --user --group', scripts: '-c|--command' },
  { on: 'su', valued: '-g -G -s --shell --group', skip: 1, scripts: '-c|--command' },
  { on: 'script', valued: '-E -o -B -I -O -T -m', scripts: '-c|--command', skip: 1 },
  { on: 'flock', valued: '-w -E --timeout', skip: 1, scripts: '-c|--command' },
  { on: 'at|batch', valued: '-q -t', skip: 99, input: true },
  {
    on: 'tmux new|new-session|neww|new-window|splitw|split-window|run|run-shell|respawn-pane',
    valued: '-s -n -t -c -x -y -e -F -l -p',
    text: true,
  },
  { on: 'tmux send-keys|send', valued: '-t -N', text: true },
  { on: 'screen', valued: '-S -t -X -p -c -h -L', text: false },
  { on: 'direnv exec', skip: 1 },
  {
    on: 'op|doppler|infisical|dotenvx|envconsul|bws|phase run',
    valued: '--env-file -p --project -c --config --env -f -e --path --account',
    env: true,
  },
  { on: 'dotenv|env-cmd', valued: '-e -f -c -v -p', env: true },
  { on: 'aws-vault exec', valued: '-d --duration', skip: 1 },
  { on: 'chamber exec', skip: 1 },
  { on: 'sops exec-env|exec-file', skip: 1, text: true },
  { on: 'cross-env|cross-env-shell', env: true },
  { on: 'npx|bunx|pnpx', valued: NPX, scripts: '-c|--call' },
  { on: 'npm|pnpm exec|x', valued: NPX, scripts: '-c|--call' },
  { on: 'pnpm|yarn dlx', valued: NPX },
  { on: 'yarn exec' },
  { on: 'bun x' },
  { on: 'uvx', valued: '--from --with --python -p' },
  { on: 'uv run', valued: '--with --python -p --project --env-file --group --extra --directory --package' },
  { on: 'uv tool run', valued: '--from --with' },
  { on: 'pipx run', valued: '--spec' },
  { on: 'poetry|pdm|pipenv|hatch|rye|pixi run', valued: '-C --directory -e' },
  { on: 'conda|mamba|micromamba run', valued: '-n --name -p --prefix --cwd' },
  { on: 'bundle|rbenv|pyenv|nodenv|asdf|goenv exec' },
  { on: 'mise|rtx exec|x', afterDashes: true },
  { on: 'volta run', valued: '--node --npm' },
  { on: 'fnm exec', valued: '--using' },
  { on: 'nix-shell', valued: '-p -I -A --arg', scripts: '--run|--command', skip: 99 },
  { on: 'nix develop|shell', scripts: '', valued: '', afterDashes: true },
  { on: 'rustup run', skip: 1 },
  { on: 'opam exec', afterDashes: true },
  { on: 'wsl|wsl.exe', valued: '-d -u --distribution --user --cd' },
  { on: 'corepack' },
  { on: 'foreman|honcho|nf run', valued: '-e -f --env' },
  { on: 'retry', valued: '-t -d --times --delay' },
  { on: 'concurrently', valued: '-n -c --names -k -m', text: true },
  { on: 'nodemon', valued: '-w -e -x --watch --ext', scripts: '-x|--exec' },
];
