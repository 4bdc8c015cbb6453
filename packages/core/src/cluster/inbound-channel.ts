import type { Scheduler } from '../ports/scheduler.js';
import { invariant } from '../sdk/errors.js';
import { type Barrier, decodeBarrier } from './barrier.js';
import { channelLimits } from './channel-limits.js';
import { type ChannelEnds, type Frame, FrameWriter, frameKind, isAnswer, isFromPeer, writeCredit } from './frame.js';
import { type ItemCodec, valueCodec } from './item-codec.js';

/** Takes what comes out of a channel, in the order in which it was sent. */
export interface ChannelReceiver {
  /**
   * Items of one encoding, made for this call: they share nothing with anything.
   *
   * @param encoding what they were made from; it does not change any more.
   */
  items(items: readonly unknown[], encoding: Uint8Array): void;
  barrier(barrier: Barrier): void;
}

export interface InboundChannelOptions {
  readonly ends: ChannelEnds;
  readonly scheduler: Scheduler;
  /** Puts an answer on the wire to the peer. It may get lost. */
  readonly send: (frame: Uint8Array) => void;
  readonly receiver: ChannelReceiver;
  /** For items that are no values. */
  readonly codec?: ItemCodec;
  /** Bytes that may be on their way to this channel. */
  readonly creditBytes?: number;
}

/**
 * The receiving end of a channel. What it takes of an outbound channel it delivers exactly once and in order.
 *
 * Invariants:
 * - Delivered is the frame with the next number and no other; fragments of one item follow each other.
 * - Nothing is acknowledged that was not delivered, nothing before the channel is open, and no frame of another epoch,
 *   sender or receiver.
 * - Checkpoints of barriers grow.
 *
 * **Details**
 * Acknowledgements count for all frames before, and one is sent for all frames of a turn of the event loop. They return
 * credit on receipt, not when items have been handled: a queue that is full somewhere must not keep others from being filled,
 * or a cycle of workers would wait for itself. A frame that is ahead of its turn is dropped, and everything behind the gap
 * asked for, once: if that gets lost too, the sender's patience ends.
 */
export class InboundChannel {
  readonly #options: InboundChannelOptions;
  readonly #writer: FrameWriter;
  #phase: 'shut' | 'open' | 'closed' = 'shut';
  #received = 0;
  #requested: number | undefined;
  #acknowledging = false;
  #fragments: Uint8Array[] = [];
  #lastBarrier = 0;

  constructor(options: InboundChannelOptions) {
    this.#options = options;
    this.#writer = new FrameWriter(options.ends);
  }

  /** Begins to deliver, and tells the sender so that it need not wait until it would try again. */
  open(): void {
    invariant(this.#phase === 'shut', 'a channel opens once');
    this.#phase = 'open';
    this.#answer(frameKind.request);
  }

  /** The number of the last frame delivered. */
  get received(): number {
    return this.#received;
  }

  /**
   * Takes a frame of the sender, and delivers what is in it if that is next. Others are dropped; before `open`, all are.
   *
   * @throws SF_DAMAGED if the frame is the sender's and holds no items: the two run different programs.
   */
  receive(frame: Frame): void {
    if (this.#phase !== 'open' || isAnswer(frame.kind) || !isFromPeer(frame, this.#options.ends)) return;
    const next = this.#received + 1;
    if (frame.number > next) {
      if (this.#requested === this.#received) return;
      this.#requested = this.#received;
      this.#answer(frameKind.request);
      return;
    }
    if (frame.number === next) {
      this.#deliver(frame);
      this.#received = next;
    }
    // One that came before is acknowledged again: the acknowledgement may have been lost.
    this.#acknowledgeSoon();
  }

  /** Delivers and acknowledges nothing more. */
  close(): void {
    this.#phase = 'closed';
    this.#fragments = [];
  }

  #deliver({ kind, payload }: Frame): void {
    const { receiver, codec = valueCodec } = this.#options;
    if (kind === frameKind.fragment) {
      this.#fragments.push(payload);
    } else if (kind === frameKind.items) {
      const encoding = this.#joined(payload);
      receiver.items(codec.decode(encoding), encoding);
    } else {
      invariant(this.#fragments.length === 0, 'no barrier falls between the fragments of an item');
      const barrier = decodeBarrier(payload);
      invariant(barrier.checkpoint > this.#lastBarrier, `barrier ${barrier.checkpoint} follows ${this.#lastBarrier}`);
      this.#lastBarrier = barrier.checkpoint;
      receiver.barrier(barrier);
    }
  }

  #joined(last: Uint8Array): Uint8Array {
    if (this.#fragments.length === 0) return last;
    const whole = Buffer.concat([...this.#fragments, last]);
    this.#fragments = [];
    return whole;
  }

  #acknowledgeSoon(): void {
    if (this.#acknowledging) return;
    this.#acknowledging = true;
    this.#options.scheduler.defer(() => {
      this.#acknowledging = false;
      if (this.#phase === 'open') this.#answer(frameKind.acknowledgement);
    });
  }

  #answer(kind: typeof frameKind.acknowledgement | typeof frameKind.request): void {
    const credit = writeCredit(this.#options.creditBytes ?? channelLimits.creditBytes);
    this.#options.send(this.#writer.write(kind, this.#received, credit));
  }
}
