import type { ConnectorServices, IngressReader, IngressSource } from '../ports/ingress-source.js';
import type { Position } from '../ports/position.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import type { LinePosition } from './json-lines-decoder.js';
import { JsonLinesReader } from './json-lines-reader.js';
import { type JsonLinesSourceOptions, LinesFile } from './lines-file.js';

export type { JsonLinesSourceOptions } from './lines-file.js';

/**
 * Reads a file with one JSON value a line.
 *
 * Its position, the bytes and lines read, is in every checkpoint: a restarted application goes on behind the last line whose
 * effects are committed, and reads lines that were appended since.
 *
 * **Details**
 * - A line that is not JSON, not UTF-8 or too long is a dead letter that names its line number, and stops nothing.
 * - Blank lines, CRLF and a byte order mark are fine.
 * - Without `follow`, a last line that lacks its newline is read as it is; with `follow`, once it is complete.
 * - With `follow`, the file may be absent at first.
 *
 * **Gotchas**
 * The file may grow, and nothing else. One that was cut, replaced or rotated is `SF_SOURCE_POSITION`: told by its length and
 * a checksum of its first 256 bytes.
 * Values are what `JSON.parse` gives: give the ingress a schema to have their shape checked.
 * With `from: 'end'` there is no position before the first checkpoint, so a crash before it begins at the new end.
 */
export class JsonLinesSource<T> implements IngressSource<T> {
  readonly path: string;
  readonly follow: boolean;
  readonly from: 'start' | 'end';
  readonly maxLineBytes: number;

  /** @throws SF_INVALID_OPTION */
  constructor({ path, follow = false, from = 'start', maxLineBytes = 16 * 1024 * 1024 }: JsonLinesSourceOptions) {
    if (!Number.isSafeInteger(maxLineBytes) || maxLineBytes < 1) {
      throw new StatefulFunctionsError(
        'SF_INVALID_OPTION',
        `maxLineBytes is ${maxLineBytes}. Use a whole number above 0.`,
      );
    }
    this.path = path;
    this.follow = follow;
    this.from = from;
    this.maxLineBytes = maxLineBytes;
  }

  /** @throws SF_SOURCE when the file is absent; SF_SOURCE_POSITION when it is not the one that was read. */
  async open(position: Position | undefined, { platform }: ConnectorServices): Promise<IngressReader<T>> {
    const file = new LinesFile(this, platform.files);
    const opened = await file.open<T>(position as LinePosition | undefined);
    if (opened !== undefined) return new JsonLinesReader<T>(file, opened);
    if (position !== undefined) throw file.foreign('is absent');
    if (!this.follow) throw file.failed('is absent', 'Put it there, or use follow: true to wait for it', undefined);
    return new JsonLinesReader<T>(file, undefined);
  }
}
