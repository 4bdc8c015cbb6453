/**
 * The part of a file system that checkpoints and file connectors need, with its durability made explicit.
 *
 * **Gotchas**
 * What was written is durable only after `FileHandle.sync`; that a *name* exists (or no longer exists) is durable only
 * after `syncDirectory` of its folder. An implementation may lose anything else in a crash, and the simulated one does.
 *
 * Errors of the host pass through with their `code` (`ENOENT`, `EEXIST`, `ENOSPC`, …), see `host-error.ts`.
 */
export interface FileSystem {
  /** Opens a file. `read`: must exist; `create`: must not exist, for writing; `update`: made if absent, for reading and writing. */
  open(path: string, mode: 'read' | 'create' | 'update'): Promise<FileHandle>;
  /** Gives the file a second name; fails with `EEXIST` when `to` exists. Never replaces. */
  link(from: string, to: string): Promise<void>;
  /** Removes a name; fails with `ENOENT` when absent. */
  unlink(path: string): Promise<void>;
  /** Makes a folder and its parents; succeeds when it exists. Durable once `syncDirectory` of each parent ran. */
  makeDirectory(path: string): Promise<void>;
  /** Names in a folder (files and folders), unsorted; fails with `ENOENT` when absent. */
  list(path: string): Promise<DirectoryEntry[]>;
  /** Makes the folder's current names durable. */
  syncDirectory(path: string): Promise<void>;
  /**
   * Takes the exclusive lock of `path` (made if absent) that the operating system drops when the process dies.
   * Resolves `undefined` when another holder has it.
   */
  lock(path: string): Promise<FileLock | undefined>;
  /** Calls `changed` when the file at `path` may have grown or appeared; hints only, may be spurious. */
  watch(path: string, changed: () => void): Watch;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

export interface FileHandle {
  /** Reads up to `length` bytes at `position`; shorter only at the end of the file. The bytes are the caller's. */
  read(position: number, length: number): Promise<Uint8Array>;
  /** Writes all of `bytes` at `position`. */
  write(position: number, bytes: Uint8Array): Promise<void>;
  truncate(length: number): Promise<void>;
  /** Makes contents and length durable. A failed sync is fatal for what was written: the cache may have dropped it. */
  sync(): Promise<void>;
  /** Length in bytes. */
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface FileLock {
  release(): Promise<void>;
}

export interface Watch {
  close(): void;
}
