import { dirname } from 'node:path';
import type { BlobBody, BlobStore, ByteRange } from '../ports/blob-store.js';
import type { FileHandle, FileLock, FileSystem } from '../ports/file-system.js';
import { hostCode, isDiskFull } from '../ports/host-error.js';
import { type Random, randomHex } from '../ports/random.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import { NotStoredError } from '../sdk/not-stored-error.js';
import { checkByteRange, piecesOf } from './blob-body.js';
import { checkBlobName, checkBlobPrefix } from './blob-name.js';
import { DirectorySync } from './directory-sync.js';
import { storageError, storing } from './storage-error.js';

/**
 * Blobs as files of one folder: `blobs/` holds them under their names, `temporary/` what is being written, `lock` the lock.
 *
 * **Details**
 * A put writes a temporary file, syncs it, links it under its name (`link` fails when the name exists, where `rename` would
 * silently replace), and syncs the folder. So a blob is visible whole or not at all, and durable when `put` resolves. A put
 * that finds its name taken syncs the folder too: the winner may have died between its link and its sync.
 *
 * **Gotchas**
 * `open` takes the lock for this process. Other threads of the process use a store of their own, without opening it.
 * A name cannot be both a blob and the folder of others (`a` and `a/b`), as S3 would allow.
 */
export class FileBlobStore implements BlobStore {
  readonly #files: FileSystem;
  readonly #random: Random;
  readonly #directory: string;
  readonly #directorySync: DirectorySync;
  /** Folders whose own entry is known to be durable. */
  readonly #durableFolders = new Set<string>();
  #lock: FileLock | undefined;

  constructor(files: FileSystem, random: Random, directory: string) {
    this.#files = files;
    this.#random = random;
    this.#directory = directory;
    this.#directorySync = new DirectorySync(files);
  }

  /**
   * Takes the folder's lock, makes what is missing, and removes what an interrupted put left behind.
   *
   * @throws SF_LOCKED when another process has the folder.
   */
  async open(): Promise<void> {
    await storing(`make ${this.#directory}`, this.#files.makeDirectory(this.#directory));
    const lock = await storing(`lock ${this.#directory}`, this.#files.lock(`${this.#directory}/lock`));
    if (lock === undefined) {
      throw new StatefulFunctionsError(
        'SF_LOCKED',
        `Another process uses ${this.#directory}: stop it, or give this application a folder of its own.`,
      );
    }
    try {
      await storing(`prepare ${this.#directory}`, this.#prepare());
    } catch (error) {
      await lock.release();
      throw error;
    }
    this.#lock = lock;
  }

  /**
   * The folder for several nodes on one machine that share it: a store that takes no lock, as elsewhere a bucket takes none. The log of
   * manifests keeps nodes apart.
   */
  async shared(): Promise<BlobStore> {
    for (const folder of this.#folders) await storing(`make ${folder}`, this.#files.makeDirectory(folder));
    return {
      put: (name, body) => this.put(name, body),
      get: (name, range) => this.get(name, range),
      list: (prefix) => this.list(prefix),
      delete: (name) => this.delete(name),
    };
  }

  async close(): Promise<void> {
    const lock = this.#lock;
    this.#lock = undefined;
    if (lock !== undefined) await storing(`unlock ${this.#directory}`, lock.release());
  }

  async put(name: string, body: BlobBody): Promise<boolean> {
    checkBlobName(name);
    const temporary = `${this.#directory}/temporary/${randomHex(this.#random, 16)}`;
    const file = await storing(`create ${temporary}`, this.#files.open(temporary, 'create'), NotStoredError);
    let isFull = false;
    let closing: Promise<void> | undefined;
    try {
      await this.#fill(file, name, body);
      isFull = true;
    } finally {
      // Nobody waits for the file to be closed whose bytes are durable, while its name is made durable.
      closing = storing(`close blob ${name}`, file.close());
      if (!isFull) await Promise.allSettled([closing, this.#files.unlink(temporary)]);
    }
    const [created] = await Promise.all([this.#publish(temporary, name), closing]);
    return created;
  }

  async get(name: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    checkBlobName(name);
    if (range !== undefined) checkByteRange(range);
    try {
      const file = await this.#files.open(this.#pathOf(name), 'read');
      try {
        return range === undefined
          ? await file.read(0, await file.size())
          : await file.read(range.offset, Math.min(range.length, Math.max(0, (await file.size()) - range.offset)));
      } finally {
        await file.close();
      }
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw storageError(`read blob ${name}`, error);
    }
  }

  async list(prefix: string): Promise<string[]> {
    checkBlobPrefix(prefix);
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const names: string[] = [];
    await storing(`list blobs ${prefix}*`, this.#collect(folder, prefix, names));
    return names.sort();
  }

  async delete(name: string): Promise<void> {
    checkBlobName(name);
    const path = this.#pathOf(name);
    try {
      await this.#files.unlink(path);
    } catch (error) {
      if (isAbsence(error)) return;
      throw storageError(`delete blob ${name}`, error);
    }
    // Deletions become durable in the order they were made, or a crash could bring back an older log entry without a younger.
    await storing(`delete blob ${name}`, this.#directorySync.sync(dirname(path)));
  }

  get #folders(): readonly string[] {
    return [`${this.#directory}/blobs`, `${this.#directory}/temporary`];
  }

  #pathOf(name: string): string {
    return `${this.#directory}/blobs/${name}`;
  }

  async #prepare(): Promise<void> {
    for (const folder of this.#folders) await this.#files.makeDirectory(folder);
    await this.#directorySync.sync(this.#directory);
    // A process that died before it could sync leaves folders that exist and are not durable: sync all that lead here.
    for (let path = this.#directory; dirname(path) !== path; path = dirname(path)) {
      await this.#syncAncestor(dirname(path));
    }
    this.#durableFolders.add(`${this.#directory}/blobs`);
    for (const { name } of await this.#files.list(`${this.#directory}/temporary`)) {
      await this.#files.unlink(`${this.#directory}/temporary/${name}`);
    }
  }

  async #syncAncestor(path: string): Promise<void> {
    try {
      await this.#directorySync.sync(path);
    } catch (error) {
      // A folder this process may not open is one it did not make anything in.
      const code = hostCode(error);
      if (code !== 'EACCES' && code !== 'EPERM') throw error;
    }
  }

  async #fill(file: FileHandle, name: string, body: BlobBody): Promise<void> {
    let position = 0;
    // The body's own errors pass as they are: they are not the disk's.
    for await (const piece of piecesOf(body)) {
      await storing(`write blob ${name}`, file.write(position, piece), NotStoredError);
      position += piece.byteLength;
    }
    await storing(`sync blob ${name}`, file.sync(), NotStoredError);
  }

  async #publish(temporary: string, name: string): Promise<boolean> {
    const path = this.#pathOf(name);
    const folder = dirname(path);
    let created = true;
    let removing: Promise<void> | undefined;
    try {
      await storing(`make the folder of blob ${name}`, this.#makeFolder(folder), NotStoredError);
      try {
        await this.#files.link(temporary, path);
      } catch (error) {
        // Where there was no room for the name, there is none; whether any other failure left one, nobody knows.
        const Kind = isDiskFull(error) ? NotStoredError : StatefulFunctionsError;
        if (hostCode(error) !== 'EEXIST') throw storageError(`link blob ${name}`, error, Kind);
        created = false;
      }
    } finally {
      // Best effort: what stays behind harms nothing, and the next `open` removes it.
      removing = this.#files.unlink(temporary).catch(() => undefined);
    }
    await Promise.all([storing(`make blob ${name} durable`, this.#directorySync.sync(folder)), removing]);
    return created;
  }

  /** Makes a folder under `blobs/`, durable with all that leads to it. */
  async #makeFolder(folder: string): Promise<void> {
    if (this.#durableFolders.has(folder)) return;
    await this.#files.makeDirectory(folder);
    for (let path = folder; !this.#durableFolders.has(path) && path !== this.#directory; path = dirname(path)) {
      await this.#directorySync.sync(dirname(path));
    }
    this.#durableFolders.add(folder);
  }

  async #collect(folder: string, prefix: string, names: string[]): Promise<void> {
    let entries: Awaited<ReturnType<FileSystem['list']>>;
    try {
      entries = await this.#files.list(this.#pathOf(folder));
    } catch (error) {
      if (isAbsence(error)) return;
      throw error;
    }
    for (const { name, isDirectory } of entries) {
      const full = folder + name;
      if (isDirectory && (full.startsWith(prefix) || prefix.startsWith(`${full}/`))) {
        await this.#collect(`${full}/`, prefix, names);
      } else if (!isDirectory && full.startsWith(prefix)) {
        names.push(full);
      }
    }
  }
}

/** No file, no folder to hold one, or a folder where the file would be: there is no such blob. */
function isAbsence(error: unknown): boolean {
  const code = hostCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR';
}
