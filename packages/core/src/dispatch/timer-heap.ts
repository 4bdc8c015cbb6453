import type { PendingTimer } from './invocation.js';

/** A timer in memory. `order` keeps timers that are due together in the order they were set. */
export interface HeapTimer extends PendingTimer {
  /** The envelope's id, which is costly to ask for. */
  readonly id: string;
  readonly order: number;
  cancelled: boolean;
}

/** A binary heap of timers, the next due on top. Cancelled ones stay until they surface, or until they are half of it. */
export class TimerHeap {
  #timers: HeapTimer[] = [];
  #cancelled = 0;

  get size(): number {
    return this.#timers.length - this.#cancelled;
  }

  push(timer: HeapTimer): void {
    this.#rise(this.#timers.push(timer) - 1, timer);
  }

  /** The next due timer. */
  peek(): HeapTimer | undefined {
    while (this.#timers[0]?.cancelled === true) {
      this.#removeAt(0);
      this.#cancelled -= 1;
    }
    return this.#timers[0];
  }

  pop(): HeapTimer | undefined {
    const top = this.peek();
    if (top !== undefined) this.#removeAt(0);
    return top;
  }

  cancel(timer: HeapTimer): void {
    timer.cancelled = true;
    this.#cancelled += 1;
    if (this.#cancelled > 1_000 && this.#cancelled * 2 > this.#timers.length) this.#dropCancelled();
  }

  /** When some of them are due, picked evenly. */
  sample(count: number): number[] {
    const dues: number[] = [];
    const step = Math.max(1, Math.floor(this.#timers.length / count));
    for (let at = 0; at < this.#timers.length; at += step) dues.push((this.#timers[at] as HeapTimer).dueMs);
    return dues;
  }

  /** The place to begin a sweep at. */
  get end(): number {
    return this.#timers.length;
  }

  /**
   * Looks at some timers in front of a place, and takes out those that are cancelled, and those that `keep` refuses. What is set, fired
   * or cancelled between two sweeps moves others, and a few of them may be missed.
   *
   * @returns the place to go on at; 0 when all have been looked at.
   */
  sweep(from: number, count: number, keep: (timer: HeapTimer) => boolean): number {
    const start = Math.min(from, this.#timers.length);
    const end = Math.max(0, start - count);
    for (let at = start - 1; at >= end; ) {
      const timer = this.#timers[at];
      if (timer === undefined || (!timer.cancelled && keep(timer))) {
        at -= 1;
        continue;
      }
      if (timer.cancelled) this.#cancelled -= 1;
      this.#removeAt(at); // In its place is one from behind, or the one above: which is looked at next.
    }
    return end;
  }

  #dropCancelled(): void {
    const timers = this.#timers.filter((timer) => !timer.cancelled);
    this.#timers = timers;
    this.#cancelled = 0;
    for (let at = (timers.length >> 1) - 1; at >= 0; at -= 1) this.#sink(at, timers[at] as HeapTimer);
  }

  #removeAt(at: number): void {
    const last = this.#timers.pop() as HeapTimer;
    if (at === this.#timers.length) return;
    this.#rise(this.#sink(at, last), last);
  }

  /** Moves a timer up from a place as far as it belongs. */
  #rise(from: number, timer: HeapTimer): void {
    const timers = this.#timers;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(timers[parent] as HeapTimer, timer)) break;
      timers[at] = timers[parent] as HeapTimer;
      at = parent;
    }
    timers[at] = timer;
  }

  /** Moves a timer down from a place as far as it belongs; to where that is. */
  #sink(from: number, timer: HeapTimer): number {
    const timers = this.#timers;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= timers.length) break;
      if (child + 1 < timers.length && isBefore(timers[child + 1] as HeapTimer, timers[child] as HeapTimer)) child += 1;
      if (isBefore(timer, timers[child] as HeapTimer)) break;
      timers[at] = timers[child] as HeapTimer;
      at = child;
    }
    timers[at] = timer;
    return at;
  }
}

function isBefore(a: HeapTimer, b: HeapTimer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
