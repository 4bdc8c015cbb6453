import { piecesOf } from '../../blob/blob-body.js';
import { MemoryBlobStore } from '../../blob/memory-blob-store.js';
import type { BlobStore } from '../../ports/blob-store.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { SimulatedService } from './simulated-service.js';

/** A blob store that all processes of a cluster call over the network. What it has acknowledged it keeps. */
export class SimulatedStore {
  readonly blobs = new MemoryBlobStore();

  constructor(readonly service: SimulatedService) {}

  storeFor(process: SimulatedProcess): BlobStore {
    const { blobs, service } = this;
    return {
      put: async (name, body) => {
        const pieces: Uint8Array[] = [];
        for await (const piece of piecesOf(body)) pieces.push(piece);
        const whole = new Uint8Array(Buffer.concat(pieces));
        return service.call(process, () => blobs.put(name, whole));
      },
      get: (name, range) => service.call(process, () => blobs.get(name, range)),
      list: (prefix) => service.call(process, () => blobs.list(prefix)),
      delete: (name) => service.call(process, () => blobs.delete(name)),
    };
  }
}
