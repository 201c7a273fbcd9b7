import { changes, destroys, harmless, type Tool } from '../entry.ts';

const everything = { tags: ['catastrophic'] };
const man = (name: string, section = 8): string =>
  `https://man7.org/linux/man-pages/man${section}/${name}.${section}.html`;
const host = { system: 'host', otherwise: 'harmless' } as const;

export const DISK_TOOLS: readonly Tool[] = [
  {
    ...host,
    names: ['mkfs', 'mke2fs', 'newfs', 'mkswap', 'mkntfs', 'mkdosfs'],
    docs: man('mkfs'),
    dry: '-n',
    rules: [destroys('device', '', everything)],
  },
  {
    ...host,
    names: ['wipefs'],
    docs: man('wipefs'),
    dry: '-n|--no-act',
    rules: [destroys('device', '', { with: ['-a|--all|-o|--offset'], ...everything })],
  },
  {
    ...host,
    names: ['blkdiscard', 'badblocks'],
    docs: man('blkdiscard'),
    rules: [destroys('device', '', { unless: ['-n'] })],
  },
  {
    ...host,
    names: ['fdisk', 'sfdisk', 'cfdisk', 'gdisk'],
    docs: man('fdisk'),
    rules: [destroys('device', '', { unless: ['-l|--list|-d|--dump|-x|-s|--json|-J|-n|--no-act'] })],
  },
  {
    ...host,
    names: ['sgdisk'],
    docs: man('sgdisk'),
    rules: [destroys('device', '', { with: ['-Z|--zap-all|-z|--zap|-o|--clear|-d|--delete|-n|--new|-g'] })],
  },
  {
    ...host,
    names: ['parted'],
    docs: man('parted'),
    rules: [
      harmless('* print'),
      harmless('print'),
      harmless('', { with: ['-l|--list'] }),
      destroys('device', '* rm|mklabel|mktable|mkpart|resizepart'),
      harmless(''),
    ],
  },
  {
    ...host,
    names: ['hdparm'],
    docs: man('hdparm'),
    longDash: true,
    rules: [
      destroys('device', '', {
        with: ['--security-erase*|--trim-sector-ranges|--write-sector|--make-bad-sector|--yes-i-know-what-i-am-doing'],
      }),
    ],
  },
  {
    ...host,
    names: ['nvme'],
    docs: 'https://github.com/linux-nvme/nvme-cli',
    rules: [destroys('device', 'format|sanitize|delete-ns|write-zeroes|write-uncor|fw-activate')],
  },
  {
    ...host,
    names: ['lvremove', 'vgremove', 'pvremove', 'lvreduce', 'vgreduce'],
    docs: man('lvremove'),
    dry: '-t|--test',
    rules: [destroys('volume', '')],
  },
  {
    ...host,
    names: ['lvm'],
    docs: man('lvm'),
    dry: '-t|--test',
    rules: [destroys('volume', 'lvremove|vgremove|pvremove|lvreduce|vgreduce')],
  },
  {
    ...host,
    names: ['cryptsetup'],
    docs: man('cryptsetup'),
    rules: [
      destroys('device', 'luksErase|erase|luksFormat|luksKillSlot|luksRemoveKey|reencrypt|format'),
      destroys('device', 'luksHeaderRestore'),
    ],
  },
  {
    ...host,
    names: ['zpool', 'zfs'],
    docs: 'https://openzfs.github.io/openzfs-docs/man/',
    dry: '-n',
    rules: [
      destroys('dataset', 'destroy|rollback|labelclear|clear|unload-key'),
      destroys('dataset', 'receive|recv', { with: ['-F'] }),
      destroys('dataset', 'create|import', { with: ['-f'] }),
    ],
  },
  {
    ...host,
    names: ['btrfs'],
    docs: 'https://btrfs.readthedocs.io/',
    rules: [
      destroys('subvolume', 'subvolume|sub delete|del'),
      destroys('device', 'device|dev delete|remove|del'),
      destroys('device', 'rescue|check', { with: ['--repair'] }),
    ],
  },
  {
    ...host,
    names: ['mdadm'],
    docs: man('mdadm'),
    rules: [destroys('device', '', { with: ['--zero-superblock|--fail|-f|--remove|-r|--stop|-S|--create|-C'] })],
  },
  {
    ...host,
    names: ['fsck', 'e2fsck', 'xfs_repair', 'fsck_hfs'],
    docs: man('fsck'),
    dry: '-n|-N',
    rules: [changes('device', '')],
  },
  {
    ...host,
    names: ['debugfs', 'tune2fs', 'resize2fs'],
    docs: man('debugfs'),
    rules: [harmless('', { with: ['-l'] }), changes('device', '', { with: ['-w|-O|-M|-f'] })],
  },
  {
    ...host,
    names: ['diskutil'],
    docs: 'https://ss64.com/mac/diskutil.html',
    rules: [
      destroys(
        'device',
        'eraseDisk|eraseVolume|zeroDisk|secureErase|randomDisk|partitionDisk|reformat|deleteVolume|deleteContainer|eraseCD',
        everything,
      ),
      destroys('volume', 'apfs|ap delete*|erase*'),
      changes('volume', 'unmountDisk', { with: ['force'] }),
    ],
  },
  {
    ...host,
    names: ['hdiutil'],
    docs: 'https://ss64.com/mac/hdiutil.html',
    rules: [destroys('device', 'resize|erase|eject-force')],
  },
  {
    ...host,
    names: ['umount', 'swapoff'],
    docs: man('umount'),
    rules: [changes('mount', '', { with: ['-f|-a|--all|--force'] })],
  },
  { ...host, names: ['mount'], docs: man('mount'), rules: [] },
  {
    ...host,
    names: ['multipath', 'dmsetup'],
    docs: man('dmsetup'),
    rules: [destroys('device', 'remove|remove_all|wipe_table|clear'), destroys('device', '', { with: ['-F'] })],
  },
  { ...host, names: ['iscsiadm'], docs: man('iscsiadm'), rules: [changes('device', '', { with: ['--logout|-u'] })] },
  {
    ...host,
    names: ['flashrom', 'fwupdmgr'],
    docs: 'https://www.flashrom.org/',
    rules: [destroys('device', '', { with: ['-w|-E|--erase|--write'] })],
  },
  {
    ...host,
    names: ['format'],
    docs: 'https://learn.microsoft.com/windows-server/administration/windows-commands/format',
    rules: [destroys('device', '*:')],
  },
  {
    ...host,
    names: ['diskpart'],
    docs: 'https://learn.microsoft.com/windows-server/administration/windows-commands/diskpart',
    rules: [destroys('device', '')],
  },
];
