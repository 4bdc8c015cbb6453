import type { Membership, MembershipRow } from '../ports/membership.js';
import { checkMembershipKey, checkMembershipPrefix } from './membership-key.js';

/**
 * A membership table in this process's memory: for nodes that share the process, and for tests.
 *
 * All nodes are given the same table. Bytes are copied on the way in and on the way out, so nobody can change a row's.
 */
export class MemoryMembership implements Membership {
  readonly #rows = new Map<string, MembershipRow>();
  /** Of all keys together, so that a row which is created again goes on from its former revision. */
  #lastRevision = 0;

  async read(key: string): Promise<MembershipRow | undefined> {
    checkMembershipKey(key);
    const row = this.#rows.get(key);
    return row && copyOf(row);
  }

  async write(key: string, value: Uint8Array, revision: number): Promise<number | undefined> {
    checkMembershipKey(key);
    if ((this.#rows.get(key)?.revision ?? 0) !== revision) return undefined;
    this.#lastRevision += 1;
    this.#rows.set(key, copyOf({ value, revision: this.#lastRevision }));
    return this.#lastRevision;
  }

  async remove(key: string, revision: number): Promise<boolean> {
    checkMembershipKey(key);
    return this.#rows.get(key)?.revision === revision && this.#rows.delete(key);
  }

  async list(prefix: string): Promise<(MembershipRow & { readonly key: string })[]> {
    checkMembershipPrefix(prefix);
    const keys = [...this.#rows.keys()].filter((key) => key.startsWith(prefix)).sort();
    return keys.map((key) => ({ key, ...copyOf(this.#rows.get(key) as MembershipRow) }));
  }
}

function copyOf({ value, revision }: MembershipRow): MembershipRow {
  return { value: Uint8Array.from(value), revision };
}
