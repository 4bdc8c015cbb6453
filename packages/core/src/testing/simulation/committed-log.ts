import { decodeEntry, type LogEntry } from '../../checkpoint/manifest.js';

/**
 * What has ever been in the log of a store: what may be seen from outside, and what may not.
 *
 * Invariant: an entry that was written stays as it is until it is deleted. Leases keep most processes from writing where others
 * have written; the log must be a fence without them.
 */
export class CommittedLog {
  readonly #violate: (violation: string) => void;
  /** Names of entries that were written and not deleted. */
  readonly #written = new Set<string>();
  /** By id of the log and index. */
  readonly #checkpoints = new Set<string>();
  /** By name of the ingress: each position of a checkpoint. */
  readonly #positions = new Map<string, Set<string>>();

  constructor(violate: (violation: string) => void) {
    this.#violate = violate;
  }

  /** A blob was written where there was none. */
  wrote(name: string, bytes: Uint8Array): void {
    if (this.found(name, bytes) === undefined) return;
    if (this.#written.has(name)) this.#violate(`log: ${name} was written over`);
    this.#written.add(name);
  }

  deleted(name: string): void {
    this.#written.delete(name);
  }

  /** A blob was read. */
  found(name: string, bytes: Uint8Array): LogEntry | undefined {
    if (!name.startsWith('log/')) return undefined;
    const entry = decodeEntry(name, bytes);
    const place = `${entry.logId}-${entry.index}`;
    if (entry.kind !== 'checkpoint' || this.#checkpoints.has(place)) return entry;
    this.#checkpoints.add(place);
    for (const [ingress, { position }] of Object.entries(entry.ingresses)) {
      const positions = this.#positions.get(ingress) ?? new Set();
      this.#positions.set(ingress, positions.add(JSON.stringify(position)));
    }
    return entry;
  }

  /** Whether there is, or was, a checkpoint at a place in a log. */
  has(logId: string, index: number): boolean {
    return this.#checkpoints.has(`${logId}-${index}`);
  }

  /** Whether a checkpoint has, or had, a position of an ingress. */
  hasPosition(ingress: string, position: unknown): boolean {
    return this.#positions.get(ingress)?.has(JSON.stringify(position)) ?? false;
  }
}
