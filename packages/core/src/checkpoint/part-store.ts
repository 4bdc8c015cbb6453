import type { BlobReader, BlobStore, ByteRange } from '../ports/blob-store.js';
import { joined } from '../state/byte-buffer.js';
import type { CompactionStore } from '../state/compaction.js';

/** Where one part is written that may turn out to be small: then it is no blob, but left to the manifest. */
export class PartStore implements CompactionStore {
  readonly #reader: BlobReader;
  readonly #store: Pick<BlobStore, 'put'>;
  readonly #inlineBytes: number;
  #inlined: Uint8Array | undefined;

  /** @param inlineBytes a part of no more bytes than this is kept. */
  constructor(reader: BlobReader, store: Pick<BlobStore, 'put'>, inlineBytes: number) {
    this.#reader = reader;
    this.#store = store;
    this.#inlineBytes = inlineBytes;
  }

  /** What was put, if it was small; else it is a blob of the store. */
  get inlined(): Uint8Array | undefined {
    return this.#inlined;
  }

  get(name: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    return this.#reader.get(name, range);
  }

  async put(name: string, body: AsyncIterable<Uint8Array>): Promise<boolean> {
    const chunks = body[Symbol.asyncIterator]();
    const first: Uint8Array[] = [];
    let length = 0;
    while (length <= this.#inlineBytes) {
      const { done, value } = await chunks.next();
      if (done === true) {
        this.#inlined = joined(first, length);
        return true;
      }
      first.push(value);
      length += value.length;
    }
    return this.#store.put(name, following(first, chunks));
  }
}

async function* following(first: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}
