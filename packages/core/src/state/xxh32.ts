import xxhash from 'xxhash-wasm';

const { h32, h32Raw } = await xxhash();

/** xxHash, 32 bits, seed 0, of the text's UTF-8 bytes. Source: Y. Collet, https://github.com/Cyan4973/xxHash. */
export function xxh32OfText(text: string): number {
  return h32(text);
}

/** xxHash, 32 bits, seed 0. */
export function xxh32OfBytes(bytes: Uint8Array): number {
  return h32Raw(bytes);
}
