import type { BlobBody, ByteRange } from '../ports/blob-store.js';
import { StatefulFunctionsError } from '../sdk/errors.js';

/** A body's pieces in order, whether it came at once or not. */
export async function* piecesOf(body: BlobBody): AsyncGenerator<Uint8Array, void, undefined> {
  if (body instanceof Uint8Array) yield body;
  else yield* body;
}

/**
 * Refuses a range that is not one. A range may begin or end behind the blob's end: it is cut there.
 *
 * @throws SF_INVALID_OPTION
 */
export function checkByteRange(range: ByteRange): void {
  if (isCount(range.offset) && isCount(range.length)) return;
  throw new StatefulFunctionsError(
    'SF_INVALID_OPTION',
    `{ offset: ${range.offset}, length: ${range.length} } is not a range of bytes: pass two integers, neither negative.`,
  );
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
