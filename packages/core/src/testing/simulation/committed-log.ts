import { type CheckpointEntry, decodeEntry } from '../../checkpoint/manifest.js';

/** Every checkpoint that has ever been in the log of a store: what may be seen from outside, and what may not. */
export class CommittedLog {
  readonly #checkpoints = new Map<string, CheckpointEntry>();
  /** By name of the ingress: each position of a checkpoint. */
  readonly #positions = new Map<string, Set<string>>();

  /** A blob was written, or read. */
  note(name: string, bytes: Uint8Array): void {
    if (!name.startsWith('log/')) return;
    const entry = decodeEntry(name, bytes);
    if (entry.kind !== 'checkpoint') return;
    this.#checkpoints.set(`${entry.logId}-${entry.index}`, entry);
    for (const [ingress, { position }] of Object.entries(entry.ingresses)) {
      const positions = this.#positions.get(ingress) ?? new Set();
      this.#positions.set(ingress, positions.add(JSON.stringify(position)));
    }
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
