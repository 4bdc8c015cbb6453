import { encode } from '../codec/codec.js';
import type { BlobStore } from '../ports/blob-store.js';
import type { Platform } from '../ports/platform.js';
import { invariant, StatefulFunctionsError } from '../sdk/errors.js';
import { damaged, decodeFrom, frame, unframe } from './frame.js';
import type { CheckpointEntry, SavepointEntry } from './manifest.js';
import type { ManifestLog } from './manifest-log.js';
import { putSettled, type SettleOptions } from './settled-put.js';

export const savepointPrefix = 'savepoints/';
const nameForm = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

/** A checkpoint that a user asked to keep. */
export interface Savepoint {
  readonly name: string;
  /** Wall-clock time of its making: for people. */
  readonly timeMs: number;
  /** The token of its entry in the log. */
  readonly token: string;
  /** A copy of the manifest, so that the log may forget its own. */
  readonly manifest: CheckpointEntry;
}

/**
 * The savepoints of an application: blobs `savepoints/<name>`. They pin all that their manifests refer to.
 *
 * A savepoint is decided in the log, where a fenced process can decide nothing, and usable once its blob is written.
 *
 * Invariant: what an announced savepoint needs is not deleted while its blob may still come. The process that announced it
 * pins it until the blob is there; a later epoch first writes the blob itself (`finish`), the same one. Otherwise a process
 * that slept between the two steps would report a savepoint whose segments are gone.
 */
export class Savepoints {
  readonly #store: BlobStore;
  readonly #platform: Platform;
  readonly #log: ManifestLog;
  readonly #settle: SettleOptions;
  /** Savepoints do not change, so each is read once. */
  readonly #known = new Map<string, Savepoint>();
  /** What is being created, and what was given up with its outcome unknown. */
  readonly #making = new Set<{ readonly manifest: CheckpointEntry }>();
  #finished = false;

  constructor(store: BlobStore, platform: Platform, log: ManifestLog, settle: SettleOptions = {}) {
    this.#store = store;
    this.#platform = platform;
    this.#log = log;
    this.#settle = settle;
  }

  /** The index of the oldest manifest that a savepoint in the making copies; infinite if none is. */
  get oldestInMaking(): number {
    return Math.min(...[...this.#making].map(({ manifest }) => manifest.index));
  }

  /**
   * Makes a savepoint of the log's last checkpoint. Wait for a checkpoint first, for it to hold what just happened.
   *
   * @throws SF_INVALID_NAME; SF_SAVEPOINT_EXISTS; what `ManifestLog.append` throws. SF_STORAGE and the like mean that the
   * savepoint may exist, now or after the next start.
   */
  async create(name: string): Promise<Savepoint> {
    checkSavepointName(name);
    if ((await this.#store.get(savepointPrefix + name)) !== undefined) throw exists(name);
    const manifest = this.#log.base;
    invariant(manifest?.kind === 'checkpoint', 'a savepoint was asked for before the first checkpoint');
    const making = { manifest };
    this.#making.add(making);
    const entry = await this.#log.append({ kind: 'savepoint', name, of: manifest.index });
    const savepoint = await this.#write(entry, manifest);
    this.#making.delete(making);
    if (savepoint.token !== entry.token) throw exists(name);
    return savepoint;
  }

  /** @throws SF_UNKNOWN_SAVEPOINT, SF_INVALID_NAME, SF_DAMAGED, SF_INCOMPATIBLE */
  async read(name: string): Promise<Savepoint> {
    checkSavepointName(name);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    return this.#remember(await findSavepoint(this.#store, name));
  }

  /** The names of all savepoints, in ascending order. */
  list(): Promise<string[]> {
    return listSavepoints(this.#store);
  }

  /**
   * Writes the savepoints that earlier epochs announced and did not get to write, and reads all others, once. Before this,
   * nothing may be deleted from the store.
   */
  async finish(): Promise<void> {
    if (this.#finished) return;
    invariant(this.#log.hasBegun, 'savepoints of earlier epochs were finished before a new one began');
    for (const name of await this.list()) await this.read(name);
    for (const entry of await this.#log.entries()) {
      if (entry.kind !== 'savepoint' || entry.epoch === this.#log.epoch || this.#known.has(entry.name)) continue;
      const manifest = await this.#log.read(entry.of);
      // Its manifest goes only after the blob was written, or after its maker was told that the name was taken.
      if (manifest?.kind === 'checkpoint') await this.#write(entry, manifest);
    }
    this.#finished = true;
  }

  /** The manifests that must stay readable: of all savepoints, and of those in the making. */
  pinned(): CheckpointEntry[] {
    invariant(this.#finished, 'pinned manifests were asked for before all savepoints were known');
    return [...this.#known.values(), ...this.#making].map(({ manifest }) => manifest);
  }

  /** Writes the blob of an announced savepoint; resolves with the savepoint that then has the name, this one or another. */
  async #write(entry: SavepointEntry, manifest: CheckpointEntry): Promise<Savepoint> {
    const { name, timeMs, token } = entry;
    const savepoint: Savepoint = { name, timeMs, token, manifest };
    const bytes = frame(encode(savepoint));
    const other = await putSettled(this.#store, this.#platform, savepointPrefix + name, bytes, this.#settle);
    return this.#remember(other === undefined ? savepoint : decodeSavepoint(name, other));
  }

  #remember(savepoint: Savepoint): Savepoint {
    this.#known.set(savepoint.name, savepoint);
    return savepoint;
  }
}

/** The names of all savepoints, in ascending order. */
export async function listSavepoints(store: BlobStore): Promise<string[]> {
  const blobs = await store.list(savepointPrefix);
  return blobs.map((blob) => blob.slice(savepointPrefix.length)).filter((name) => nameForm.test(name));
}

/** @throws SF_UNKNOWN_SAVEPOINT, SF_INVALID_NAME, SF_DAMAGED, SF_INCOMPATIBLE */
export async function findSavepoint(store: BlobStore, name: string): Promise<Savepoint> {
  checkSavepointName(name);
  const savepoint = await readSavepoint(store, name);
  if (savepoint === undefined) throw unknown(name, await listSavepoints(store));
  return savepoint;
}

/** The savepoint of a name; `undefined` if there is none. @throws SF_DAMAGED, SF_INCOMPATIBLE */
export async function readSavepoint(store: BlobStore, name: string): Promise<Savepoint | undefined> {
  const bytes = await store.get(savepointPrefix + name);
  return bytes === undefined ? undefined : decodeSavepoint(name, bytes);
}

function decodeSavepoint(name: string, bytes: Uint8Array): Savepoint {
  const blob = savepointPrefix + name;
  const savepoint = decodeFrom(blob, 0, unframe(blob, bytes)) as Savepoint;
  if (savepoint?.name !== name) throw damaged(blob, 0, 'it does not hold the savepoint of that name');
  return savepoint;
}

function checkSavepointName(name: string): void {
  if (typeof name === 'string' && nameForm.test(name)) return;
  throw new StatefulFunctionsError(
    'SF_INVALID_NAME',
    `savepoint ${JSON.stringify(name)} must be named with letters, digits, '.', '_' and '-', at most 128. Rename it.`,
  );
}

function exists(name: string): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_SAVEPOINT_EXISTS',
    `there is a savepoint ${name} already. Choose another name.`,
  );
}

function unknown(name: string, names: readonly string[]): StatefulFunctionsError {
  const known = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
  return new StatefulFunctionsError(
    'SF_UNKNOWN_SAVEPOINT',
    `there is no savepoint ${name}; ${known}. Name one of them.`,
  );
}
