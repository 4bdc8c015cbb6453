import type { FileHandle, FileSystem } from '../ports/file-system.js';
import { hostCode } from '../ports/host-error.js';
import { asError, StatefulFunctionsError } from '../sdk/errors.js';
import { fingerprint, headBytes, JsonLinesDecoder, type LinePosition } from './json-lines-decoder.js';

const newline = 0x0a;
const scanBytes = 1024 * 1024;

export interface JsonLinesSourceOptions {
  readonly path: string;
  /** Whether to wait for lines to be appended. Otherwise the source ends with the file. `false` by default. */
  readonly follow?: boolean;
  /** Where the very first start begins: at the file's `start`, the default, or with what is appended from then on. */
  readonly from?: 'start' | 'end';
  /** Longest line that is read; a longer one is malformed. 16 MiB by default. */
  readonly maxLineBytes?: number;
}

/** An open file, and the decoder that stands where its handle is to be read. */
export interface OpenLines<T> {
  readonly handle: FileHandle;
  readonly decoder: JsonLinesDecoder<T>;
}

/** The file of a source: how it is opened, recognized and complained about. */
export class LinesFile {
  constructor(
    readonly options: Required<JsonLinesSourceOptions>,
    readonly files: FileSystem,
  ) {}

  /** Opens the file behind `position`, or where the first start begins; `undefined` when it is absent. */
  async open<T>(position: LinePosition | undefined): Promise<OpenLines<T> | undefined> {
    const handle = await this.#openIfThere();
    if (handle === undefined) return undefined;
    try {
      return { handle, decoder: await this.#decoderAt<T>(handle, position) };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Makes sure that the path still names a file that begins with what was read; an absent one may come back. */
  async recheck(offset: number, head: number): Promise<void> {
    const handle = await this.#openIfThere();
    try {
      if (handle !== undefined) await this.#recognize(handle, offset, head);
    } finally {
      await handle?.close();
    }
  }

  async read(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
    try {
      return await handle.read(position, length);
    } catch (cause) {
      throw this.failed(`could not be read: ${asError(cause).message}`, 'Mend the file or disk and start again', cause);
    }
  }

  foreign(why: string): StatefulFunctionsError {
    return new StatefulFunctionsError(
      'SF_SOURCE_POSITION',
      `the file ${this.options.path} is not the one that was read before: it ${why}. ` +
        'Put the file back, or start with an empty checkpoint directory.',
    );
  }

  failed(why: string, fix: string, cause: unknown): StatefulFunctionsError {
    return new StatefulFunctionsError('SF_SOURCE', `the file ${this.options.path} ${why}. ${fix}.`, { cause });
  }

  async #openIfThere(): Promise<FileHandle | undefined> {
    try {
      return await this.files.open(this.options.path, 'read');
    } catch (cause) {
      if (hostCode(cause) === 'ENOENT') return undefined;
      throw this.failed(`could not be opened: ${asError(cause).message}`, 'Make it readable and start again', cause);
    }
  }

  async #decoderAt<T>(handle: FileHandle, position: LinePosition | undefined): Promise<JsonLinesDecoder<T>> {
    const { maxLineBytes } = this.options;
    if (position === undefined) {
      const { offset, line } = this.options.from === 'start' ? { offset: 0, line: 1 } : await this.#lastLine(handle);
      return new JsonLinesDecoder<T>(offset, line, await this.read(handle, 0, headBytes), maxLineBytes);
    }
    const { offset, line } = position;
    const head = await this.#recognize(handle, offset, position.head);
    // Behind a line that had no newline when it was read, what follows up to the newline has the same number.
    const [before] = offset === 0 ? [] : await this.read(handle, offset - 1, 1);
    return new JsonLinesDecoder<T>(offset, before === newline ? line + 1 : line, head, maxLineBytes);
  }

  /** The file's first bytes, if they and its length are in accord with what was read. */
  async #recognize(handle: FileHandle, offset: number, head: number): Promise<Uint8Array> {
    const size = await handle.size();
    if (size < offset) throw this.foreign(`is ${size} bytes long, and ${offset} were read`);
    const bytes = await this.read(handle, 0, headBytes);
    if (fingerprint(bytes, offset) !== head) throw this.foreign('begins with other bytes');
    return bytes;
  }

  /** Where the last line begins: what stands there is not complete yet, or empty. */
  async #lastLine(handle: FileHandle): Promise<{ offset: number; line: number }> {
    let offset = 0;
    let line = 1;
    for (let at = 0; ; ) {
      const bytes = await this.read(handle, at, scanBytes);
      if (bytes.length === 0) return { offset, line };
      for (let found = bytes.indexOf(newline); found !== -1; found = bytes.indexOf(newline, found + 1)) {
        offset = at + found + 1;
        line += 1;
      }
      at += bytes.length;
    }
  }
}
