import type { Account } from '../../ports/people.ts';

/**
 * Runs synchronous file work with the rights of `account` where this process is root for somebody else.
 * SECURITY: root that writes below a folder which another account controls can be led by a link to write anywhere.
 */
export function asAccount<T>(account: Account, work: () => T): T {
  const { geteuid, getegid, getgroups, seteuid, setegid, setgroups } = process;
  if (geteuid === undefined || getegid === undefined || getgroups === undefined) return work();
  if (seteuid === undefined || setegid === undefined || setgroups === undefined) return work();
  if (geteuid() !== 0 || account.uid === 0) return work();
  const gid = getegid();
  const groups = getgroups();
  try {
    setgroups([account.gid]);
    setegid(account.gid);
    seteuid(account.uid);
    return work();
  } finally {
    seteuid(0);
    setegid(gid);
    setgroups(groups);
  }
}
