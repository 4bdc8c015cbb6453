import { crc32 } from 'node:zlib';
import { decode } from '../codec/codec.js';
import { BlobError } from '../sdk/blob-error.js';
import { StatefulFunctionsError } from '../sdk/errors.js';

/**
 * How small blobs (log entries, savepoints) are wrapped, so that damage shows before anything is decoded.
 *
 * Layout, big endian: `magic 4 | version u32 | payload length u32 | crc32 u32 | payload`. The checksum covers all but itself.
 * These sixteen bytes stay as they are in every version; that is how an old program can tell a newer blob from a damaged one.
 */
const magic = 0x53464231; // 'SFB1'
const version = 1;
const headerBytes = 16;
const checksumOffset = 12;

/** Wraps a payload. */
export function frame(payload: Uint8Array): Uint8Array {
  const framed = new Uint8Array(headerBytes + payload.length);
  const view = new DataView(framed.buffer);
  view.setUint32(0, magic);
  view.setUint32(4, version);
  view.setUint32(8, payload.length);
  framed.set(payload, headerBytes);
  view.setUint32(checksumOffset, checksum(framed));
  return framed;
}

/**
 * The payload of a whole blob; a view of `bytes`.
 *
 * @throws SF_DAMAGED if a byte is wrong, missing or too many; SF_INCOMPATIBLE if the blob is sound but of a newer version.
 */
export function unframe(blob: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length < headerBytes)
    throw damaged(blob, bytes.length, `it ends inside its ${headerBytes} bytes of header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== magic) throw damaged(blob, 0, 'it does not begin as it must');
  const expected = headerBytes + view.getUint32(8);
  if (expected !== bytes.length) {
    throw damaged(
      blob,
      Math.min(expected, bytes.length),
      `it has ${bytes.length} bytes where its header says ${expected}`,
    );
  }
  if (view.getUint32(checksumOffset) !== checksum(bytes)) throw damaged(blob, 0, 'its checksum does not match');
  const found = view.getUint32(4);
  if (found !== version) {
    throw new StatefulFunctionsError(
      'SF_INCOMPATIBLE',
      `${blob} has format ${found}, and this program reads ${version}. Run the version of the library that wrote it, or a newer one.`,
    );
  }
  return bytes.subarray(headerBytes);
}

function checksum(framed: Uint8Array): number {
  return crc32(framed.subarray(headerBytes), crc32(framed.subarray(0, checksumOffset)));
}

/** Decodes a value whose checksum was found right. What the codec calls damaged gets the name of its blob. */
export function decodeFrom(blob: string, offset: number, bytes: Uint8Array): unknown {
  try {
    return decode(bytes);
  } catch (error) {
    if (!(error instanceof StatefulFunctionsError) || error.code !== 'SF_DAMAGED') throw error;
    throw damaged(blob, offset, 'it holds a value that cannot be decoded', error);
  }
}

/** The error for stored bytes that are not what was written. */
export function damaged(blob: string, offset: number, what: string, cause?: unknown): BlobError {
  return new BlobError(
    'SF_DAMAGED',
    blob,
    offset,
    `${blob} is damaged at byte ${offset}: ${what}. Restore the store from a copy, or start from a savepoint.`,
    cause === undefined ? undefined : { cause },
  );
}
