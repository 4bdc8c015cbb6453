import xxhash from 'xxhash-wasm';

const { h32Raw } = await xxhash();

/** The name of the hash that places ids, as manifests record it. */
export const keyGroupHash = 'xxh32';

const scratch = Buffer.alloc(4_096);

/**
 * The key group of an id: a hash of its UTF-8 bytes alone, so that instances of different types with one id are neighbours.
 */
export function keyGroupOf(id: string, maxParallelism: number): number {
  return hashText(id, 0) % maxParallelism;
}

/** XXH32 of the UTF-8 bytes of a text. */
function hashText(text: string, seed: number): number {
  if (text.length * 3 > scratch.length) return h32Raw(Buffer.from(text), seed);
  return h32Raw(scratch.subarray(0, scratch.write(text, 'utf8')), seed);
}

/** XXH32 of bytes. */
export function hashBytes(bytes: Uint8Array, seed: number): number {
  return h32Raw(bytes, seed);
}
