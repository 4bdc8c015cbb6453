import { nextTurn, type Scheduled, type Scheduler } from '../ports/scheduler.js';
import type { AnyAddress } from '../sdk/address.js';
import { sameAddress } from '../sdk/address.js';
import type { CancellationToken } from '../sdk/reply.js';
import type { ApplicationTime } from './application-time.js';
import type { PendingTimer } from './invocation.js';
import { type HeapTimer, TimerHeap } from './timer-heap.js';

/** What storage can tell of timers that are not in memory. */
export interface TimerStorage {
  /** Committed timers due in [fromMs, toMs). */
  scan(fromMs: number, toMs: number): AsyncIterable<PendingTimer>;
  has(keyGroup: number, token: CancellationToken): Promise<boolean>;
  /** When the last stored timer is due, or an upper bound of it; `undefined` when there is none. */
  lastDueMs(): number | undefined;
}

/** A change for the next checkpoint: a timer that was set, or the removal of one. */
export type TimerChange = { readonly dueMs: number; readonly keyGroup: number; readonly timer: HeapTimer | undefined };

export type TimerDelta = Map<string, TimerChange>;

/** Timers that stay in memory; beyond that, the later ones are left to storage once they are committed. */
const residentLimit = 200_000;
const firstWindowMs = 60_000;
/** Timers that are fired, loaded, or looked at between two turns of the event loop: any number may be due at once. */
const firedPerSlice = 1_024;
const loadedPerSlice = 1_024;
const sweptPerSlice = 8_192;
/** Timers that are asked when they are due, to know when most are. */
const sampleSize = 1_000;

/**
 * How long the alarm is trusted at most. While a machine sleeps, or when its clock is set forward, time passes that the host's timers
 * do not see, and what came due in it is found by looking.
 */
const longestSleepMs = 5 * 60_000;

/**
 * Pending timers: those due within a window of time are in memory, the rest only in storage.
 *
 * Invariants: every pending timer due before `#horizonMs` is in memory; a timer that is in memory fires once, never before
 * the application time it is due; firing and cancelling are recorded in the delta of the next checkpoint in the same step.
 */
export class Timers {
  readonly #heap = new TimerHeap();
  readonly #byId = new Map<string, HeapTimer>();
  #delta: TimerDelta = new Map();
  /** Deltas that were cut and whose checkpoint is not committed yet. */
  #frozen: TimerDelta | undefined;
  #horizonMs: number;
  #windowMs = firstWindowMs;
  #order = 0;
  #alarm: Scheduled | undefined;
  #alarmMs = Number.POSITIVE_INFINITY;
  #loading: Promise<void> | undefined;
  /** When to load the window behind the horizon. */
  #loadAtMs = Number.POSITIVE_INFINITY;
  /** Removed while a window loads, whose scan may still meet them. */
  readonly #removedMeanwhile = new Set<string>();
  #closed = false;

  constructor(
    readonly storage: TimerStorage,
    readonly time: ApplicationTime,
    readonly scheduler: Scheduler,
    readonly keyGroupOf: (owner: AnyAddress) => number,
    /** Takes a timer that is due; sends its message. */
    readonly fire: (timer: PendingTimer) => void,
    readonly failed: (error: unknown) => void,
  ) {
    this.#horizonMs = storage.lastDueMs() === undefined ? Number.POSITIVE_INFINITY : 0;
  }

  /** Timers in memory. */
  get residentCount(): number {
    return this.#heap.size;
  }

  /** The timers in memory, in the order they are due. */
  get resident(): PendingTimer[] {
    return [...this.#byId.values()].sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
  }

  get hasChanges(): boolean {
    return this.#delta.size > 0;
  }

  /** Loads the first window after a recovery. */
  async open(): Promise<void> {
    await this.#loadWindow();
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    this.#alarm?.cancel();
  }

  set(timer: PendingTimer): void {
    const { dueMs, envelope, owner } = timer;
    const { id } = envelope;
    const held: HeapTimer = { id, dueMs, envelope, owner, order: this.#order++, cancelled: false };
    this.#delta.set(id, { dueMs: timer.dueMs, keyGroup: this.keyGroupOf(timer.owner), timer: held });
    // One due behind the horizon stays in memory until it is committed, and is found there by then.
    this.#hold(id, held);
    this.#arm();
  }

  /** Removes a pending timer, if `by` set it. */
  cancel(token: CancellationToken, by: AnyAddress): void {
    if (!sameAddress(token.owner, by)) return;
    const held = this.#byId.get(token.timerId);
    if (held !== undefined) this.#remove(token.timerId, held);
    else if (token.dueMs >= this.#horizonMs) this.#recordRemoval(token.timerId, token.dueMs, this.keyGroupOf(by));
  }

  /** As `cancel`; whether there was such a timer. A promise when only storage can tell. */
  take(token: CancellationToken, by: AnyAddress): boolean | Promise<boolean> {
    if (!sameAddress(token.owner, by)) return false;
    const held = this.#byId.get(token.timerId);
    if (held !== undefined) {
      this.#remove(token.timerId, held);
      return true;
    }
    if (token.dueMs < this.#horizonMs || this.#change(token.timerId) !== undefined) return false;
    const keyGroup = this.keyGroupOf(by);
    return this.storage.has(keyGroup, token).then((found) => {
      if (this.#byId.has(token.timerId) || this.#change(token.timerId) !== undefined) return this.take(token, by);
      if (!found || token.dueMs < this.#horizonMs) return false;
      this.#recordRemoval(token.timerId, token.dueMs, keyGroup);
      return true;
    });
  }

  /** Fires what is due, some of it at a time. */
  fireDue(): void {
    if (this.#heap.size > 0) {
      const now = this.time.now();
      for (let left = firedPerSlice; left > 0; left -= 1) {
        const next = this.#heap.peek();
        // What is due behind the horizon may not be the earliest there: storage is asked first.
        if (next === undefined || next.dueMs > now || next.dueMs >= this.#horizonMs) break;
        this.#heap.pop();
        const { id } = next;
        this.#byId.delete(id);
        this.#recordRemoval(id, next.dueMs, this.keyGroupOf(next.owner));
        this.fire(next);
      }
    }
    this.#arm();
  }

  /** Hands over the changes since the last cut. */
  cut(): TimerDelta {
    this.#frozen = this.#delta;
    this.#delta = new Map();
    return this.#frozen;
  }

  abandon(): void {
    for (const [id, change] of this.#frozen ?? []) if (!this.#delta.has(id)) this.#delta.set(id, change);
    this.#frozen = undefined;
  }

  committed(): void {
    // A window that loads may still read what was stored before this checkpoint.
    if (this.#loading !== undefined)
      for (const [id, { timer }] of this.#frozen ?? []) if (timer === undefined) this.#removedMeanwhile.add(id);
    this.#frozen = undefined;
    if (this.#heap.size <= residentLimit || this.#loading !== undefined) return;
    // Keep the half that is due first; the rest is in storage by now, save what is newer than the checkpoint.
    const dues = this.#heap.sample(sampleSize).sort((a, b) => a - b);
    const horizon = dues[Math.floor((dues.length * residentLimit) / 2 / this.#heap.size)] as number;
    if (horizon <= this.time.now()) return;
    this.#horizonMs = Math.min(this.#horizonMs, horizon);
    this.#loadAtMs = (this.time.now() + this.#horizonMs) / 2;
    this.#drop(this.#heap.end);
  }

  /** Lets go of timers behind the horizon that are in storage, a slice at a time. */
  #drop(from: number): void {
    // A window that loads leaves out what is in memory, which has to stay there now.
    if (this.#closed || this.#loading !== undefined) return;
    const next = this.#heap.sweep(from, sweptPerSlice, (timer) => {
      const stays = timer.dueMs < this.#horizonMs || this.#change(timer.id) !== undefined;
      if (!stays) this.#byId.delete(timer.id);
      return stays;
    });
    if (next > 0) this.scheduler.defer(() => this.#drop(next));
  }

  #hold(id: string, timer: HeapTimer): void {
    this.#byId.set(id, timer);
    this.#heap.push(timer);
  }

  #remove(id: string, timer: HeapTimer): void {
    this.#byId.delete(id);
    this.#heap.cancel(timer);
    this.#recordRemoval(id, timer.dueMs, this.keyGroupOf(timer.owner));
  }

  #recordRemoval(id: string, dueMs: number, keyGroup: number): void {
    this.#delta.set(id, { dueMs, keyGroup, timer: undefined });
    if (this.#loading !== undefined) this.#removedMeanwhile.add(id);
  }

  #change(id: string): TimerChange | undefined {
    return this.#delta.get(id) ?? this.#frozen?.get(id);
  }

  /** Sets the alarm for the next due timer, or for loading the next window well before the horizon. */
  #arm(): void {
    if (this.#closed) return;
    const due = this.#heap.peek()?.dueMs ?? Number.POSITIVE_INFINITY;
    const next = Math.min(
      due < this.#horizonMs ? due : Number.POSITIVE_INFINITY,
      this.#loading === undefined ? this.#loadAtMs : Infinity,
    );
    if (next === this.#alarmMs) return;
    this.#alarm?.cancel();
    this.#alarm = undefined;
    this.#alarmMs = next;
    if (!Number.isFinite(next)) return;
    const delay = Math.min(Math.max(0, next - this.time.now()), longestSleepMs);
    this.#alarm = this.scheduler.after(delay, () => {
      this.#alarmMs = Number.POSITIVE_INFINITY;
      if (this.time.now() >= this.#loadAtMs) void this.#loadWindow().then(() => this.fireDue(), this.failed);
      this.fireDue();
    });
  }

  #loadWindow(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
      this.#removedMeanwhile.clear();
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    if (this.#horizonMs === Number.POSITIVE_INFINITY) return;
    const from = this.#horizonMs;
    const to = Math.max(this.time.now(), from) + this.#windowMs;
    let count = 0;
    for await (const timer of this.storage.scan(from, to)) {
      const id = timer.envelope.id;
      count += 1;
      if (count % loadedPerSlice === 0) await nextTurn(this.scheduler);
      if (this.#byId.has(id) || this.#change(id) !== undefined || this.#removedMeanwhile.has(id)) continue;
      this.#hold(id, { ...timer, id, order: this.#order++, cancelled: false });
    }
    if (count > residentLimit / 4) this.#windowMs = Math.max(1_000, this.#windowMs / 2);
    else if (count < residentLimit / 16) this.#windowMs = Math.min(this.#windowMs * 2, 86_400_000);
    this.#loadAtMs = (this.time.now() + to) / 2;
    // While scanning, a timer due in the window can only have been set (it is in memory) or cancelled (it is in the delta).
    this.#horizonMs = to;
    if ((this.storage.lastDueMs() ?? 0) < to) this.#horizonMs = this.#loadAtMs = Number.POSITIVE_INFINITY;
  }
}
