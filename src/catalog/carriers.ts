/**
 * Flags by which a program takes something else to run beside its own work. The program itself is judged elsewhere.
 * Each is documented in the program's manual; GTFOBins (https://gtfobins.github.io) collects the idea.
 */
export interface Carrier {
  readonly programs: string;
  /** Alternatives by `|`. `-o Key` stands for `-o Key=VALUE` and `-oKey=VALUE`. */
  readonly flags: string;
  /**
   * `text`: shell text. `program`: one program, with arguments of the carrier's own. `commas`: a command and its arguments,
   * separated by commas. `debugger`: a command of a debugger, of which some run shell text.
   */
  readonly as: 'text' | 'program' | 'commas' | 'debugger';
}

export const CARRIERS: readonly Carrier[] = [
  { programs: 'man', flags: '-P|--pager', as: 'text' },
  { programs: 'split|gsplit', flags: '--filter', as: 'text' },
  { programs: 'sort|gsort', flags: '--compress-program', as: 'program' },
  { programs: 'zip', flags: '-TT|--unzip-command', as: 'text' },
  { programs: 'gem', flags: '-e|--editor', as: 'text' },
  { programs: 'scp|sftp', flags: '-S|-D', as: 'program' },
  {
    programs: 'ssh|scp|sftp|autossh|mosh',
    flags:
      '-o ProxyCommand|-o LocalCommand|-o KnownHostsCommand|-o Match exec|-o SecurityKeyProvider|-o PKCS11Provider',
    as: 'text',
  },
  {
    programs: 'openvpn',
    flags:
      '--up|--down|--route-up|--route-pre-down|--ipchange|--client-connect|--client-disconnect|--learn-address|--tls-verify|--auth-user-pass-verify',
    as: 'text',
  },
  { programs: 'gcc|g++|cc|c++|clang|clang++', flags: '-wrapper', as: 'commas' },
  { programs: 'gdb', flags: '-ex|--eval-command|-eval-command|-iex', as: 'debugger' },
  { programs: 'lldb', flags: '-o|--one-line|-O|--one-line-before-file|-k', as: 'debugger' },
  { programs: 'wget', flags: '--use-askpass', as: 'program' },
  { programs: 'chokidar', flags: '-c|--command', as: 'text' },
  { programs: 'cargo', flags: '-s|--shell', as: 'text' },
  { programs: 'rpm|rpmbuild|rpmspec', flags: '--pipe', as: 'text' },
  { programs: 'sg', flags: '-c', as: 'text' },
  { programs: 'capsh', flags: '-c', as: 'text' },
  { programs: 'borg', flags: '--rsh', as: 'text' },
  { programs: 'restic', flags: '--password-command|-o sftp.command', as: 'text' },
];

/** `apt-get -o APT::Update::Pre-Invoke::=TEXT`: settings of apt that are shell text (apt.conf(5)). */
export const APT_TEXT = /^(?:[A-Za-z-]+::)*(?:Pre|Post)-Invoke(?:-[A-Za-z-]+)?(?:::)?=(.*)$/s;

/** Addresses of socat that run something (http://www.dest-unreach.org/socat/doc/socat.html). */
export const SOCAT_TEXT = /^(?:exec|system|shell):(.*)$/is;
