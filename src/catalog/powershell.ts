import type { Verb } from '../core/effect.ts';

/** Approved verbs of cmdlets. Source: https://learn.microsoft.com/powershell/scripting/developer/cmdlet/approved-verbs-for-windows-powershell-commands */
export const POWERSHELL_VERBS: ReadonlyMap<string, 'destroy' | 'harmless'> = new Map([
  ...[
    'remove',
    'clear',
    'uninstall',
    'unregister',
    'reset',
    'disable',
    'revoke',
    'stop',
    'restart',
    'deny',
    'block',
    'unprotect',
  ].map((verb) => [verb, 'destroy'] as const),
  ...[
    'get',
    'test',
    'show',
    'find',
    'select',
    'measure',
    'compare',
    'format',
    'write',
    'read',
    'out',
    'join',
    'split',
    'convertto',
    'convertfrom',
    'sort',
    'group',
    'where',
    'foreach',
    'resolve',
    'search',
    'trace',
    'watch',
    'wait',
    'import',
    'new',
    'start',
    'invoke',
    'add',
  ].map((verb) => [verb, 'harmless'] as const),
]);

export const POWERSHELL_RULES: readonly {
  readonly command: RegExp;
  readonly verb: Verb;
  readonly what: string;
  readonly says: string;
}[] = [
  {
    command:
      /^(format-volume|clear-disk|initialize-disk|remove-partition|remove-volume|reset-physicaldisk|set-disk .*-isoffline|format [a-z]:|diskpart|cipher \/w)/,
    verb: 'destroy',
    what: 'device',
    says: 'erases a disk or volume',
  },
  {
    command: /^(stop-computer|restart-computer|shutdown )/,
    verb: 'change',
    what: 'machine',
    says: 'stops the machine',
  },
  {
    command: /^vssadmin (delete|resize)|^wmic .*shadowcopy.*delete|^wbadmin delete|^get-wmiobject win32_shadowcopy/,
    verb: 'destroy',
    what: 'backup',
    says: 'deletes backups',
  },
  {
    command: /^reg(\.exe)? (delete|add|import|restore)/,
    verb: 'change',
    what: 'registry',
    says: 'changes the registry',
  },
  {
    command: /^bcdedit .*\/(set|delete)|^bootsect|^bootrec/,
    verb: 'change',
    what: 'boot',
    says: 'changes how the machine starts',
  },
  {
    command: /^(sc|sc\.exe) (delete|stop|config)|^net (stop|user .*\/(delete|add))|^net localgroup .*\/(add|delete)/,
    verb: 'change',
    what: 'service',
    says: 'changes services or users',
  },
  { command: /^schtasks .*\/(delete|create|change)/, verb: 'change', what: 'task', says: 'changes scheduled tasks' },
  {
    command:
      /^set-executionpolicy .*(bypass|unrestricted)|^set-mppreference .*disable|^netsh advfirewall .*off|^set-netfirewallprofile .*false/,
    verb: 'grant',
    what: 'protection',
    says: 'switches a protection off',
  },
  {
    command: /^takeown .*|^icacls .*(\/reset|\/grant|\/remove|\/deny).*(\/t|windows|system32)/,
    verb: 'change',
    what: 'permissions',
    says: 'changes who may use files',
  },
  { command: /^robocopy .*\/(mir|purge|move)/, verb: 'destroy', what: 'path', says: 'deletes what the source lacks' },
  { command: /^wevtutil cl|^clear-eventlog/, verb: 'destroy', what: 'log', says: 'deletes event logs' },
  {
    command: /^fsutil .*(delete|setzerodata|usn deletejournal)/,
    verb: 'destroy',
    what: 'device',
    says: 'deletes parts of a volume',
  },
];
