import xxhash from 'xxhash-wasm';

const { h32 } = await xxhash();

const prime1 = 0x9e3779b1 | 0;
const prime2 = 0x85ebca77 | 0;
const prime3 = 0xc2b2ae3d | 0;
const prime4 = 0x27d4eb2f;
const prime5 = 0x165667b1;

/**
 * xxHash, 32 bits, seed 0, of the text's UTF-8 bytes. Source: Y. Collet, https://github.com/Cyan4973/xxHash.
 *
 * On the path of every message, and of every key that is stored. What is short and ASCII is hashed here, in one pass that finds
 * out whether it is: handing it to WebAssembly costs more than hashing it.
 */
export function xxh32OfText(text: string): number {
  const { length } = text;
  if (length > 64) return h32(text);
  let hash = prime5;
  let at = 0;
  let units = 0;
  if (length >= 16) {
    let a = (prime1 + prime2) | 0;
    let b = prime2;
    let c = 0;
    let d = -prime1 | 0;
    for (; at <= length - 16; at += 16) {
      const w = wordOfText(text, at);
      const x = wordOfText(text, at + 4);
      const y = wordOfText(text, at + 8);
      const z = wordOfText(text, at + 12);
      units |= w | x | y | z;
      a = round(a, w);
      b = round(b, x);
      c = round(c, y);
      d = round(d, z);
    }
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  }
  hash = (hash + length) | 0;
  for (; at <= length - 4; at += 4) {
    const word = wordOfText(text, at);
    units |= word;
    hash = mixWord(hash, word);
  }
  for (; at < length; at += 1) {
    const unit = text.charCodeAt(at);
    units |= unit > 0x7f ? -1 : unit;
    hash = mixByte(hash, unit);
  }
  return (units & 0x80808080) === 0 ? avalanche(hash) : h32(text);
}

/** xxHash, 32 bits, seed 0, of the first `length` bytes. */
export function xxh32OfBytes(bytes: Uint8Array, length: number = bytes.length): number {
  let hash = prime5;
  let at = 0;
  if (length >= 16) {
    let a = (prime1 + prime2) | 0;
    let b = prime2;
    let c = 0;
    let d = -prime1 | 0;
    for (; at <= length - 16; at += 16) {
      a = round(a, wordOfBytes(bytes, at));
      b = round(b, wordOfBytes(bytes, at + 4));
      c = round(c, wordOfBytes(bytes, at + 8));
      d = round(d, wordOfBytes(bytes, at + 12));
    }
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  }
  hash = (hash + length) | 0;
  for (; at <= length - 4; at += 4) hash = mixWord(hash, wordOfBytes(bytes, at));
  for (; at < length; at += 1) hash = mixByte(hash, bytes[at] as number);
  return avalanche(hash);
}

function round(lane: number, word: number): number {
  return Math.imul(rotate((lane + Math.imul(word, prime2)) | 0, 13), prime1);
}

function mixWord(hash: number, word: number): number {
  return Math.imul(rotate((hash + Math.imul(word, prime3)) | 0, 17), prime4);
}

function mixByte(hash: number, byte: number): number {
  return Math.imul(rotate((hash + Math.imul(byte, prime5)) | 0, 11), prime1);
}

function avalanche(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 15), prime2);
  mixed = Math.imul(mixed ^ (mixed >>> 13), prime3);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** Little-endian, as xxHash has it; with a bit of 0x80808080 set if a unit is not ASCII. */
function wordOfText(text: string, at: number): number {
  const a = text.charCodeAt(at);
  const b = text.charCodeAt(at + 1);
  const c = text.charCodeAt(at + 2);
  const d = text.charCodeAt(at + 3);
  return (a | b | c | d) > 0x7f ? -1 : a | (b << 8) | (c << 16) | (d << 24);
}

function wordOfBytes(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
