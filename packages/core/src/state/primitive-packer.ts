import type { ByteBuffer } from './byte-buffer.js';

/**
 * Packs lists of small primitives as MessagePack, byte for byte what a reader of the codec takes.
 *
 * Records of plain fields are encoded for every changed address of every checkpoint, on the event loop that handles messages.
 * The codec, which looks at each value for what MessagePack cannot say, takes three times as long for them.
 */
const bytesPerUnit = 3;
const most = 9;
/** Texts up to this length are written here, if they are ASCII; beyond it, leaving JavaScript pays. */
const shortText = 64;

/**
 * Packs a list that begins with `first` and goes on with `values` behind what `into` holds.
 *
 * @returns false, with `into` as it was, if a value is anything that only the codec can encode.
 */
export function packPrimitives(into: ByteBuffer, first: number, values: readonly unknown[]): boolean {
  const count = values.length + 1;
  if (count > 15) return false;
  const start = into.length;
  into.reserve(1 + most);
  into.bytes[into.length++] = 0x90 | count;
  packNumber(into, first);
  for (let index = 0; index < values.length; index += 1) {
    if (packPrimitive(into, values[index])) continue;
    into.length = start;
    return false;
  }
  return true;
}

/** Packs one value behind what `into` holds; false, with `into` as it was, if only the codec can encode it. */
export function packPrimitive(into: ByteBuffer, value: unknown): boolean {
  if (typeof value === 'string') return packText(into, value);
  into.reserve(most);
  if (typeof value === 'number') return packNumber(into, value);
  if (value === null) into.bytes[into.length++] = 0xc0;
  else if (value === false) into.bytes[into.length++] = 0xc2;
  else if (value === true) into.bytes[into.length++] = 0xc3;
  else return false;
  return true;
}

function packNumber(into: ByteBuffer, value: number): boolean {
  if (Object.is(value, -0)) return false;
  const { bytes } = into;
  if ((value | 0) === value && value >= 0) {
    if (value < 0x80) bytes[into.length++] = value;
    else {
      bytes[into.length] = 0xce;
      into.length = bytes.writeUInt32BE(value, into.length + 1);
    }
    return true;
  }
  bytes[into.length] = 0xcb;
  into.length = bytes.writeDoubleBE(value, into.length + 1);
  return true;
}

function packText(into: ByteBuffer, text: string): boolean {
  const { length } = text;
  into.reserve(length * bytesPerUnit + most);
  return (length <= shortText && packAscii(into, text)) || packAnyText(into, text);
}

function packAscii(into: ByteBuffer, text: string): boolean {
  const { bytes } = into;
  const { length } = text;
  let at = into.length;
  if (length < 32) bytes[at++] = 0xa0 | length;
  else {
    bytes[at++] = 0xd9;
    bytes[at++] = length;
  }
  for (let index = 0; index < length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return false;
    bytes[at++] = unit;
  }
  into.length = at;
  return true;
}

function packAnyText(into: ByteBuffer, text: string): boolean {
  // Lone surrogates and byte order marks are the codec's to preserve.
  if (!text.isWellFormed() || text.charCodeAt(0) === 0xfeff) return false;
  const { bytes } = into;
  const start = into.length;
  const length = bytes.write(text, start + 3, 'utf8');
  if (length > 0xffff) return false;
  bytes[start] = 0xda;
  bytes.writeUInt16BE(length, start + 1);
  into.length = start + 3 + length;
  return true;
}
