/**
 * A small table with compare-and-set, in which nodes find each other and elect who is in charge.
 *
 * Keys are segments of `[A-Za-z0-9_-]`, joined by single slashes, at most 256 characters. Values are bytes, from none to at
 * least 64 KiB. There are tens of rows, not thousands, and each is written a few times a second at most.
 *
 * **Details**
 * - A row's *revision* is a positive safe integer that names one write of its key for good: each write gets a greater one
 *   than the key ever had, also when the row was removed in between. So "still at that revision" means that nothing
 *   happened, and a removed row cannot come back looking like its former self.
 * - Of calls that compare with the same revision, however many at once and from however many nodes, at most one succeeds.
 * - Calls see every call that had resolved before they began.
 * - A row lasts until it is removed, whether or not the node that wrote it does.
 * - When `write` or `remove` *rejects*, its outcome is unknown: it may have happened, and it may still happen later, as long
 *   as the row is at the revision it names.
 *
 * **Gotchas**
 * - An answer tells how things were at some instant between call and answer, and may be old by the time it comes.
 * - A call need not settle in time, or at all: whoever must go on gives up waiting for it.
 * - Clients that send a request again after a lost answer may report that they were beaten by themselves: `write` resolves
 *   `undefined` though it was this very call that wrote. Put something into the value to know it by.
 *
 * The JetStream key-value store fits: its `create`, `update` and `delete` with the last revision are these calls, and a
 * deleted key, of which it keeps a marker, reads as absent and is created again behind the marker's revision. Replicas must
 * not answer reads (`allow_direct: false`), for they may lag.
 *
 * Every implementation passes `membershipConformance` of `@stateful-functions/core/testing`.
 */
export interface Membership {
  /** The row of a key; `undefined` when there is none. The bytes are the caller's. */
  read(key: string): Promise<MembershipRow | undefined>;
  /**
   * Writes a row that is still at `revision`, which some call of this table gave, or creates it if `revision` is 0 and there
   * is none. Resolves with the new revision, or with `undefined`, changing nothing, when the row is not at `revision`.
   */
  write(key: string, value: Uint8Array, revision: number): Promise<number | undefined>;
  /** Removes a row that is still at `revision`; resolves `false`, changing nothing, when it is not, or when there is none. */
  remove(key: string, revision: number): Promise<boolean>;
  /** Rows whose keys begin with `prefix`, which may end anywhere in a key, in ascending order of keys; all for `''`. */
  list(prefix: string): Promise<(MembershipRow & { readonly key: string })[]>;
}

export interface MembershipRow {
  readonly value: Uint8Array;
  readonly revision: number;
}
