/** Randomness for names, tokens and jitter. Never for what a handler sees: that is `Context.random`. */
export interface Random {
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
}

/** A random name of `length` bytes in lower-case hexadecimal. */
export function randomHex(random: Random, length: number): string {
  const { buffer, byteOffset } = random.bytes(length);
  return Buffer.from(buffer, byteOffset, length).toString('hex');
}

/** A random number in [0, 1) with 32 bits. */
export function randomFraction(random: Random): number {
  const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4);
  return (a * 0x1000000 + b * 0x10000 + c * 0x100 + d) / 0x100000000;
}
