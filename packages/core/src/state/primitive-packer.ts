/**
 * Packs lists of small primitives as MessagePack, byte for byte what a reader of the codec takes.
 *
 * Records of plain fields are encoded for every changed address of every checkpoint, on the event loop that handles messages.
 * The codec, which looks at each value for what MessagePack cannot say, takes three times as long for them.
 */
const initialBytes = 4_096;
/** A string of n UTF-16 code units takes at most 3n bytes of UTF-8, and five of header. */
const bytesPerUnit = 3;
const most = 9;

let buffer = Buffer.allocUnsafeSlow(initialBytes);
let at = 0;

/** The packed list, or `undefined` if it holds anything that only the codec can encode. */
export function packPrimitives(values: readonly unknown[]): Uint8Array | undefined {
  return pack(undefined, values);
}

/** As `packPrimitives`, of a list that begins with `first`. */
export function packPrimitivesAfter(first: number, values: readonly unknown[]): Uint8Array | undefined {
  return pack(first, values);
}

function pack(first: number | undefined, values: readonly unknown[]): Uint8Array | undefined {
  const count = values.length + (first === undefined ? 0 : 1);
  if (count > 15) return undefined;
  at = 0;
  buffer[at++] = 0x90 | count;
  if (first !== undefined) packNumber(first);
  for (let index = 0; index < values.length; index += 1) if (!packOne(values[index])) return undefined;
  const packed = new Uint8Array(at);
  packed.set(buffer.subarray(0, at));
  return packed;
}

function packOne(value: unknown): boolean {
  if (typeof value === 'string') return packText(value);
  reserve(most);
  if (typeof value === 'number') return packNumber(value);
  if (value === null) buffer[at++] = 0xc0;
  else if (value === false) buffer[at++] = 0xc2;
  else if (value === true) buffer[at++] = 0xc3;
  else return false;
  return true;
}

function packNumber(value: number): boolean {
  if (Object.is(value, -0)) return false;
  if ((value | 0) === value && value >= 0) {
    if (value < 0x80) buffer[at++] = value;
    else {
      buffer[at++] = 0xce;
      at = buffer.writeUInt32BE(value, at);
    }
    return true;
  }
  buffer[at++] = 0xcb;
  at = buffer.writeDoubleBE(value, at);
  return true;
}

function packText(text: string): boolean {
  // Lone surrogates and byte order marks are the codec's to preserve.
  if (!text.isWellFormed() || text.charCodeAt(0) === 0xfeff) return false;
  reserve(text.length * bytesPerUnit + most);
  const start = at;
  at += 3;
  const length = buffer.write(text, at, 'utf8');
  if (length > 0xffff) return false;
  buffer[start] = 0xda;
  buffer.writeUInt16BE(length, start + 1);
  at += length;
  return true;
}

function reserve(bytes: number): void {
  if (at + bytes <= buffer.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, at + bytes));
  larger.set(buffer.subarray(0, at));
  buffer = larger;
}
