import { LRUCache } from 'lru-cache';

/** Recently read blocks of segments, up to a number of bytes. */
export class BlockCache {
  readonly #blocks: LRUCache<string, Uint8Array>;

  constructor(maxBytes: number) {
    this.#blocks = new LRUCache({ maxSize: maxBytes, sizeCalculation: (block) => Math.max(1, block.length) });
  }

  get(blob: string, offset: number): Uint8Array | undefined {
    return this.#blocks.get(`${blob}@${offset}`);
  }

  set(blob: string, offset: number, block: Uint8Array): void {
    this.#blocks.set(`${blob}@${offset}`, block);
  }
}
