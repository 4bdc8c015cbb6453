import { posix } from 'node:path';
import type { DirectoryEntry, FileHandle, FileLock, FileSystem, Watch } from '../ports/file-system.js';
import { DiskError, DiskFaults, type DiskOperation, type FailNextOptions } from './disk-faults.js';
import { SeededRandom } from './seeded-random.js';
import { SimulatedFile } from './simulated-file.js';
import { type Node, SimulatedFolder } from './simulated-folder.js';

export interface SimulatedDiskOptions {
  /** Determines what survives a crash. */
  readonly seed?: number;
  /** Bytes that all files together may hold before writes fail with `ENOSPC`. */
  readonly capacity?: number;
}

/**
 * A file system in memory that keeps no promise it did not make: a crash loses what was not synced, wholly, in part, or not.
 *
 * Contents and names are tracked apart, so a synced file whose folder was not synced may be gone, and a name may be there
 * whose file is empty. Relative paths begin at the root.
 *
 * ```ts
 * const disk = new SimulatedDisk({ seed });
 * disk.crashAfter(17);                 // the power goes at the 18th operation
 * await work(disk).catch(() => {});
 * disk.crash();                        // the power is back; what was not synced is not
 * await recover(disk);
 * ```
 */
export class SimulatedDisk implements FileSystem {
  /** May be changed at any time. */
  capacity: number;
  readonly #random: SeededRandom;
  readonly #faults: DiskFaults;
  readonly #root = new SimulatedFolder();
  readonly #locked = new Set<SimulatedFile>();
  readonly #watches = new Map<string, Set<() => void>>();
  /** Grows with every crash; handles, locks and operations of an earlier one are dead. */
  #life = 0;

  constructor({ seed = 1, capacity = Number.POSITIVE_INFINITY }: SimulatedDiskOptions = {}) {
    this.#random = new SeededRandom(seed);
    this.#faults = new DiskFaults(this.#random.fork());
    this.capacity = capacity;
  }

  /** How many operations were asked for since the disk was made: what `crashAfter` counts. */
  get operations(): number {
    return this.#faults.operations;
  }

  /** Bytes that all files hold. */
  get used(): number {
    let used = 0;
    for (const node of this.#root.below()) if (node instanceof SimulatedFile) used += node.size;
    return used;
  }

  /** Lets the next operation of a kind fail with a host's code. A failed write may leave part of itself behind. */
  failNext(operation: DiskOperation, code: string, options?: FailNextOptions): void {
    this.#faults.failNext(operation, code, options);
  }

  /**
   * Cuts the power after `operations` more operations. The one after them may or may not be carried out; it and all others
   * throw `EIO`, or never settle, until `crash` turns the power on again.
   */
  crashAfter(operations: number, afterwards: 'throw' | 'hang' = 'throw'): void {
    this.#faults.cutPowerAfter(operations, afterwards);
  }

  /** The machine loses power and starts again: unsynced contents and names are lost or not, as the seed has it. */
  crash(): void {
    const nodes = [this.#root, ...this.#root.below()];
    for (const node of nodes) node.crash(this.#random);
    this.kill();
  }

  /** The process dies and the machine does not: handles, locks and watches end, and nothing that was written is lost. */
  kill(): void {
    this.#life++;
    this.#locked.clear();
    this.#watches.clear();
    this.#faults.reset();
  }

  open(path: string, mode: 'read' | 'create' | 'update'): Promise<FileHandle> {
    return this.#perform('open', this.#life, () => new SimulatedHandle(this.#access, this.#file(path, mode), path));
  }

  link(from: string, to: string): Promise<void> {
    return this.#perform('link', this.#life, () => {
      const file = this.#existingFile(from);
      const { folder, name } = this.#place(to);
      if (folder.get(name) !== undefined) throw new DiskError('EEXIST', `${to} exists`);
      folder.set(name, file);
      this.#notify(to);
    });
  }

  unlink(path: string): Promise<void> {
    return this.#perform('unlink', this.#life, () => {
      this.#existingFile(path);
      const { folder, name } = this.#place(path);
      folder.remove(name);
      this.#notify(path);
    });
  }

  makeDirectory(path: string): Promise<void> {
    return this.#perform('makeDirectory', this.#life, () => {
      let folder = this.#root;
      for (const name of segmentsOf(path)) {
        const found = folder.get(name) ?? new SimulatedFolder();
        if (found instanceof SimulatedFile) throw new DiskError('EEXIST', `${path} is a file, or leads through one`);
        folder.set(name, found);
        folder = found;
      }
    });
  }

  list(path: string): Promise<DirectoryEntry[]> {
    return this.#perform('list', this.#life, () =>
      this.#folder(path)
        .entries()
        .map(([name, node]) => ({ name, isDirectory: node instanceof SimulatedFolder })),
    );
  }

  syncDirectory(path: string): Promise<void> {
    return this.#perform('syncDirectory', this.#life, () => this.#folder(path).sync());
  }

  lock(path: string): Promise<FileLock | undefined> {
    const life = this.#life;
    return this.#perform('lock', life, () => {
      const file = this.#file(path, 'update');
      if (this.#locked.has(file)) return undefined;
      this.#locked.add(file);
      let held = true;
      const release = async () => {
        if (!held) return;
        await this.#perform('release', life, () => this.#locked.delete(file));
        held = false;
      };
      return { release };
    });
  }

  watch(path: string, changed: () => void): Watch {
    const key = segmentsOf(path).join('/');
    const watchers = this.#watches.get(key) ?? new Set();
    this.#watches.set(key, watchers);
    // Wrapped, so that one function may watch twice.
    const watcher = () => changed();
    watchers.add(watcher);
    return { close: () => void watchers.delete(watcher) };
  }

  /** What handles may do to the disk they are of. */
  readonly #access: DiskAccess = {
    begin: () => {
      const life = this.#life;
      return (operation, effect, partial) => this.#perform(operation, life, effect, partial);
    },
    grow: (bytes) => {
      if (this.used + bytes > this.capacity) throw new DiskError('ENOSPC', 'the simulated disk is full');
    },
    part: (length) => this.#random.below(length + 1),
    changed: (path) => this.#notify(path),
  };

  /**
   * Carries out an operation, or lets it fail. `partial` is what a failing one may leave behind.
   *
   * Settles in a later microtask, as no caller may rely on an operation being done when its call returns.
   */
  async #perform<T>(operation: DiskOperation, life: number, effect: () => T, partial?: () => void): Promise<T> {
    await undefined;
    if (life !== this.#life) throw new DiskError('EBADF', `${operation} of a process that ended in a crash`);
    const fate = this.#faults.fateOf(operation);
    if (fate.kind === 'succeeds') return effect();
    if (fate.takesEffect) effect();
    else partial?.();
    if (fate.kind === 'hangs') return new Promise<never>(() => undefined);
    throw fate.error;
  }

  #notify(path: string): void {
    for (const watcher of this.#watches.get(segmentsOf(path).join('/')) ?? []) queueMicrotask(watcher);
  }

  #place(path: string): { folder: SimulatedFolder; name: string } {
    const segments = segmentsOf(path);
    const name = segments.pop();
    if (name === undefined) throw new DiskError('EISDIR', `${path} is a folder`);
    return { folder: this.#folder(segments.join('/')), name };
  }

  #folder(path: string): SimulatedFolder {
    let node: Node = this.#root;
    for (const name of segmentsOf(path)) {
      if (node instanceof SimulatedFile) throw new DiskError('ENOTDIR', `${path} leads through a file`);
      const found = node.get(name);
      if (found === undefined) throw new DiskError('ENOENT', `there is no ${path}`);
      node = found;
    }
    if (node instanceof SimulatedFile) throw new DiskError('ENOTDIR', `${path} is a file`);
    return node;
  }

  #existingFile(path: string): SimulatedFile {
    const { folder, name } = this.#place(path);
    const node = folder.get(name);
    if (node === undefined) throw new DiskError('ENOENT', `there is no ${path}`);
    if (node instanceof SimulatedFolder) throw new DiskError('EISDIR', `${path} is a folder`);
    return node;
  }

  #file(path: string, mode: 'read' | 'create' | 'update'): SimulatedFile {
    if (mode === 'read') return this.#existingFile(path);
    const { folder, name } = this.#place(path);
    const found = folder.get(name);
    if (found !== undefined && mode === 'create') throw new DiskError('EEXIST', `${path} exists`);
    if (found instanceof SimulatedFolder) throw new DiskError('EISDIR', `${path} is a folder`);
    if (found !== undefined) return found;
    const made = new SimulatedFile();
    folder.set(name, made);
    this.#notify(path);
    return made;
  }
}

/** Performs operations on behalf of one life of the disk. */
type Perform = <T>(operation: DiskOperation, effect: () => T, partial?: () => void) => Promise<T>;

interface DiskAccess {
  begin(): Perform;
  grow(bytes: number): void;
  part(length: number): number;
  changed(path: string): void;
}

class SimulatedHandle implements FileHandle {
  readonly #disk: DiskAccess;
  readonly #perform: Perform;
  readonly #file: SimulatedFile;
  readonly #path: string;
  #open = true;

  constructor(disk: DiskAccess, file: SimulatedFile, path: string) {
    this.#disk = disk;
    this.#perform = disk.begin();
    this.#file = file;
    this.#path = path;
  }

  read(position: number, length: number): Promise<Uint8Array> {
    return this.#perform('read', () => this.#opened().read(position, length));
  }

  write(position: number, bytes: Uint8Array): Promise<void> {
    const written = bytes.slice();
    const put = (part: Uint8Array) => {
      const file = this.#opened();
      this.#disk.grow(Math.max(0, position + part.length - file.size));
      file.write(position, part);
      this.#disk.changed(this.#path);
    };
    const torn = () => put(written.subarray(0, this.#disk.part(written.length)));
    return this.#perform('write', () => put(written), torn);
  }

  truncate(length: number): Promise<void> {
    return this.#perform('truncate', () => {
      const file = this.#opened();
      this.#disk.grow(Math.max(0, length - file.size));
      file.truncate(length);
      this.#disk.changed(this.#path);
    });
  }

  sync(): Promise<void> {
    return this.#perform(
      'sync',
      () => this.#opened().sync(),
      () => this.#opened().failSync(),
    );
  }

  size(): Promise<number> {
    return this.#perform('size', () => this.#opened().size);
  }

  close(): Promise<void> {
    return this.#perform('close', () => {
      this.#opened();
      this.#open = false;
    });
  }

  #opened(): SimulatedFile {
    if (!this.#open) throw new DiskError('EBADF', `${this.#path} was closed`);
    return this.#file;
  }
}

/** The names on the way to `path`; `..` at the root stays there. */
function segmentsOf(path: string): string[] {
  return posix
    .resolve('/', path)
    .split('/')
    .filter((name) => name !== '');
}
