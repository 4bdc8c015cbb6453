import type { BlobStore } from '../ports/blob-store.js';
import type { Platform } from '../ports/platform.js';
import { randomHex } from '../ports/random.js';
import { invariant, StatefulFunctionsError } from '../sdk/errors.js';
import { NotStoredError } from '../sdk/not-stored-error.js';
import { deleteBlobs } from './delete-blobs.js';
import { damaged } from './frame.js';
import {
  type BaseEntry,
  type CheckpointEntry,
  decodeEntry,
  type EntryBody,
  type EntryHeader,
  type EpochEntry,
  encodeEntry,
  isBase,
  type LogEntry,
} from './manifest.js';
import { putSettled, type SettleOptions } from './settled-put.js';

const prefix = 'log/';
const indexDigits = 16;
const tokenBytes = 16;

/** What `append` takes: any entry but the beginning of an epoch. */
export type AppendBody = Exclude<EntryBody, { kind: 'epoch' }>;

/**
 * The manifest log: the list of checkpoints, and the fence between processes that each believe to run the application.
 *
 * Entries are blobs `log/0000000000000001`, `…2`, and so on, created by put-if-absent. Whoever creates the next one decides
 * what comes next; everybody else finds the name taken.
 *
 * Invariants:
 * - Indexes have no gaps from the newest entry back to the last checkpoint or restore, and each entry names the token of the
 *   one before.
 * - Nothing is appended before this process's own epoch has begun, and nothing after another's has.
 * - A put that was sent, and may have stored anything, is settled before anything else happens (`putSettled`). If it cannot be, this log refuses all further
 *   work: a new one must be opened, which finds out.
 * - Entries are deleted from the oldest on, those of epochs never. A process that slept therefore collides with the epoch that
 *   replaced its own, however much was deleted meanwhile: what follows its own last entry is the beginning of that epoch.
 * - Checkpoint ids grow, and application time does not go back, from manifest to manifest.
 *
 * **Gotchas**
 * A process that *begins* with an old listing could create an entry where a deleted one was. So winning the name is not
 * enough: an epoch has begun only if its entry is then the newest and the base it restores from still exists.
 */
export class ManifestLog {
  readonly #store: BlobStore;
  readonly #platform: Platform;
  readonly #settle: SettleOptions;
  /** Every entry read or written here that has not been deleted, by index. Complete once `entries` has listed them. */
  #known = new Map<number, LogEntry>();
  #complete = false;
  #base: BaseEntry | undefined;
  #tail: LogEntry[] = [];
  #begun = false;
  /** Why nothing more can be appended. */
  #ended: StatefulFunctionsError | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(store: BlobStore, platform: Platform, settle: SettleOptions) {
    this.#store = store;
    this.#platform = platform;
    this.#settle = settle;
  }

  /**
   * Reads the log from its newest entry back to the last checkpoint or restore. Writes nothing.
   *
   * @throws SF_DAMAGED if an entry in that stretch is damaged, missing or does not follow the one before; SF_INCOMPATIBLE.
   */
  static async open(store: BlobStore, platform: Platform, settle: SettleOptions = {}): Promise<ManifestLog> {
    const log = new ManifestLog(store, platform, settle);
    await log.#load();
    return log;
  }

  /** The entry that recovery starts from: the last checkpoint or restore; `undefined` while there is none. */
  get base(): BaseEntry | undefined {
    return this.#base;
  }

  /** The entries behind the base, oldest first: epochs that did not get to a checkpoint, suspects, savepoints. */
  get tail(): readonly LogEntry[] {
    return this.#tail;
  }

  /** The newest entry. */
  get last(): LogEntry | undefined {
    return this.#tail.at(-1) ?? this.#base;
  }

  /** The epoch of the newest entry; 0 in an empty log. */
  get epoch(): number {
    return this.last?.epoch ?? 0;
  }

  /** The log id that the next entry will have; `undefined` in an empty log. */
  get logId(): string | undefined {
    return this.last === undefined ? undefined : logIdAfter(this.last);
  }

  /** Whether the newest epoch was begun here, so that entries can be appended. */
  get hasBegun(): boolean {
    return this.#begun && this.#ended === undefined;
  }

  /** Begins a new epoch, which fences every other process on this store. Reads on and tries again while others win. */
  beginEpoch(incarnation: string): Promise<EpochEntry> {
    return this.#inTurn(() => this.#beginEpoch(incarnation));
  }

  /**
   * Appends an entry. When it resolves, the entry is the newest and durable. Calls queue up.
   *
   * @throws SF_FENCED if another process has begun an epoch: this one must stop. NotStoredError if a checkpoint's entry certainly
   * does not exist, so that another may be appended. Any other coded error of the store means that
   * the entry may or may not exist: open the log anew to know.
   */
  append<B extends AppendBody>(body: B): Promise<Extract<LogEntry, { kind: B['kind'] }>> {
    return this.#inTurn(() => this.#append(body)) as Promise<Extract<LogEntry, { kind: B['kind'] }>>;
  }

  /** Reads one entry, whether or not it is in the stretch that `open` read; `undefined` if it was deleted or never was. */
  async read(index: number): Promise<LogEntry | undefined> {
    return this.#known.get(index) ?? this.#fetch(index);
  }

  /** All entries up to the newest one known here, oldest first. Reads each only once in the life of this log. */
  async entries(): Promise<LogEntry[]> {
    while (!this.#complete) {
      const known = this.#known;
      const newest = this.last?.index ?? 0;
      for (const index of await this.#list()) {
        const entry = index > newest ? undefined : await this.read(index);
        if (entry !== undefined) known.set(index, entry);
      }
      this.#complete = known === this.#known; // Otherwise the log was read anew meanwhile.
    }
    return [...this.#known.values()].sort((a, b) => a.index - b.index);
  }

  /** Deletes the entries below `index`, some at once and the oldest first, except those of epochs. Never the base or what is behind it. */
  async trim(index: number): Promise<void> {
    const old = (await this.entries()).filter((entry) => entry.index < index && entry.kind !== 'epoch');
    const newest = old.at(-1)?.index ?? 0;
    invariant(old.length === 0 || newest < (this.#base?.index ?? 0), `log entry ${newest} is still needed`);
    const names = new Map(old.map((entry) => [entryName(entry.index), entry.index]));
    await deleteBlobs(this.#store, [...names.keys()], (name) => void this.#known.delete(names.get(name) as number));
  }

  async #beginEpoch(incarnation: string): Promise<EpochEntry> {
    this.#checkOpen();
    this.#begun = false;
    for (;;) {
      const entry: EpochEntry = {
        kind: 'epoch',
        restoredFrom: this.#base?.index,
        lastCheckpoint: this.#base?.kind === 'checkpoint' ? this.#base.checkpoint : 0,
        incarnation,
        ...this.#header(this.epoch + 1, this.logId ?? randomHex(this.#platform.random, tokenBytes)),
      };
      const other = await this.#put(entry);
      if (other === undefined && (await this.#isNewest(entry))) {
        this.#accept(entry);
        this.#begun = true;
        return entry;
      }
      await this.#load();
    }
  }

  async #append(body: AppendBody): Promise<LogEntry> {
    this.#checkOpen();
    const last = this.last;
    invariant(this.#begun && last !== undefined, 'an entry was appended before its epoch began');
    const entry: LogEntry = { ...body, ...this.#header(last.epoch, logIdAfter(last)) };
    if (entry.kind === 'checkpoint') this.#checkManifest(entry);
    const other = await this.#put(entry);
    if (other !== undefined) throw this.#end(fenced(other));
    this.#accept(entry);
    return entry;
  }

  #checkManifest(manifest: CheckpointEntry): void {
    const base = this.#base;
    if (base?.kind !== 'checkpoint') return;
    invariant(
      manifest.checkpoint > base.checkpoint,
      `checkpoint ${manifest.checkpoint} comes after ${base.checkpoint}`,
    );
    invariant(
      manifest.applicationTimeMs >= base.applicationTimeMs,
      'application time went back between two checkpoints',
    );
  }

  #header(epoch: number, logId: string): EntryHeader {
    return {
      index: (this.last?.index ?? 0) + 1,
      token: randomHex(this.#platform.random, tokenBytes),
      previous: this.last?.token,
      epoch,
      logId,
      timeMs: this.#platform.clock.now(),
    };
  }

  /** Creates the blob of an entry; resolves with the entry of another that is there instead, if so. */
  async #put(entry: LogEntry): Promise<LogEntry | undefined> {
    const bytes = encodeEntry(entry);
    const name = entryName(entry.index);
    try {
      const mayGiveUp = entry.kind === 'checkpoint';
      const found = await putSettled(this.#store, this.#platform, name, bytes, this.#settle, mayGiveUp);
      return found === undefined ? undefined : decodeEntry(name, found);
    } catch (error) {
      if (error instanceof NotStoredError) throw error;
      throw error instanceof StatefulFunctionsError ? this.#end(error) : error;
    }
  }

  async #isNewest(entry: EpochEntry): Promise<boolean> {
    const indexes = await this.#list();
    const baseIsThere = entry.restoredFrom === undefined || indexes.includes(entry.restoredFrom);
    return baseIsThere && indexes.at(-1) === entry.index;
  }

  #accept(entry: LogEntry): void {
    this.#known.set(entry.index, entry);
    if (isBase(entry)) {
      this.#base = entry;
      this.#tail = [];
    } else {
      this.#tail.push(entry);
    }
  }

  async #load(): Promise<void> {
    let newestBefore: number | undefined;
    for (;;) {
      const indexes = await this.#list();
      const missing = await this.#readBack(indexes);
      if (missing === undefined) return;
      // Another process may delete what was just listed, but only once it has appended a newer manifest.
      if (newestBefore === indexes.at(-1)) {
        throw damaged(entryName(missing), 0, 'it is missing, though later entries of the log need it');
      }
      newestBefore = indexes.at(-1);
    }
  }

  /** Reads from the newest entry back to the base; resolves with the index of an entry that is missing in between. */
  async #readBack(indexes: readonly number[]): Promise<number | undefined> {
    const entries: LogEntry[] = [];
    let base: BaseEntry | undefined;
    const present = new Set(indexes);
    for (let index = indexes.at(-1) ?? 0; index >= 1 && base === undefined; index -= 1) {
      const entry = present.has(index) ? await this.#fetch(index) : undefined;
      if (entry === undefined) return index;
      const next = entries.at(-1);
      if (next !== undefined) checkFollows(entry, next);
      if (index === 1) checkFirst(entry);
      if (isBase(entry)) base = entry;
      else entries.push(entry);
    }
    this.#base = base;
    this.#tail = entries.reverse();
    this.#known = new Map();
    this.#complete = false;
    for (const entry of base === undefined ? this.#tail : [base, ...this.#tail]) this.#known.set(entry.index, entry);
    return undefined;
  }

  #fetch(index: number): Promise<LogEntry | undefined> {
    return readEntry(this.#store, index);
  }

  #list(): Promise<number[]> {
    return listEntries(this.#store);
  }

  /** One operation at a time, in the order of the calls. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    // Whoever called gets the failure from `result`; the queue only waits for the end.
    this.#queue = result.catch(() => undefined);
    return result;
  }

  #checkOpen(): void {
    if (this.#ended !== undefined) throw this.#ended;
  }

  #end(error: StatefulFunctionsError): StatefulFunctionsError {
    this.#ended = error;
    return error;
  }
}

const entryForm = new RegExp(`^${prefix}\\d{${indexDigits}}$`);

/** The blob of the entry at `index`. Fixed width, so that names sort as numbers do. */
export function entryName(index: number): string {
  return prefix + String(index).padStart(indexDigits, '0');
}

/** The indexes of all entries that are there, ascending. */
export async function listEntries(store: BlobStore): Promise<number[]> {
  const names = await store.list(prefix);
  return names.filter((name) => entryForm.test(name)).map((name) => Number(name.slice(prefix.length)));
}

/** The entry at `index`; `undefined` if it was deleted or never was. @throws SF_DAMAGED, SF_INCOMPATIBLE */
export async function readEntry(store: BlobStore, index: number): Promise<LogEntry | undefined> {
  const name = entryName(index);
  const bytes = await store.get(name);
  if (bytes === undefined) return undefined;
  const entry = decodeEntry(name, bytes);
  if (entry.index !== index) throw damaged(name, 0, `it holds entry ${entry.index}`);
  return entry;
}

function logIdAfter(entry: LogEntry): string {
  return entry.kind === 'restore' ? entry.newLogId : entry.logId;
}

/** @throws SF_DAMAGED if `next`, whose index is the next one, was not written behind `entry`. */
export function checkFollows(entry: LogEntry, next: LogEntry): void {
  const epoch = next.kind === 'epoch' ? entry.epoch + 1 : entry.epoch;
  if (next.previous !== entry.token || next.epoch !== epoch || next.logId !== logIdAfter(entry)) {
    throw damaged(entryName(next.index), 0, `it does not follow ${entryName(entry.index)}`);
  }
}

/** @throws SF_DAMAGED if no log can begin with an entry. */
export function checkFirst(entry: LogEntry): void {
  if (entry.kind === 'epoch' && entry.previous === undefined) return;
  throw damaged(entryName(entry.index), 0, 'it cannot be the first entry of a log');
}

function fenced(other: LogEntry): StatefulFunctionsError {
  const by =
    other.kind === 'epoch'
      ? `incarnation ${other.incarnation} began epoch ${other.epoch}`
      : `epoch ${other.epoch} is running`;
  return new StatefulFunctionsError(
    'SF_FENCED',
    `another process took over this application: in ${entryName(other.index)}, ${by}. ` +
      'Let this process end; if both were meant to run, give each its own store.',
  );
}
