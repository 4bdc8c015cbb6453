import { dirname } from 'node:path';
import type { EgressRecord, EgressSink } from '../ports/egress-sink.js';
import type { FileHandle } from '../ports/file-system.js';
import { hostCode, isDiskFull } from '../ports/host-error.js';
import type { ConnectorServices } from '../ports/ingress-source.js';
import type { Position } from '../ports/position.js';
import { asError, invariant, StatefulFunctionsError } from '../sdk/errors.js';
import { toJson } from './json.js';

export interface JsonLinesSinkOptions {
  /** The file to append to; made if absent, in a folder that exists. */
  readonly path: string;
}

/** How much of the file is published for good. */
interface FilePosition {
  readonly length: number;
}

const newline = 0x0a;

/**
 * Appends each record to a file as one line of JSON, exactly once, whatever ends the process and whenever.
 *
 * A checkpoint holds the length up to which the file is known to be published. What is behind it when the sink is opened was
 * written without that being known: it is cut off and written again. How values look in JSON is told at `toJson`.
 *
 * **Details**
 * - On the first start an existing file is appended to; a last line without an end is ended first.
 * - A batch is one write and one sync.
 *
 * **Gotchas**
 * The file has one writer. What another program appends is cut off at the next start. To rotate the file, stop the
 * application with it, or begin a new checkpoint directory: one that is shorter than its position is refused.
 */
export class JsonLinesSink<T> implements EgressSink<T> {
  readonly path: string;
  #file: FileHandle | undefined;
  #length = 0;
  /** What the last attempt left behind `#length` is not known. */
  #untidy = false;
  /** A failed sync may have dropped what was written, and a later one would not tell. */
  #broken = false;

  constructor({ path }: JsonLinesSinkOptions) {
    this.path = path;
  }

  /** @throws SF_SINK_POSITION when the file is not the one that was written; SF_SINK, SF_STORAGE_FULL */
  async open(position: Position | undefined, { platform }: ConnectorServices): Promise<Position> {
    invariant(this.#file === undefined, `the JSON Lines sink of ${this.path} is open already`);
    const known = position as FilePosition | undefined;
    const file = await this.#doing('open', platform.files.open(this.path, 'update'));
    try {
      this.#length = known === undefined ? await this.#endOf(file) : await this.#cutOff(file, known.length);
      await this.#doing('sync', file.sync());
      await this.#doing('sync the folder of', platform.files.syncDirectory(dirname(this.path)));
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#file = file;
    this.#untidy = false;
    this.#broken = false;
    return this.#position;
  }

  /** @throws SF_SINK, SF_STORAGE_FULL */
  async publish(records: readonly EgressRecord<T>[]): Promise<Position> {
    const file = this.#file;
    if (file === undefined) throw this.#failed('it is not open');
    if (this.#broken) throw this.#failed('a sync failed before, so what the file holds is not known');
    if (records.length === 0) return this.#position;
    let lines = '';
    for (const { value } of records) lines += `${toJson(value)}\n`;
    const bytes = Buffer.from(lines);
    if (this.#untidy) await this.#doing('truncate', file.truncate(this.#length));
    this.#untidy = true;
    await this.#doing('write to', file.write(this.#length, bytes));
    this.#broken = true;
    await this.#doing('sync', file.sync());
    this.#broken = false;
    this.#untidy = false;
    this.#length += bytes.length;
    return this.#position;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  get #position(): FilePosition {
    return { length: this.#length };
  }

  /** Where to append on the first start. */
  async #endOf(file: FileHandle): Promise<number> {
    const size = await this.#doing('read', file.size());
    if (await this.#isLineStart(file, size)) return size;
    await this.#doing('write to', file.write(size, Uint8Array.of(newline)));
    return size + 1;
  }

  async #cutOff(file: FileHandle, length: number): Promise<number> {
    const size = await this.#doing('read', file.size());
    if (size < length) throw this.#foreign(`is ${size} bytes long, and ${length} were published`);
    if (!(await this.#isLineStart(file, length))) throw this.#foreign(`has no line that ends at byte ${length}`);
    if (size > length) await this.#doing('truncate', file.truncate(length));
    return length;
  }

  async #isLineStart(file: FileHandle, offset: number): Promise<boolean> {
    if (offset === 0) return true;
    const [before] = await this.#doing('read', file.read(offset - 1, 1));
    return before === newline;
  }

  async #doing<R>(what: string, operation: Promise<R>): Promise<R> {
    try {
      return await operation;
    } catch (cause) {
      throw this.#failed(`could not ${what} it: ${asError(cause).message}`, cause);
    }
  }

  #failed(why: string, cause?: unknown): StatefulFunctionsError {
    const missing = hostCode(cause) === 'ENOENT';
    const fix = isDiskFull(cause)
      ? 'Free space'
      : missing
        ? `Make the folder ${dirname(this.path)}`
        : 'Mend the file or disk';
    return new StatefulFunctionsError(
      isDiskFull(cause) ? 'SF_STORAGE_FULL' : 'SF_SINK',
      `the JSON Lines sink of ${this.path} failed: ${why}. ${fix} and start again; nothing is lost.`,
      { cause },
    );
  }

  #foreign(why: string): StatefulFunctionsError {
    return new StatefulFunctionsError(
      'SF_SINK_POSITION',
      `the file ${this.path} is not the one that the last checkpoint wrote: it ${why}. ` +
        'Put the file back, or start with an empty checkpoint directory.',
    );
  }
}
