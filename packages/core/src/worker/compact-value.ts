import { decode, encode } from '../codec/codec.js';
import { invariant, StatefulFunctionsError } from '../sdk/errors.js';
import { ByteBuffer } from '../state/byte-buffer.js';

/**
 * The first byte of a value. Below `Mark.nothing` it is the value, a small whole number.
 *
 * Checkpoints hold such bytes: what they mean does not change.
 */
const Mark = {
  nothing: 0x80,
  undefined: 0x81,
  false: 0x82,
  true: 0x83,
  /** 4 bytes. */
  integer: 0x84,
  /** 8 bytes. */
  float: 0x85,
  /** Length in 1 byte, ASCII. */
  shortText: 0x86,
  /** Length in 4 bytes, UTF-8. */
  text: 0x87,
  /** Length in 4 bytes, elements. */
  array: 0x88,
  /** The number of its shape in 1 byte, fields in its order. */
  object: 0x89,
  /** The number of its keys in 1 byte, each as text, then fields: from then on, this shape has a number. */
  newShape: 0x8a,
  /** Length in 4 bytes, what the codec makes of it. */
  encoded: 0x8b,
} as const;

/** Texts up to this length are written here, if they are ASCII; beyond it, leaving JavaScript pays. */
const shortText = 64;
const mostKeys = 64;
/** Shapes that are looked through for each object, the latest first. */
const mostShapes = 32;

/**
 * Writes values of the data model, one behind the other, for a reader that knows where each begins.
 *
 * Everything that crosses from worker to worker is written this way, and all that waits at a cut, on the event loops that handle
 * messages. What most of those are made of (primitives, plain objects, arrays) costs a tenth of what the codec takes, which has
 * to check what others might have written and looks at each value for what MessagePack cannot say. Keys of objects are written
 * once for all that look alike.
 *
 * Values must have been copied by `copyValue`: nothing is checked here.
 */
export class CompactWriter {
  readonly #into = new ByteBuffer(4 * 1024);
  #shapes: (readonly string[])[] = [];

  /** What was written since the last `clear`: a view, valid until something more is written. */
  get bytes(): Uint8Array {
    return this.#into.bytes.subarray(0, this.#into.length);
  }

  /** How many bytes that are. */
  get length(): number {
    return this.#into.length;
  }

  /** Begins anew. */
  clear(): void {
    this.#into.length = 0;
    this.#shapes = [];
  }

  byte(value: number): void {
    const into = this.#into;
    into.reserve(1);
    into.bytes[into.length++] = value;
  }

  int32(value: number): void {
    const into = this.#into;
    into.reserve(4);
    const { bytes } = into;
    const at = into.length;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    into.length = at + 4;
  }

  value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.text(value);
        return;
      case 'number':
        this.#number(value);
        return;
      case 'boolean':
        this.byte(value ? Mark.true : Mark.false);
        return;
      case 'undefined':
        this.byte(Mark.undefined);
        return;
      case 'object':
        if (value === null) this.byte(Mark.nothing);
        else this.#object(value);
        return;
      default:
        this.#encoded(value);
    }
  }

  text(text: string): void {
    const { length } = text;
    const into = this.#into;
    if (length <= shortText) {
      into.reserve(length + 2);
      const { bytes } = into;
      let at = into.length;
      bytes[at++] = Mark.shortText;
      bytes[at++] = length;
      let index = 0;
      for (; index < length; index += 1) {
        const unit = text.charCodeAt(index);
        if (unit > 0x7f) break;
        bytes[at++] = unit;
      }
      if (index === length) {
        into.length = at;
        return;
      }
    }
    if (!text.isWellFormed()) {
      this.#encoded(text);
      return;
    }
    into.reserve(5 + length * 3);
    const start = into.length;
    const written = into.bytes.write(text, start + 5, 'utf8');
    into.bytes[start] = Mark.text;
    into.bytes.writeUInt32BE(written, start + 1);
    into.length = start + 5 + written;
  }

  /** Bytes as they are, which are no value: the reader takes them as `binary`. */
  binary(bytes: Uint8Array): void {
    const into = this.#into;
    this.int32(bytes.length);
    into.reserve(bytes.length);
    into.bytes.set(bytes, into.length);
    into.length += bytes.length;
  }

  #number(value: number): void {
    const into = this.#into;
    into.reserve(9);
    if ((value | 0) === value && !Object.is(value, -0)) {
      if (value >= 0 && value < Mark.nothing) into.bytes[into.length++] = value;
      else {
        into.bytes[into.length++] = Mark.integer;
        this.int32(value);
      }
      return;
    }
    into.bytes[into.length] = Mark.float;
    into.length = into.bytes.writeDoubleBE(value, into.length + 1);
  }

  #object(value: object): void {
    // To ask for the prototype would leave JavaScript. No copy has a field that holds a function, so this is the inherited one.
    if (value.constructor === Object) {
      const keys = this.#shapeOf(value as Fields);
      if (keys === undefined) this.#encoded(value);
      else for (let index = 0; index < keys.length; index += 1) this.value((value as Fields)[keys[index] as string]);
    } else if (Array.isArray(value)) {
      const array = value as readonly unknown[];
      this.byte(Mark.array);
      this.int32(array.length);
      for (let index = 0; index < array.length; index += 1) this.value(array[index]);
    } else this.#encoded(value);
  }

  /** The keys of an object, once it is written which they are; `undefined` if that can only be encoded. */
  #shapeOf(object: Fields): readonly string[] | undefined {
    const shapes = this.#shapes;
    for (let number = shapes.length - 1; number >= 0; number -= 1) {
      const keys = shapes[number] as readonly string[];
      if (!hasKeys(object, keys)) continue;
      const into = this.#into;
      into.reserve(3);
      into.bytes[into.length++] = Mark.object;
      into.bytes[into.length++] = number;
      return keys;
    }
    const keys = Object.keys(object);
    // Of a key that has a meaning, and of what a prototype that was tampered with adds, the codec takes care.
    const isPlain = keys.length <= mostKeys && !keys.includes('__proto__') && hasKeys(object, keys);
    if (!isPlain || shapes.length === mostShapes) return undefined;
    this.#shapes.push(keys);
    this.byte(Mark.newShape);
    this.byte(keys.length);
    for (const key of keys) this.value(key);
    return keys;
  }

  #encoded(value: unknown): void {
    this.byte(Mark.encoded);
    this.binary(encode(value));
  }
}

/** Reads what a writer has written since it was cleared. */
export class CompactReader {
  readonly #bytes: Sliceable;
  readonly #shapes: (readonly string[])[] = [];
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as Sliceable;
  }

  /** @throws SF_BROKEN_INVARIANT if it has gone past the end: what was read is no value then. */
  get isAtEnd(): boolean {
    invariant(this.#at <= this.#bytes.length, 'values end where they were written to end');
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.#at++] as number;
  }

  int32(): number {
    const bytes = this.#bytes;
    const at = this.#at;
    this.#at = at + 4;
    return (
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)
    );
  }

  value(): unknown {
    const mark = this.byte();
    if (mark < Mark.nothing) return mark;
    switch (mark) {
      case Mark.shortText:
        return this.#shortText();
      case Mark.object:
        return this.#object(this.#shapes[this.byte()] as readonly string[]);
      case Mark.integer:
        return this.int32();
      case Mark.float:
        this.#at += 8;
        return this.#bytes.readDoubleBE(this.#at - 8);
      case Mark.true:
        return true;
      case Mark.false:
        return false;
      case Mark.nothing:
        return null;
      case Mark.undefined:
        return undefined;
      case Mark.text:
        return this.#bytes.utf8Slice(...this.#next(this.int32()));
      case Mark.array:
        return this.#array();
      case Mark.newShape:
        return this.#object(this.#newShape());
      case Mark.encoded:
        return decode(this.binary());
      default:
        throw new StatefulFunctionsError(
          'SF_DAMAGED',
          `what another worker sent is no value at byte ${this.#at - 1}. Have all workers run the same program.`,
        );
    }
  }

  text(): string {
    return this.value() as string;
  }

  /** A view of what was read from. */
  binary(): Uint8Array {
    return this.#bytes.subarray(...this.#next(this.int32()));
  }

  #shortText(): string {
    const length = this.byte();
    const from = this.#at;
    this.#at = from + length;
    return this.#bytes.latin1Slice(from, from + length);
  }

  #array(): unknown[] {
    const length = this.int32();
    const array: unknown[] = [];
    for (let index = 0; index < length; index += 1) array.push(this.value());
    return array;
  }

  #newShape(): readonly string[] {
    const keys: string[] = [];
    for (let count = this.byte(); count > 0; count -= 1) keys.push(this.text());
    this.#shapes.push(keys);
    return keys;
  }

  #object(keys: readonly string[]): Fields {
    const object: Fields = {};
    for (let index = 0; index < keys.length; index += 1) object[keys[index] as string] = this.value();
    return object;
  }

  /** The next bytes: from where to where. */
  #next(length: number): [from: number, to: number] {
    const from = this.#at;
    this.#at = from + length;
    return [from, this.#at];
  }
}

type Fields = Record<string, unknown>;

/** What Node.js has had for ever and its types lack: `toString` without looking at names of encodings, for short texts half of it. */
type Sliceable = Buffer & Record<'latin1Slice' | 'utf8Slice', (from: number, to: number) => string>;

/** Whether an object has these keys, in this order, and no others. */
function hasKeys(object: Fields, keys: readonly string[]): boolean {
  let count = 0;
  for (const key in object) {
    if (keys[count] !== key) return false;
    count += 1;
  }
  return count === keys.length;
}
