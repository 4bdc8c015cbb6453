import { isUtf8 } from 'node:buffer';
import { crc32 } from 'node:zlib';
import type { IngressRecord } from '../ports/ingress-source.js';

/** Behind a line of a file: what a JSON Lines source stores in checkpoints. */
export interface LinePosition {
  /** Bytes before. */
  readonly offset: number;
  /** Number of the last line before, from 1. */
  readonly line: number;
  /** `fingerprint` of the bytes before: tells the file from another one of the same name. */
  readonly head: number;
}

/** How many bytes at the beginning of a file tell it from another. */
export const headBytes = 256;

/** Checksum of the first bytes of a file, as far as they are before `offset`; `head` has at least those. */
export function fingerprint(head: Uint8Array, offset: number): number {
  return crc32(head.subarray(0, Math.min(offset, headBytes)));
}

const chunkBytes = 256 * 1024;
const rawCharacters = 200;
const newline = 0x0a;
const carriageReturn = 0x0d;

/**
 * Turns the bytes of a JSON Lines file into records: pushed as they are read, taken as they are complete.
 *
 * Invariant: what is kept is at most one chunk and one line of `maxLineBytes`; of a longer line only the beginning is kept.
 */
export class JsonLinesDecoder<T> {
  #bytes: Buffer = Buffer.alloc(0);
  /** Offset in the file of the first of `#bytes`. */
  #origin: number;
  /** Where the next line begins in `#bytes`. */
  #at = 0;
  /** Up to where in `#bytes` there is no newline that was not taken. */
  #searched = 0;
  /** Up to where in `#bytes` all is known to be UTF-8. */
  #validUpTo = 0;
  /** Number of the next line. */
  #line: number;
  /** The beginning of the line under way, if that is too long to be kept. */
  #tooLong: string | undefined;
  #head: Buffer;
  #wholeHead: number | undefined;

  /**
   * @param offset where in the file the first byte pushed is.
   * @param line number of the line it belongs to.
   * @param head the file's bytes before `offset`, the first 256 at most.
   */
  constructor(
    offset: number,
    line: number,
    head: Uint8Array,
    readonly maxLineBytes: number,
  ) {
    this.#origin = offset;
    this.#line = line;
    this.#head = Buffer.from(head.subarray(0, Math.min(offset, headBytes)));
  }

  /** Offset in the file behind all that was pushed: where to read next. */
  get offset(): number {
    return this.#origin + this.#bytes.length;
  }

  /** Fingerprint of what is before `offset`. */
  get head(): number {
    return fingerprint(this.#head, headBytes);
  }

  /** How many bytes to read next: more while a line is long, so that its pieces are not joined over and over. */
  get wanted(): number {
    return Math.max(chunkBytes, this.#bytes.length - this.#at);
  }

  push(bytes: Uint8Array): void {
    const missing = Math.min(bytes.length, headBytes - this.#head.length);
    if (missing > 0) this.#head = Buffer.concat([this.#head, bytes.subarray(0, missing)]);
    const rest = this.#bytes.subarray(this.#at);
    this.#origin += this.#at;
    this.#searched -= this.#at;
    this.#at = 0;
    this.#bytes = rest.length > 0 ? Buffer.concat([rest, bytes]) : view(bytes);
    // One check for many lines; if it fails, each line is checked by itself.
    const end = this.#bytes.lastIndexOf(newline) + 1;
    this.#validUpTo = isUtf8(this.#bytes.subarray(0, end)) ? end : 0;
  }

  /** Up to `max` records of complete lines; none when more bytes are needed. */
  take(max: number): IngressRecord<T>[] {
    const records: IngressRecord<T>[] = [];
    while (records.length < max) {
      const end = this.#bytes.indexOf(newline, this.#searched);
      if (end === -1) {
        this.#searched = this.#bytes.length;
        this.#dropTooLong();
        break;
      }
      const record = this.#record(end, end + 1);
      if (record !== undefined) records.push(record);
      this.#at = end + 1;
      this.#searched = end + 1;
      this.#line += 1;
    }
    return records;
  }

  /** The record of a last line that has no end, once all of the file was pushed and taken. */
  takeLast(): IngressRecord<T> | undefined {
    const end = this.#bytes.length;
    const record = this.#record(end, end);
    this.#at = end;
    return record;
  }

  /** Gives up the content of a line that is too long. */
  #dropTooLong(): void {
    if (this.#bytes.length - this.#at <= this.maxLineBytes && this.#tooLong === undefined) return;
    this.#tooLong ??= this.#raw(this.#at, this.#bytes.length);
    this.#at = this.#bytes.length;
  }

  /** The record of the line that ends before `end`; `undefined` for a blank one. The one after begins at `next`. */
  #record(end: number, next: number): IngressRecord<T> | undefined {
    const start = this.#at;
    const tooLong = this.#tooLong ?? (end - start > this.maxLineBytes ? this.#raw(start, end) : undefined);
    this.#tooLong = undefined;
    if (tooLong !== undefined)
      return this.#malformed(next, `the line is longer than ${this.maxLineBytes} bytes`, tooLong);
    const stop = end > start && this.#bytes[end - 1] === carriageReturn ? end - 1 : end;
    if (stop === start) return undefined;
    if (stop > this.#validUpTo && !isUtf8(this.#bytes.subarray(start, stop))) {
      return this.#malformed(next, 'the line is not valid UTF-8', this.#raw(start, stop));
    }
    const text = this.#bytes.toString('utf8', start, stop);
    try {
      return { position: this.#position(next), value: JSON.parse(this.#isFirst(start) ? withoutMark(text) : text) };
    } catch (error) {
      if (withoutMark(text).trim() === '') return undefined;
      return this.#malformed(next, `the line is not valid JSON: ${(error as Error).message}`, this.#raw(start, stop));
    }
  }

  #malformed(next: number, reason: string, raw: string): IngressRecord<T> {
    return { position: this.#position(next), malformed: { where: `line ${this.#line}`, reason, raw } };
  }

  #position(at: number): LinePosition {
    const offset = this.#origin + at;
    if (offset < headBytes) return { offset, line: this.#line, head: fingerprint(this.#head, offset) };
    this.#wholeHead ??= fingerprint(this.#head, headBytes);
    return { offset, line: this.#line, head: this.#wholeHead };
  }

  #isFirst(at: number): boolean {
    return at === 0 && this.#origin === 0;
  }

  #raw(start: number, end: number): string {
    const text = this.#bytes.toString('utf8', start, Math.min(end, start + rawCharacters * 4));
    return text.length > rawCharacters ? `${text.slice(0, rawCharacters).toWellFormed()}…` : text;
  }
}

/** Without a byte order mark. */
function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
