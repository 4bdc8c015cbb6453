/** One key and what is stored under it. */
export interface Entry {
  readonly key: Uint8Array;
  /** `undefined`: a tombstone, which hides what older segments have under the key. */
  readonly value: Uint8Array | undefined;
  /** Application time after which the entry counts as deleted. */
  readonly expiresAtMs?: number;
}
