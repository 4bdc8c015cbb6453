/**
 * One version of one key: what segments hold.
 *
 * The bytes of an entry are not changed once it was handed to, or came from, anything in this folder.
 */
export interface Entry {
  readonly key: Uint8Array;
  /** `undefined` marks the key as removed (a tombstone): it hides what older segments hold under it. */
  readonly value: Uint8Array | undefined;
  /** Application time from which on the entry counts as absent. Readers judge that by their own `now`. */
  readonly expiresAtMs?: number | undefined;
}
