import { LRUCache } from 'lru-cache';

/** Room for the typed array and its place in the cache. */
const overheadBytes = 200;
/** More blocks than any segment has. */
const maxBlocks = 2 ** 32;

/** Verified blocks of segments in memory, the least recently read of them dropped beyond a number of bytes. */
export class BlockCache {
  readonly #blocks: LRUCache<number, Uint8Array>;
  #segments = 0;

  constructor(maxBytes: number) {
    this.#blocks = new LRUCache<number, Uint8Array>({
      maxSize: Math.max(1, Math.floor(maxBytes)),
      sizeCalculation: (block) => block.length + overheadBytes,
    });
  }

  /** Bytes in use. */
  get bytes(): number {
    return this.#blocks.calculatedSize;
  }

  /** A number to keep a segment's blocks under. */
  register(): number {
    return this.#segments++;
  }

  get(segment: number, block: number): Uint8Array | undefined {
    return this.#blocks.get(segment * maxBlocks + block);
  }

  set(segment: number, block: number, bytes: Uint8Array): void {
    this.#blocks.set(segment * maxBlocks + block, bytes);
  }

  /** Forgets the blocks of a segment that is not read any more. */
  drop(segment: number, blocks: number): void {
    for (let block = 0; block < blocks; block += 1) this.#blocks.delete(segment * maxBlocks + block);
  }
}
