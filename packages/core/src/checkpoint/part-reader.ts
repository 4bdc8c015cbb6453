import type { BlobReader, ByteRange } from '../ports/blob-store.js';
import type { CheckpointEntry, InlinedParts } from './manifest.js';
import { isInlined } from './part-name.js';

/** Inlined parts, or where to look for them. */
type Inlined = InlinedParts | (() => Promise<InlinedParts | undefined>);

/**
 * Reads what a manifest refers to: blobs of the store, and parts that the manifest holds itself, as if those were blobs as well.
 *
 * **Gotchas** The bytes of an inlined part are shared by all who read them: they are not the caller's to change.
 */
export class PartReader implements BlobReader {
  readonly #store: BlobReader;
  #inlined: Inlined = new Map();

  constructor(store: BlobReader) {
    this.#store = store;
  }

  static of(store: BlobReader, { inlined }: Pick<CheckpointEntry, 'inlined'>): PartReader {
    const reader = new PartReader(store);
    reader.replace(inlined);
    return reader;
  }

  /** Goes over to another manifest. Its parts are asked for when the first of them is read, where they are not at hand. */
  replace(inlined: Inlined): void {
    this.#inlined = inlined;
  }

  async get(name: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    if (!isInlined(name)) return this.#store.get(name, range);
    const bytes = (await this.#parts()).get(name);
    return range === undefined ? bytes : bytes?.subarray(range.offset, range.offset + range.length);
  }

  async #parts(): Promise<InlinedParts> {
    const inlined = this.#inlined;
    if (typeof inlined !== 'function') return inlined;
    // A manifest that is gone was replaced by a newer one; what is not found in it is looked for there.
    const found = (await inlined()) ?? new Map();
    if (this.#inlined === inlined) this.#inlined = found;
    return found;
  }
}
