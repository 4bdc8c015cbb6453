import { invariant } from '../sdk/errors.js';

/** The items that crossed one checkpoint's cut. */
export interface Recording {
  readonly checkpoint: number;
  /**
   * Resolves when the barrier of every channel is in, with all recorded items in the order in which they arrived; with
   * `undefined` when the recording came to nothing, because a newer checkpoint was cut or this one given up.
   */
  readonly complete: Promise<readonly unknown[] | undefined>;
}

/**
 * Records items that cross a checkpoint's cut: sent before the sender's cut, received after the receiver's.
 *
 * A channel is recorded from this worker's cut until that channel's barrier for the same checkpoint arrives. Together with
 * what each sender had not yet numbered at its cut, that is exactly what was in flight.
 *
 * Invariants:
 * - Checkpoints of cuts grow, and so do those of the barriers of one channel.
 * - One checkpoint is recorded at a time.
 * - A channel is open exactly from the cut to its barrier. A barrier of an earlier checkpoint, late because that one was
 *   given up, closes nothing: what follows it was still sent before the present cut's barrier.
 * - Between a barrier that asks for a cut and that cut nothing arrives: it would have been sent after the sender's cut and
 *   have its effect before the receiver's.
 *
 * Source: Chandy & Lamport, "Distributed Snapshots", 1985.
 */
export class ChannelRecorder {
  /** The checkpoint of the last barrier of each channel, by the sender's slot. */
  readonly #barriers = new Map<number, number>();
  /** Channels that are being recorded. */
  readonly #open = new Set<number>();
  #recording: Tape | undefined;
  #lastCut = 0;
  /** The checkpoint that a barrier asked to be cut. */
  #awaited = 0;

  /** @param senders the slots that this worker has inbound channels from. */
  constructor(senders: Iterable<number>) {
    for (const slot of senders) this.#barriers.set(slot, 0);
  }

  /** The last checkpoint that was cut, 0 before the first. Whoever is told to cut another cuts only if it is newer. */
  get lastCut(): number {
    return this.#lastCut;
  }

  /**
   * This worker cuts: opens all channels whose barrier for this checkpoint is not in. A recording of an earlier checkpoint
   * ends. Part of the worker's cut, in the same synchronous step.
   */
  cut(checkpoint: number): Recording {
    invariant(checkpoint > this.#lastCut, `the cut of checkpoint ${checkpoint} follows that of ${this.#lastCut}`);
    invariant(checkpoint >= this.#awaited, `checkpoint ${checkpoint} is cut where ${this.#awaited} has to be`);
    this.#end(undefined);
    this.#lastCut = checkpoint;
    const tape = new Tape(checkpoint);
    this.#recording = tape;
    for (const [slot, barrier] of this.#barriers) if (barrier < checkpoint) this.#open.add(slot);
    this.#endIfClosed();
    return tape;
  }

  /** Items arrived from a sender; they are recorded while its channel is open. They are handled as usual, either way. */
  items(from: number, items: Iterable<unknown>): void {
    invariant(this.#awaited <= this.#lastCut, `checkpoint ${this.#awaited} is cut before anything else arrives`);
    const isBehindCut = this.#recording !== undefined && this.#barrierOf(from) < this.#recording.checkpoint;
    invariant(this.#open.has(from) === isBehindCut, 'a channel is recorded exactly from the cut to its barrier');
    if (!isBehindCut) return;
    for (const item of items) this.#recording?.items.push(item);
  }

  /**
   * A barrier arrived from a sender; closes that channel if it is of the checkpoint being recorded.
   *
   * @returns whether it is the first sign of a newer checkpoint: then the caller must cut, at once, and call `cut`.
   */
  barrier(from: number, checkpoint: number): boolean {
    const last = this.#barrierOf(from);
    invariant(checkpoint > last, `barrier ${checkpoint} of slot ${from} follows its barrier ${last}`);
    invariant(this.#awaited <= this.#lastCut, `checkpoint ${this.#awaited} is cut before anything else arrives`);
    this.#barriers.set(from, checkpoint);
    if (checkpoint > this.#lastCut) {
      this.#awaited = checkpoint;
      return true;
    }
    if (checkpoint === this.#recording?.checkpoint) {
      invariant(this.#open.delete(from), 'a channel is recorded exactly from the cut to its barrier');
      this.#endIfClosed();
    }
    return false;
  }

  /** A checkpoint came to nothing: stops recording it, if it is the present one. */
  abandon(checkpoint: number): void {
    if (this.#recording?.checkpoint === checkpoint) this.#end(undefined);
  }

  #barrierOf(slot: number): number {
    const barrier = this.#barriers.get(slot);
    invariant(barrier !== undefined, `there is a channel from slot ${slot}`);
    return barrier;
  }

  #endIfClosed(): void {
    if (this.#open.size === 0) this.#end(this.#recording?.items);
  }

  #end(items: readonly unknown[] | undefined): void {
    this.#open.clear();
    this.#recording?.end(items);
    this.#recording = undefined;
  }
}

class Tape implements Recording {
  readonly items: unknown[] = [];
  readonly complete: Promise<readonly unknown[] | undefined>;
  end: (items: readonly unknown[] | undefined) => void = () => {};

  constructor(readonly checkpoint: number) {
    this.complete = new Promise((resolve) => {
      this.end = resolve;
    });
  }
}
