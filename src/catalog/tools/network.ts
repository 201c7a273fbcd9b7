import { changes, harmless, type Tool } from '../entry.ts';

const host = { system: 'host', otherwise: 'harmless' } as const;

export const NETWORK_TOOLS: readonly Tool[] = [
  {
    ...host,
    names: ['iptables', 'ip6tables', 'iptables-legacy', 'ebtables', 'arptables'],
    docs: 'https://man7.org/linux/man-pages/man8/iptables.8.html',
    valued: '-t --table -p -s -d -j -i -o --dport --sport -m',
    rules: [
      changes('firewall', '', {
        with: ['-F|--flush|-X|--delete-chain|-D|--delete|-P|--policy|-A|--append|-I|--insert|-R|--replace'],
      }),
    ],
  },
  {
    ...host,
    names: ['iptables-restore', 'ip6tables-restore'],
    docs: 'https://man7.org/linux/man-pages/man8/iptables-restore.8.html',
    rules: [changes('firewall', '', { unless: ['-t|--test'] })],
  },
  {
    ...host,
    names: ['nft'],
    docs: 'https://wiki.nftables.org/',
    rules: [
      harmless('list'),
      changes('firewall', 'flush|delete|destroy|reset|add|insert|replace'),
      changes('firewall', '', { with: ['-f'] }),
    ],
  },
  {
    ...host,
    names: ['ufw'],
    docs: 'https://manpages.ubuntu.com/manpages/noble/man8/ufw.8.html',
    dry: '--dry-run',
    rules: [
      harmless('status|show|app|version'),
      changes('firewall', 'disable|reset|delete|allow|deny|default|enable|insert|--force|reject|limit|reload'),
    ],
  },
  {
    ...host,
    names: ['firewall-cmd', 'pfctl', 'csf'],
    docs: 'https://firewalld.org/documentation/man-pages/firewall-cmd.html',
    rules: [
      changes('firewall', '', {
        with: ['--remove-*|--add-*|--set-*|--panic-on|--complete-reload|-F|-d|-x|--delete-*'],
      }),
    ],
  },
  {
    ...host,
    names: ['ip', 'ifconfig', 'ifdown', 'nmcli', 'route', 'networksetup', 'tc'],
    docs: 'https://man7.org/linux/man-pages/man8/ip.8.html',
    valued: '-n -netns',
    rules: [
      changes('network', 'link|l set * down'),
      changes('network', 'link|l set dev * down'),
      changes('network', 'addr|address|a|route|r|rule|link|netns|neigh|tunnel del|delete|flush|replace'),
      changes('network', '* down'),
      changes('network', 'con|connection|c|networking|radio|device delete|down|off|modify|disconnect'),
      changes('network', 'del|delete|flush'),
      changes('network', '', { with: ['-set*'] }),
    ],
  },
];
