import { changes, mends, type Tool } from '../entry.ts';

const host = { system: 'host', otherwise: 'harmless' } as const;

export const PACKAGE_TOOLS: readonly Tool[] = [
  {
    ...host,
    names: ['apt', 'apt-get', 'aptitude'],
    docs: 'https://manpages.debian.org/stable/apt/apt-get.8.en.html',
    dry: '-s|--simulate|--dry-run|--just-print',
    valued: '-o -t -c',
    rules: [
      changes('package', 'remove|purge|autoremove|autopurge|dist-upgrade|full-upgrade'),
      changes('package', 'install', {
        with: ['--allow-remove-essential|--allow-downgrades|--allow-unauthenticated|--force-yes'],
      }),
    ],
  },
  {
    ...host,
    names: [
      'dpkg',
      'rpm',
      'apk',
      'yum',
      'dnf',
      'zypper',
      'pacman',
      'yay',
      'paru',
      'emerge',
      'xbps-remove',
      'snap',
      'flatpak',
      'port',
      'pkg',
      'pkgutil',
      'nix-env',
      'nix-collect-garbage',
      'nix-store',
      'choco',
      'winget',
      'scoop',
      'swupd',
      'eopkg',
      'opkg',
      'guix',
    ],
    docs: 'https://man.archlinux.org/man/pacman.8',
    dry: '--dry-run|--assumeno|--print|--simulate|--test',
    rules: [
      changes(
        'package',
        'remove|erase|purge|autoremove|del|delete|uninstall|deinstall|rm|distro-sync|history-undo|downgrade',
      ),
      changes('package', '', {
        with: [
          '-r|--remove|-P|--purge|-e|--erase|-R|-Rs|-Rns|-Rsc|-Rdd|--unmerge|-C|--uninstall|--forget|--delete-generations|--delete-old',
        ],
        unless: ['-Q|-S|-V|--verify|-qa|-q|--query|-l'],
      }),
    ],
  },
  {
    ...host,
    names: ['brew'],
    docs: 'https://docs.brew.sh/Manpage',
    dry: '-n|--dry-run',
    rules: [
      changes('package', 'uninstall|remove|rm', { with: ['--ignore-dependencies|-f|--force|--zap'] }),
      changes('package', 'uninstall|remove|rm|autoremove', { reversal: 'unknown' }),
      changes('service', 'services stop|kill|cleanup'),
      mends('cache', 'cleanup|update|upgrade|install|unlink|link|untap|pin'),
    ],
  },
];
