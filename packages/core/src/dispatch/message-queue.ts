import type { Envelope } from './envelope.js';

const chunkSize = 1024;

/**
 * A first-in-first-out queue whose content can be captured in constant time per thousand messages.
 *
 * Chunks are append-only, and taking a message only moves an index: so a snapshot shares the chunks instead of copying them,
 * and stays what it was while the queue moves on.
 */
export class MessageQueue {
  #chunks: Envelope[][] = [[]];
  #head: Envelope[] = this.#chunks[0] as Envelope[];
  #tail: Envelope[] = this.#head;
  #read = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(envelope: Envelope): void {
    if (this.#tail.length === chunkSize) {
      this.#tail = [];
      this.#chunks.push(this.#tail);
    }
    this.#tail.push(envelope);
    this.#size += 1;
  }

  shift(): Envelope | undefined {
    if (this.#size === 0) return undefined;
    if (this.#read === chunkSize) {
      this.#chunks.shift();
      this.#head = this.#chunks[0] as Envelope[];
      this.#read = 0;
    }
    const envelope = this.#head[this.#read];
    this.#read += 1;
    this.#size -= 1;
    // An empty queue starts a new chunk, so that what was handled can be collected.
    if (this.#size === 0 && this.#read === chunkSize) {
      this.#head = this.#tail = [];
      this.#chunks = [this.#head];
      this.#read = 0;
    }
    return envelope;
  }

  peek(): Envelope | undefined {
    if (this.#size === 0) return undefined;
    return this.#read === chunkSize ? this.#chunks[1]?.[0] : this.#head[this.#read];
  }

  /** What is queued now, oldest first; unaffected by what happens to the queue later. */
  snapshot(): Iterable<Envelope> {
    return envelopesOf([...this.#chunks], this.#read, this.#size);
  }
}

function* envelopesOf(chunks: readonly Envelope[][], read: number, size: number): Iterable<Envelope> {
  let left = size;
  let from = read;
  for (const chunk of chunks) {
    const to = Math.min(chunk.length, from + left);
    for (let index = from; index < to; index += 1) yield chunk[index] as Envelope;
    left -= Math.max(0, to - from);
    from = 0;
    if (left === 0) return;
  }
}
