import type { BlobBody } from '@stateful-functions/core';

/**
 * A body in parts of `partBytes` each, the last one shorter; an empty body is one empty part.
 *
 * Pieces are copied before the next is asked for, as a body may reuse one buffer for all. A body that came at once is not
 * copied.
 */
export async function* partsOf(body: BlobBody, partBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  if (body instanceof Uint8Array) {
    const last = Math.max(1, Math.ceil(body.byteLength / partBytes)) - 1;
    for (let part = 0; part < last; part += 1) yield body.subarray(part * partBytes, (part + 1) * partBytes);
    yield last === 0 ? body : body.subarray(last * partBytes);
    return;
  }
  let pieces: Uint8Array[] = [];
  let length = 0;
  for await (let piece of body) {
    while (length + piece.byteLength > partBytes) {
      const taken = partBytes - length;
      yield Buffer.concat([...pieces, piece.subarray(0, taken)]);
      piece = piece.subarray(taken);
      pieces = [];
      length = 0;
    }
    pieces.push(piece.slice());
    length += piece.byteLength;
  }
  yield Buffer.concat(pieces);
}
