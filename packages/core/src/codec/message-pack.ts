import { C1, Packr, RESET_BUFFER_MODE } from 'msgpackr';
import { StatefulFunctionsError } from '../sdk/errors.js';

/**
 * The part of MessagePack that values are stored in: nil, undefined, booleans, numbers, 64-bit integers for bigints,
 * strings, binary, arrays, maps with string keys, and one mark.
 *
 * msgpackr knows more (records, which compile code; errors, regular expressions, pointers; whatever other libraries of
 * the process registered). None of it is read here: the tokens are checked before msgpackr sees the bytes.
 */
const packr = new Packr({
  useRecords: false,
  variableMapSize: true,
  mapsAsObjects: true,
  useToJSON: false,
  moreTypes: false,
  structuredClone: false,
});

/** MessagePack's byte that stands for nothing. First in an array, it says that the array stands for something else. */
export const mark: unknown = C1;

/** A larger working buffer is given up after use. */
const workingBytes = 1 << 20;

/** Packs what is made of the types above only. The bytes are the caller's own. */
export function pack(form: unknown): Uint8Array {
  const packed = packr.pack(form, RESET_BUFFER_MODE);
  const bytes = new Uint8Array(packed.length);
  bytes.set(packed);
  if (packed.length > workingBytes) packr.useBuffer(Buffer.allocUnsafeSlow(8_192));
  return bytes;
}

/** @throws SF_DAMAGED; errors of msgpackr. Binary in the result is a view of `bytes`. */
export function unpack(bytes: Uint8Array): unknown {
  // A Buffer is what msgpackr reads fastest; one of our own, because it leaves a property on it.
  return packr.unpack(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

/**
 * Checks that `bytes` are one whole value of the types above, and nothing else.
 *
 * @returns whether it holds a mark or binary: without them it is what it stands for.
 * @throws SF_DAMAGED with the offset.
 */
export function checkTokens(bytes: Uint8Array): boolean {
  const end = bytes.length;
  let at = 0;
  let pending = 1;
  let special = false;
  while (pending > 0) {
    const start = at;
    if (at >= end) throw damagedAt(start, 'they end too early');
    const token = bytes[at++] as number;
    pending -= 1;
    if (token < 0x80 || token >= 0xe0) continue;
    if (token < 0x90) pending += 2 * (token & 0x0f);
    else if (token < 0xa0) pending += token & 0x0f;
    else if (token < 0xc0) at += token & 0x1f;
    else {
      switch (token) {
        case 0xc0:
        case 0xc2:
        case 0xc3:
          break;
        case 0xc1:
          special = true;
          break;
        case 0xc4:
          special = true;
          at += 1 + uint(bytes, at, 1);
          break;
        case 0xc5:
          special = true;
          at += 2 + uint(bytes, at, 2);
          break;
        case 0xc6:
          special = true;
          at += 4 + uint(bytes, at, 4);
          break;
        case 0xcc:
        case 0xd0:
          at += 1;
          break;
        case 0xcd:
        case 0xd1:
          at += 2;
          break;
        case 0xce:
        case 0xd2:
          at += 4;
          break;
        case 0xcb:
        case 0xcf:
        case 0xd3:
          at += 8;
          break;
        case 0xd4: // undefined
          if (bytes[at] !== 0 || bytes[at + 1] !== 0) throw damagedAt(start, 'they hold an unknown extension');
          at += 2;
          break;
        case 0xd9:
          at += 1 + uint(bytes, at, 1);
          break;
        case 0xda:
          at += 2 + uint(bytes, at, 2);
          break;
        case 0xdb:
          at += 4 + uint(bytes, at, 4);
          break;
        case 0xdc:
          pending += uint(bytes, at, 2);
          at += 2;
          break;
        case 0xdd:
          pending += uint(bytes, at, 4);
          at += 4;
          break;
        case 0xde:
          pending += 2 * uint(bytes, at, 2);
          at += 2;
          break;
        case 0xdf:
          pending += 2 * uint(bytes, at, 4);
          at += 4;
          break;
        default:
          throw damagedAt(start, `they hold byte 0x${token.toString(16)}, which is never written`);
      }
    }
    if (pending > end - at) throw damagedAt(start, 'they end too early');
  }
  if (at !== end) throw damagedAt(at, 'they go on after the value');
  return special;
}

/** The error for bytes that encode no value. */
export function damagedAt(offset: number, what: string, cause?: unknown): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_DAMAGED',
    `an encoded value is damaged at its byte ${offset}: ${what}. Restore its store from a copy, or use a savepoint.`,
    cause === undefined ? undefined : { cause },
  );
}

/** Big endian; bytes past the end count as zero, and the caller finds that it went too far. */
function uint(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let index = at; index < at + size; index += 1) value = value * 256 + (bytes[index] ?? 0);
  return value;
}
