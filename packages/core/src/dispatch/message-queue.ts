import type { Envelope } from './envelope.js';

const chunkSize = 1024;

/**
 * A first-in-first-out queue whose content can be captured in constant time per thousand messages.
 *
 * Chunks are append-only, and taking a message moves an index: so a snapshot shares the chunks instead of copying them, and
 * stays what it was while the queue moves on. Only where no snapshot can look is a message that was taken let go of at once:
 * a thousand large ones would be a lot to keep.
 */
export class MessageQueue<T = Envelope> {
  #chunks: T[][] = [[]];
  #head: T[] = this.#chunks[0] as T[];
  #tail: T[] = this.#head;
  /** Messages taken from the head, and put into the tail. */
  #read = 0;
  #written = 0;
  #size = 0;
  /** Chunks, from the first on, that a snapshot may still read. */
  #shared = 0;

  get size(): number {
    return this.#size;
  }

  push(message: T): void {
    if (this.#written === chunkSize) {
      this.#tail = roomyChunk();
      this.#chunks.push(this.#tail);
      this.#written = 0;
    }
    this.#tail[this.#written++] = message;
    this.#size += 1;
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    if (this.#read === chunkSize) {
      this.#chunks.shift();
      if (this.#shared > 0) this.#shared -= 1;
      this.#head = this.#chunks[0] as T[];
      this.#read = 0;
    }
    const message = this.#head[this.#read];
    if (this.#shared === 0) this.#head[this.#read] = undefined as T;
    this.#read += 1;
    this.#size -= 1;
    // An empty queue starts a new chunk, so that what was handled can be collected.
    if (this.#size === 0 && (this.#read === chunkSize || this.#shared > 0)) {
      this.#head = this.#tail = this.#read === chunkSize ? roomyChunk() : [];
      this.#chunks = [this.#head];
      this.#read = 0;
      this.#written = 0;
      this.#shared = 0;
    }
    return message;
  }

  peek(): T | undefined {
    if (this.#size === 0) return undefined;
    return this.#read === chunkSize ? this.#chunks[1]?.[0] : this.#head[this.#read];
  }

  /** The message that `index` others are in front of; `index` is less than 1,024, and than `size`. */
  at(index: number): T {
    const at = this.#read + index;
    return (at < chunkSize ? this.#head[at] : this.#chunks[1]?.[at - chunkSize]) as T;
  }

  /** The oldest messages, at most `count` of them, which stay where they are. */
  first(count: number): T[] {
    const wanted = Math.min(count, this.#size);
    const messages: T[] = [];
    let from = this.#read;
    for (const chunk of this.#chunks) {
      const to = Math.min(chunkSize, from + wanted - messages.length);
      for (let index = from; index < to; index += 1) messages.push(chunk[index] as T);
      from = 0;
      if (messages.length === wanted) break;
    }
    return messages;
  }

  /** What is queued now, oldest first; unaffected by what happens to the queue later. */
  snapshot(): Iterable<T> {
    if (this.#size === 0) return [];
    this.#shared = this.#chunks.length;
    return messagesOf([...this.#chunks], this.#read, this.#size);
  }
}

/** A chunk with room for all it will hold: a queue that filled one will fill another. The first grows, since most queues stay small. */
function roomyChunk<T>(): T[] {
  return new Array<T>(chunkSize);
}

function* messagesOf<T>(chunks: readonly T[][], read: number, count: number): Iterable<T> {
  let left = count;
  let from = read;
  for (const chunk of chunks) {
    if (left === 0) return;
    const to = Math.min(chunkSize, from + left);
    for (let index = from; index < to; index += 1) yield chunk[index] as T;
    left -= to - from;
    from = 0;
  }
}
