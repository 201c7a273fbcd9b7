import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { replaceFile } from '../install/replace-file.ts';
import { run } from './accounts.ts';

/** One change of an installation. `says` is a whole line for a dry run. */
export interface Step {
  readonly says: string;
  /** The machine is as this step would leave it. */
  done(): boolean;
  /** Throws where the system refuses. */
  apply(): void;
}

/** Ids are asked for late: the account may be made by a step before. */
export interface Owner {
  readonly name: string;
  ids(): { readonly uid: number; readonly gid: number } | undefined;
}

export const ROOT: Owner = { name: 'root', ids: () => ({ uid: 0, gid: 0 }) };

export function folderStep(folder: string, mode: number, owner: Owner): Step {
  const needed = (): { readonly uid: number; readonly gid: number } => {
    const ids = owner.ids();
    if (ids === undefined) throw new Error(`there is no account \`${owner.name}\``);
    return ids;
  };
  return {
    says: `folder    ${folder} (${owner.name}, 0${mode.toString(8)})`,
    done: () => {
      const stat = statOf(folder);
      const ids = owner.ids();
      return (
        stat?.isDirectory() === true && stat.uid === ids?.uid && stat.gid === ids.gid && (stat.mode & 0o7777) === mode
      );
    },
    apply: () => {
      const stat = statOf(folder);
      if (stat !== undefined && !stat.isDirectory()) throw new Error(`\`${folder}\` is not a folder`);
      if (stat === undefined) mkdirSync(folder, { mode: 0o700, recursive: true });
      const { uid, gid } = needed();
      chownSync(folder, uid, gid);
      chmodSync(folder, mode);
    },
  };
}

/** A root-owned file. `content` is asked for late, and again. */
export function fileStep(file: string, mode: number, content: () => Uint8Array | string): Step {
  return {
    says: `file      ${file} (root, 0${mode.toString(8)})`,
    done: () => {
      const stat = statOf(file);
      if (stat?.isFile() !== true || stat.uid !== 0 || (stat.mode & 0o7777) !== mode) return false;
      return readFileSync(file).equals(Buffer.from(content()));
    },
    apply: () => {
      if (statOf(file)?.isSymbolicLink() === true) throw new Error(`\`${file}\` is a symbolic link`);
      replaceFile(file, content(), mode);
      lchownSync(file, 0, 0);
    },
  };
}

export function removeStep(file: string): Step {
  return {
    says: `remove    ${file}`,
    done: () => statOf(file) === undefined,
    apply: () => rmSync(file, { recursive: true, force: true }),
  };
}

export function commandStep(command: readonly string[], done: () => boolean): Step {
  return {
    says: `run       ${command.join(' ')}`,
    done,
    apply: () => {
      const finished = run(command);
      if (!finished.ok) throw new Error(`\`${command.join(' ')}\`: ${finished.why}`);
    },
  };
}

/** Bytes of a regular file that is no link: what is checked is what is read. */
export function readRegular(file: string): Buffer {
  const handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(handle).isFile()) throw new Error(`\`${file}\` is not a regular file`);
    return readFileSync(handle);
  } finally {
    closeSync(handle);
  }
}

export function statOf(file: string) {
  try {
    return lstatSync(file);
  } catch {
    return undefined;
  }
}
