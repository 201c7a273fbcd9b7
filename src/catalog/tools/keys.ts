import { destroys, exposes, grants, mends, type Tool } from '../entry.ts';

const host = { system: 'host', otherwise: 'harmless' } as const;

export const KEY_TOOLS: readonly Tool[] = [
  {
    ...host,
    names: ['certbot', 'acme.sh', 'step', 'cfssl', 'lego'],
    docs: 'https://eff-certbot.readthedocs.io/',
    dry: '--dry-run',
    otherwise: 'words',
    rules: [
      destroys('certificate', 'delete|revoke|unregister'),
      destroys('certificate', '', { with: ['--revoke|--remove'] }),
    ],
  },
  {
    ...host,
    names: ['ssh-keygen'],
    docs: 'https://man.openbsd.org/ssh-keygen.1',
    valued: '-f -t -b -C -N -P -s -I -n',
    rules: [mends('known host', '', { with: ['-R'] })],
  },
  { ...host, names: ['ssh-copy-id'], docs: 'https://man.openbsd.org/ssh-copy-id.1', rules: [grants('access', '')] },
  {
    ...host,
    names: ['gpg', 'gpg2'],
    docs: 'https://www.gnupg.org/documentation/manuals/gnupg/',
    valued: '-o --output -r -u --homedir --keyserver',
    rules: [
      destroys('key', '', {
        with: [
          '--delete-secret-keys|--delete-secret-key|--delete-secret-and-public-key|--delete-keys|--delete-key|--gen-revoke',
        ],
      }),
      exposes('key', '', { with: ['--export-secret-keys|--export-secret-key|--export-secret-subkeys'] }),
    ],
  },
  {
    ...host,
    names: ['security'],
    docs: 'https://ss64.com/mac/security.html',
    rules: [
      exposes('secret', 'find-generic-password|find-internet-password', { with: ['-w|-g'] }),
      exposes('secret', 'dump-keychain|export'),
      destroys('secret', 'delete-*'),
      grants('certificate', 'add-trusted-cert'),
    ],
  },
  {
    ...host,
    names: ['keytool'],
    docs: 'https://docs.oracle.com/en/java/javase/21/docs/specs/man/keytool.html',
    longDash: true,
    rules: [destroys('key', '', { with: ['-delete'] })],
  },
];
