import { decode, encode } from '../codec/codec.js';
import { ByteBuffer } from './byte-buffer.js';
import { packPrimitive } from './primitive-packer.js';

/** A chunk that has so many bytes gets no more values. */
const fullBytes = 24 * 1024;
/** The room that chunks begin with: the first of a column, which may be the only one, and the others. */
const firstBytes = 512;
const nextBytes = 32 * 1024;

/** Values that lie one behind the other. */
class Chunk {
  /** Where each value ends. */
  readonly ends: number[] = [];

  constructor(
    /** The number of its first value. */
    readonly first: number,
    readonly buffer: ByteBuffer,
  ) {}

  /** The offset of the value with this number, or that behind the last. */
  offsetOf(number: number): number {
    return number === this.first ? 0 : (this.ends[number - this.first - 1] as number);
  }

  get end(): number {
    return this.first + this.ends.length;
  }
}

/** The encoded values of a column from one number on. */
export interface ColumnPiece {
  readonly first: number;
  readonly count: number;
  /** One behind the other, as in a list; only valid until values are added. */
  readonly bytes: Uint8Array;
}

/**
 * Values by number, each encoded as soon as it is added: for what waits by the hundred thousand, and would be work for the garbage
 * collector as objects. A value is made again when it is asked for.
 */
export class ValueColumn {
  readonly #chunks: Chunk[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** @throws SF_UNSUPPORTED_VALUE */
  push(value: unknown): void {
    const { buffer, ends } = this.#open();
    if (!packPrimitive(buffer, value)) {
      const bytes = encode(value, 'record');
      buffer.reserve(bytes.length);
      buffer.bytes.set(bytes, buffer.length);
      buffer.length += bytes.length;
    }
    ends.push(buffer.length);
    this.#length += 1;
  }

  /** Adds the values of another, which is given up. */
  append(other: ValueColumn): void {
    for (const chunk of other.#chunks) {
      const moved = new Chunk(this.#length, chunk.buffer);
      for (const end of chunk.ends) moved.ends.push(end);
      this.#chunks.push(moved);
      this.#length += chunk.ends.length;
    }
  }

  /** A function that gives the values from `from` to `to` by number, and keeps only these in memory. */
  reader(from: number, to: number): (number: number) => unknown {
    const chunks = this.#chunks.slice(indexOf(this.#chunks, from), indexOf(this.#chunks, to - 1) + 1);
    return (number) => {
      const chunk = chunks[indexOf(chunks, number)] as Chunk;
      return decode(chunk.buffer.bytes.subarray(chunk.offsetOf(number), chunk.offsetOf(number + 1)));
    };
  }

  /** Everything from `from` on, in pieces of some ten thousand bytes. */
  *pieces(from: number): Generator<ColumnPiece> {
    for (let index = indexOf(this.#chunks, from); index < this.#chunks.length; index += 1) {
      const chunk = this.#chunks[index] as Chunk;
      const first = Math.max(from, chunk.first);
      if (first === chunk.end) continue;
      const bytes = chunk.buffer.bytes.subarray(chunk.offsetOf(first), chunk.buffer.length);
      yield { first, count: chunk.end - first, bytes };
    }
  }

  #open(): Chunk {
    const last = this.#chunks[this.#chunks.length - 1];
    if (last !== undefined && last.buffer.length < fullBytes) return last;
    const chunk = new Chunk(this.#length, new ByteBuffer(last === undefined ? firstBytes : nextBytes));
    this.#chunks.push(chunk);
    return chunk;
  }
}

/** The index of the chunk that has the value with this number; that of the last for numbers beyond. */
function indexOf(chunks: readonly Chunk[], number: number): number {
  let low = 0;
  let high = chunks.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (number < (chunks[middle] as Chunk).end) high = middle;
    else low = middle + 1;
  }
  return low;
}
