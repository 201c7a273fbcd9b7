import { changes, destroys, grants, harmless, type Tool } from '../entry.ts';

const host = { system: 'host', otherwise: 'harmless' } as const;

export const SYSTEM_TOOLS: readonly Tool[] = [
  {
    ...host,
    names: ['sysctl'],
    docs: 'https://man7.org/linux/man-pages/man8/sysctl.8.html',
    rules: [changes('kernel', '', { with: ['-w|--write|-p|--load|--system'] }), changes('kernel', '*=*')],
  },
  {
    ...host,
    names: ['modprobe', 'rmmod', 'insmod'],
    docs: 'https://man7.org/linux/man-pages/man8/modprobe.8.html',
    dry: '-n|--dry-run|--show-depends',
    rules: [changes('kernel', '')],
  },
  {
    ...host,
    names: [
      'setenforce',
      'aa-disable',
      'aa-teardown',
      'aa-complain',
      'setsebool',
      'semanage',
      'csrutil',
      'spctl',
      'auditctl',
      'nvram',
      'bputil',
      'xattr-all',
    ],
    docs: 'https://man7.org/linux/man-pages/man8/setenforce.8.html',
    rules: [harmless('', { with: ['-l|-s|--status|-p'] }), harmless('status|list'), grants('protection', '')],
  },
  {
    ...host,
    names: ['tccutil', 'defaults', 'pmset', 'scutil', 'systemsetup'],
    docs: 'https://ss64.com/mac/defaults.html',
    rules: [changes('setting', 'reset|delete|delete-all'), destroys('setting', 'remove')],
  },
  {
    ...host,
    names: ['timedatectl', 'hostnamectl', 'localectl', 'loginctl', 'date-set', 'hwclock', 'ntpdate'],
    docs: 'https://man7.org/linux/man-pages/man1/timedatectl.1.html',
    rules: [
      changes('machine', 'set-*|terminate-*|kill-*|disable-linger'),
      changes('machine', '', { with: ['--set|-w|--systohc'] }),
    ],
  },
  {
    ...host,
    names: ['journalctl'],
    docs: 'https://man7.org/linux/man-pages/man1/journalctl.1.html',
    valued: '-u -n -S -U -p --since --until',
    rules: [destroys('log', '', { with: ['--vacuum-time|--vacuum-size|--vacuum-files'] })],
  },
  {
    ...host,
    names: ['logrotate'],
    docs: 'https://man7.org/linux/man-pages/man8/logrotate.8.html',
    dry: '-d|--debug',
    rules: [changes('log', '', { with: ['-f|--force'] })],
  },
  {
    ...host,
    names: ['dmesg'],
    docs: 'https://man7.org/linux/man-pages/man1/dmesg.1.html',
    rules: [destroys('log', '', { with: ['-C|--clear|-c'] })],
  },
  {
    ...host,
    names: ['history'],
    docs: 'https://www.gnu.org/software/bash/manual/bash.html#Bash-History-Builtins',
    rules: [destroys('log', '', { with: ['-c'] })],
  },
  {
    ...host,
    names: ['ipcrm', 'exportfs', 'quotaoff', 'rfkill'],
    docs: 'https://man7.org/linux/man-pages/man1/ipcrm.1.html',
    rules: [changes('process', '', { with: ['-a|--all|-k|--kill|-ua|-M'] })],
  },
  {
    ...host,
    names: ['grub-install', 'update-grub', 'efibootmgr', 'bootctl', 'dracut', 'update-initramfs', 'bless'],
    docs: 'https://man7.org/linux/man-pages/man8/efibootmgr.8.html',
    rules: [
      harmless('status|list'),
      changes('boot', '', { with: ['-B|--delete-bootnum|-b|-o|-c|-d|-u|-f|--force|--install'] }),
      changes('boot', 'remove|install|uninstall'),
      changes('boot', '/dev/*'),
    ],
  },
  {
    ...host,
    names: ['pm2', 'forever'],
    docs: 'https://pm2.keymetrics.io/docs/usage/quick-start/',
    rules: [
      changes('process', 'delete|del|kill|flush', { reversal: 'unknown' }),
      changes('process', 'stop', { with: ['all'] }),
      changes('process', 'stop all'),
    ],
  },
];
