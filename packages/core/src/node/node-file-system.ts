import { constants } from 'node:fs';
import { type FileHandle as HostHandle, link, mkdir, open, readdir, unlink } from 'node:fs/promises';
import type { DirectoryEntry, FileHandle, FileLock, FileSystem, Watch } from '../ports/file-system.js';
import { NodeFileHandle } from './node-file-handle.js';
import { NodeWatch } from './node-watch.js';

const flags = {
  read: constants.O_RDONLY,
  create: constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
  update: constants.O_RDWR | constants.O_CREAT,
} as const;

/** The host's file system. */
export class NodeFileSystem implements FileSystem {
  async open(path: string, mode: 'read' | 'create' | 'update'): Promise<FileHandle> {
    return new NodeFileHandle(await open(path, flags[mode]));
  }

  async link(from: string, to: string): Promise<void> {
    await link(from, to);
  }

  async unlink(path: string): Promise<void> {
    await unlink(path);
  }

  async makeDirectory(path: string): Promise<void> {
    await mkdir(path, { recursive: true });
  }

  async list(path: string): Promise<DirectoryEntry[]> {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }));
  }

  async syncDirectory(path: string): Promise<void> {
    // Windows cannot sync a folder; NTFS journals its entries.
    if (process.platform === 'win32') return;
    const directory = await open(path, constants.O_RDONLY);
    try {
      await directory.sync();
    } finally {
      // Nobody has to wait for that, and nothing hangs on it: nothing was written by way of it.
      directory.close().catch(() => undefined);
    }
  }

  async lock(path: string): Promise<FileLock | undefined> {
    // Loaded when first needed: an application that keeps its checkpoints elsewhere needs no native code.
    const { tryLock, unlock } = await import('fs-native-extensions');
    const file = await open(path, flags.update);
    let taken = false;
    try {
      taken = tryLock(file.fd);
    } finally {
      if (!taken) await file.close();
    }
    return taken ? new NodeFileLock(file, unlock) : undefined;
  }

  watch(path: string, changed: () => void): Watch {
    return new NodeWatch(path, changed);
  }
}

/** A lock that lives as long as its open file, so it ends with the process, however that ends. */
class NodeFileLock implements FileLock {
  #file: HostHandle | undefined;
  readonly #unlock: (fd: number) => void;

  constructor(file: HostHandle, unlock: (fd: number) => void) {
    this.#file = file;
    this.#unlock = unlock;
  }

  async release(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    try {
      this.#unlock(file.fd);
    } finally {
      await file.close();
    }
  }
}
