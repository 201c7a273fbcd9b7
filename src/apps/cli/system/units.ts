import { SYSTEM } from '../../paths.ts';

export const SOCKET_UNIT = 'holdpoint.socket';
export const SERVICE_UNIT = 'holdpoint.service';

/** The environment of the daemon: nothing of whoever starts it. */
export const DAEMON_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: SYSTEM.state,
  LANG: 'C.UTF-8',
};

/**
 * Units of a system installation. Source: systemd.socket(5), systemd.exec(5)
 * SECURITY: the one capability is for reading what the agent's account keeps private; the daemon writes nowhere but its
 * state and runtime folders.
 */
export function systemSocketUnit(socket: string): string {
  return `# Written by \`holdpoint init --system\`.
[Unit]
Description=Holdpoint: where hooks and people ask

[Socket]
ListenStream=${socket}
SocketUser=${SYSTEM.account}
SocketGroup=${SYSTEM.account}
SocketMode=0666
DirectoryMode=0755
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
`;
}

export function systemServiceUnit(command: readonly string[]): string {
  const environment = Object.entries(DAEMON_ENVIRONMENT).map(
    ([name, value]) => `Environment=${word(`${name}=${value}`)}`,
  );
  return `# Written by \`holdpoint init --system\`.
[Unit]
Description=Holdpoint: judges what agents are about to do
Requires=${SOCKET_UNIT}
After=${SOCKET_UNIT}

[Service]
Type=exec
ExecStart=${command.map(word).join(' ')}
User=${SYSTEM.account}
Group=${SYSTEM.account}
${environment.join('\n')}
Restart=on-failure
RestartSec=1
UMask=0077
StateDirectory=holdpoint
StateDirectoryMode=0700
RuntimeDirectory=holdpoint
RuntimeDirectoryMode=0755
# The socket lies in it and outlives the service.
RuntimeDirectoryPreserve=yes
# To see what a command would destroy, the daemon reads workspaces that are private to the agent's account.
AmbientCapabilities=CAP_DAC_READ_SEARCH
CapabilityBoundingSet=CAP_DAC_READ_SEARCH
InaccessiblePaths=-/root -/etc/shadow -/etc/gshadow -/etc/sudoers -/etc/sudoers.d
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
# Workspaces and targets lie in /tmp too.
PrivateTmp=no
DevicePolicy=closed
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
KeyringMode=private
SystemCallArchitectures=native
`;
}

/** A word of a unit's command or assignment that means exactly this text. Throws on control characters. */
export function word(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new TypeError('a control character in a path of the installation');
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w./:=@+-]+$/.test(text) ? text : `"${escaped}"`;
}
