/**
 * Bytes put together one after the other where their number is not known before.
 *
 * For what is encoded by the hundred thousand: a typed array for each would cost more than what is written into it.
 */
export class ByteBuffer {
  bytes: Buffer;
  /** How many bytes are in use. */
  length = 0;

  constructor(capacity = 1_024) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** Makes room for `count` more bytes. What was read of `bytes` before may be outdated. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + count));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  /** A copy of what is behind `from`. */
  copy(from = 0): Uint8Array {
    const copy = new Uint8Array(this.length - from);
    copy.set(this.bytes.subarray(from, this.length));
    return copy;
  }
}

/** Chunks put together, `length` bytes of them. */
export function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
