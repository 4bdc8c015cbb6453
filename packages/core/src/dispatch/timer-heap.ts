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
    const timers = this.#timers;
    let at = timers.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(timers[parent] as HeapTimer, timer)) break;
      timers[at] = timers[parent] as HeapTimer;
      at = parent;
    }
    timers[at] = timer;
  }

  /** The next due timer. */
  peek(): HeapTimer | undefined {
    while (this.#timers[0]?.cancelled === true) {
      this.#removeTop();
      this.#cancelled -= 1;
    }
    return this.#timers[0];
  }

  pop(): HeapTimer | undefined {
    const top = this.peek();
    if (top !== undefined) this.#removeTop();
    return top;
  }

  cancel(timer: HeapTimer): void {
    timer.cancelled = true;
    this.#cancelled += 1;
    if (this.#cancelled > 1_000 && this.#cancelled * 2 > this.#timers.length) this.retain(() => true);
  }

  /** Keeps only the timers that `keep` accepts; cancelled ones go too. */
  retain(keep: (timer: HeapTimer) => boolean): void {
    const kept = this.#timers.filter((timer) => !timer.cancelled && keep(timer));
    // A sorted array is a heap.
    this.#timers = kept.sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#cancelled = 0;
  }

  #removeTop(): void {
    const timers = this.#timers;
    const last = timers.pop() as HeapTimer;
    if (timers.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= timers.length) break;
      if (child + 1 < timers.length && isBefore(timers[child + 1] as HeapTimer, timers[child] as HeapTimer)) child += 1;
      if (isBefore(last, timers[child] as HeapTimer)) break;
      timers[at] = timers[child] as HeapTimer;
      at = child;
    }
    timers[at] = last;
  }
}

function isBefore(a: HeapTimer, b: HeapTimer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
