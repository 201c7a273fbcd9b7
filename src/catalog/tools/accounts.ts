import { destroys, grants, harmless, type Tool } from '../entry.ts';

const host = { system: 'host', otherwise: 'harmless' } as const;

export const ACCOUNT_TOOLS: readonly Tool[] = [
  {
    ...host,
    names: ['userdel', 'groupdel', 'deluser', 'delgroup'],
    docs: 'https://man7.org/linux/man-pages/man8/userdel.8.html',
    rules: [destroys('user', '')],
  },
  {
    ...host,
    names: ['usermod', 'gpasswd', 'chsh', 'chage', 'vipw', 'visudo', 'passwd', 'chpasswd'],
    docs: 'https://man7.org/linux/man-pages/man8/usermod.8.html',
    valued: '-aG -G -g -s -d -u -e -c',
    rules: [harmless('', { with: ['-S|--status|-l|--list|--check'] }), grants('user', '')],
  },
  {
    ...host,
    names: ['useradd', 'adduser', 'groupadd', 'addgroup', 'newusers'],
    docs: 'https://man7.org/linux/man-pages/man8/useradd.8.html',
    rules: [grants('user', '')],
  },
  {
    ...host,
    names: ['dscl', 'sysadminctl'],
    docs: 'https://ss64.com/mac/dscl.html',
    rules: [destroys('user', '', { with: ['-delete|-deleteUser|-change|-passwd|-append|-create'] })],
  },
];
