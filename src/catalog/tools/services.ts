import { changes, destroys, harmless, mends, type Tool } from '../entry.ts';

const host = { system: 'host', otherwise: 'harmless' } as const;

export const SERVICE_TOOLS: readonly Tool[] = [
  {
    ...host,
    names: ['chattr', 'chflags'],
    docs: 'https://man7.org/linux/man-pages/man1/chattr.1.html',
    rules: [changes('path', '', { with: ['-i|-a'] }), changes('path', 'nouchg|noschg|nouappnd|uchg|schg')],
  },
  {
    ...host,
    names: ['systemctl'],
    docs: 'https://man7.org/linux/man-pages/man1/systemctl.1.html',
    valued: '-H --host -t --type -p --property -n --lines -o --output --state',
    rules: [
      changes(
        'service',
        'stop|disable|mask|kill|isolate|poweroff|reboot|halt|emergency|rescue|kexec|suspend|hibernate|hybrid-sleep|suspend-then-hibernate|switch-root|exit|revert|set-default|delete',
      ),
      destroys('state', 'clean'),
      changes('service', 'restart|reload-or-restart|try-restart|reload', { reversal: 'undoable' }),
      mends('service', 'start|enable|unmask|daemon-reload|reset-failed|daemon-reexec'),
      changes('service', 'edit|set-property|link|set-environment', { reversal: 'unknown' }),
    ],
  },
  {
    ...host,
    names: ['service', 'rc-service', 'invoke-rc.d', 'initctl', 'sv', 'supervisorctl', 's6-svc', 'runit'],
    docs: 'https://man7.org/linux/man-pages/man8/service.8.html',
    rules: [
      changes('service', '* stop'),
      changes('service', 'stop|remove|shutdown|clear|force-stop|down'),
      mends('service', '* restart|start|reload|status'),
      mends('service', 'restart|start'),
    ],
  },
  {
    ...host,
    names: ['launchctl'],
    docs: 'https://ss64.com/mac/launchctl.html',
    rules: [
      changes('service', 'unload|bootout|remove|disable|kill|stop|reboot'),
      changes('service', 'load|bootstrap|submit|enable|kickstart', { reversal: 'unknown' }),
    ],
  },
  {
    ...host,
    names: ['chkconfig', 'update-rc.d', 'rc-update', 'systemd-tmpfiles'],
    docs: 'https://man7.org/linux/man-pages/man8/systemd-tmpfiles.8.html',
    rules: [
      changes('service', '* off|remove|disable'),
      changes('service', 'del|delete'),
      destroys('path', '', { with: ['--remove|--purge|--clean'] }),
    ],
  },
  {
    ...host,
    names: ['shutdown', 'poweroff', 'halt', 'reboot', 'telinit', 'init', 'kexec'],
    docs: 'https://man7.org/linux/man-pages/man8/shutdown.8.html',
    rules: [harmless('', { with: ['-c|--help|-k'] }), changes('machine', '')],
  },
  {
    ...host,
    names: ['crontab'],
    docs: 'https://man7.org/linux/man-pages/man1/crontab.1.html',
    valued: '-u',
    rules: [
      destroys('schedule', '', { with: ['-r'] }),
      harmless('', { with: ['-l'] }),
      harmless('', { with: ['-e'] }),
      changes('schedule', ''),
    ],
  },
  {
    ...host,
    names: ['atrm'],
    docs: 'https://man7.org/linux/man-pages/man1/atrm.1p.html',
    rules: [destroys('schedule', '')],
  },
];
