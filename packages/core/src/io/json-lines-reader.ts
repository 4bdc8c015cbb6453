import type { Watch } from '../ports/file-system.js';
import type { IngressReader, IngressRecord } from '../ports/ingress-source.js';
import type { LinesFile, OpenLines } from './lines-file.js';

/** Reads the lines of one file, from where its decoder stands. */
export class JsonLinesReader<T> implements IngressReader<T> {
  readonly #file: LinesFile;
  /** `undefined` until the file appears. */
  #open: OpenLines<T> | undefined;
  readonly #watch: Watch | undefined;
  /** Whether the file may have changed since it was last read. */
  #hinted = false;
  #wake: (() => void) | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(file: LinesFile, open: OpenLines<T> | undefined) {
    this.#file = file;
    this.#open = open;
    const { follow, path } = file.options;
    if (follow) this.#watch = file.files.watch(path, () => this.#hint());
  }

  read(max: number): Promise<readonly IngressRecord<T>[] | undefined> {
    const reading = this.#read(max);
    this.#reading = reading.catch(() => {}); // The caller has the error; close() only waits.
    return reading;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#watch?.close();
    this.#wake?.();
    await this.#reading;
    await this.#open?.handle.close();
  }

  async #read(max: number): Promise<readonly IngressRecord<T>[] | undefined> {
    while (this.#closing === undefined) {
      const records = this.#open?.decoder.take(max) ?? [];
      if (records.length > 0) return records;
      this.#hinted = false;
      if (await this.#fill()) continue;
      if (!this.#file.options.follow) {
        const last = this.#open?.decoder.takeLast();
        return last === undefined ? undefined : [last];
      }
      await this.#changed();
    }
    return undefined;
  }

  /** Reads on; `false` at the end of what is there. */
  async #fill(): Promise<boolean> {
    this.#open ??= await this.#file.open<T>(undefined);
    if (this.#open === undefined) return false;
    const { handle, decoder } = this.#open;
    const bytes = await this.#file.read(handle, decoder.offset, decoder.wanted);
    if (bytes.length > 0) decoder.push(bytes);
    else if (this.#file.options.follow) await this.#file.recheck(decoder.offset, decoder.head);
    return bytes.length > 0;
  }

  /** Waits for a hint, unless one came since the file was last read. */
  async #changed(): Promise<void> {
    if (this.#hinted || this.#closing !== undefined) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  #hint(): void {
    this.#hinted = true;
    this.#wake?.();
  }
}
