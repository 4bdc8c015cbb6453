import { piecesOf } from '../../blob/blob-body.js';
import { FileBlobStore } from '../../blob/file-blob-store.js';
import { MemoryBlobStore } from '../../blob/memory-blob-store.js';
import type { BlobStore } from '../../ports/blob-store.js';
import { SimulatedDisk } from '../simulated-disk.js';
import { CommittedLog } from './committed-log.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { ServiceCall, SimulatedService } from './simulated-service.js';

const directory = 'store';

/**
 * A blob store that all processes of a cluster call: over the network, where what it has acknowledged it keeps; or files of the one
 * machine that all of them run on, whose disk loses what was not synced when the power goes.
 */
export class SimulatedStore {
  /** What its log came to hold. */
  readonly log: CommittedLog;
  readonly #disk: SimulatedDisk | undefined;
  readonly #memory = new MemoryBlobStore();
  #failsAfter = Number.POSITIVE_INFINITY;
  #isReady: Promise<void> = Promise.resolve();

  constructor(
    readonly service: SimulatedService,
    isOnDisk: boolean,
    violate: (violation: string) => void,
  ) {
    this.log = new CommittedLog(violate);
    if (!isOnDisk) return;
    this.#disk = new SimulatedDisk({ seed: service.random.uint32() });
    this.#mount(this.#disk);
  }

  get isOnDisk(): boolean {
    return this.#disk !== undefined;
  }

  /** The power of the disk goes after so many more of its operations; whoever called gets no answer any more. */
  failAfter(operations: number): void {
    if (this.#disk === undefined) return;
    this.#failsAfter = this.#disk.operations + operations;
    this.#disk.crashAfter(operations, 'hang');
  }

  /** The machine starts again. What was not synced when the power went is lost, wholly, in part or not. */
  restart(): void {
    if (this.#disk === undefined) return;
    if (this.#disk.operations > this.#failsAfter) this.service.strikes.add('power lost in an operation of the disk');
    this.#failsAfter = Number.POSITIVE_INFINITY;
    this.#disk.crash();
    this.#mount(this.#disk);
  }

  storeFor(process: SimulatedProcess): BlobStore {
    const { service, log } = this;
    // Each process has its own idea of which folders are durable by now, as threads have.
    const files = this.#disk && new FileBlobStore(this.#disk, service.random.fork(), directory);
    const blobs: BlobStore = files ?? this.#memory;
    const call = <T>(kind: ServiceCall['kind'], name: string, work: () => Promise<T>) =>
      service.call(process, { kind, name }, async () => {
        // What a machine's dead processes were about to do, its disk never hears of.
        if (this.isOnDisk && process.isDead) return new Promise<never>(() => undefined);
        await this.#isReady;
        return work();
      });
    return {
      put: async (name, body) => {
        const pieces: Uint8Array[] = [];
        for await (const piece of piecesOf(body)) pieces.push(piece);
        const whole = new Uint8Array(Buffer.concat(pieces));
        return call('put', name, async () => {
          const isNew = await blobs.put(name, whole);
          if (isNew) log.wrote(name, whole);
          return isNew;
        });
      },
      get: (name, range) =>
        call('read', name, async () => {
          const bytes = await blobs.get(name, range);
          // A put that the power cut off may have come to be, and nobody was told.
          if (bytes !== undefined && range === undefined) log.found(name, bytes);
          return bytes;
        }),
      list: (prefix) => call('read', prefix, () => blobs.list(prefix)),
      delete: (name) =>
        call('remove', name, async () => {
          // From here on: a deletion that the power cuts off may have come to be.
          log.deleted(name);
          await blobs.delete(name);
        }),
    };
  }

  #mount(disk: SimulatedDisk): void {
    // The lock is held by nobody else; it dies with the machine.
    this.#isReady = new FileBlobStore(disk, this.service.random.fork(), directory).open();
    // Whoever calls is told.
    this.#isReady.catch(() => undefined);
  }
}
