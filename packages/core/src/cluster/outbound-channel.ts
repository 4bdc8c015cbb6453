import { MessageQueue } from '../dispatch/message-queue.js';
import type { Clock } from '../ports/clock.js';
import type { Scheduled, Scheduler } from '../ports/scheduler.js';
import { invariant } from '../sdk/errors.js';
import { type Committed, encodeBarrier } from './barrier.js';
import { type ChannelLimits, channelLimits } from './channel-limits.js';
import {
  type ChannelEnds,
  type Frame,
  type FrameKind,
  FrameWriter,
  frameKind,
  isAnswer,
  isFromPeer,
  readCredit,
} from './frame.js';
import { type ItemCodec, valueCodec } from './item-codec.js';

export interface OutboundChannelOptions {
  readonly ends: ChannelEnds;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Puts a frame on the wire to the peer. It may get lost; it is not written to again. */
  readonly send: (frame: Uint8Array) => void;
  readonly limits?: Partial<ChannelLimits>;
  /** For items that are no values. */
  readonly codec?: ItemCodec;
}

/** A frame that the receiver is not known to have. */
interface SentFrame {
  readonly bytes: Uint8Array;
  /** Bytes of credit that it takes until it is acknowledged. */
  readonly creditBytes: number;
  /** Items that end in it. */
  readonly items: number;
}

/**
 * The sending end of a channel: everything that is sent arrives at the inbound end exactly once and in order, however many
 * frames the network loses, repeats or reorders, as long as both ends live and the epoch lasts.
 *
 * Invariants:
 * - A frame gets its number when it is first put on the wire, and numbers have no gaps. So at any instant an item either has
 *   a number, and is the receiver's affair, or is in `unnumbered`, and is the sender's: none is both, none is neither.
 * - A barrier takes the next number at once. Items that wait stay behind it; frames that were sent before it and got lost
 *   are sent again before it.
 * - Checkpoints of barriers grow.
 * - Never are more bytes of items on their way than the credit and one frame, or one item that is larger than a frame.
 *
 * **Details**
 * The send queue has no bound, since nothing inside may wait for room. Frames that are not acknowledged in time are all sent
 * again ("go back n"), after delays that double until one of them is acknowledged; where the receiver notices a gap, it asks
 * sooner. An item that is larger than a frame travels in fragments which get their numbers together: no barrier falls between.
 */
export class OutboundChannel {
  readonly #options: OutboundChannelOptions;
  readonly #limits: ChannelLimits;
  readonly #writer: FrameWriter;
  readonly #payloadBytes: number;
  #queue = new MessageQueue<unknown>();
  /** Oldest first; not many, because of the credit. */
  #sent: SentFrame[] = [];
  #sentCreditBytes = 0;
  #sentItems = 0;
  #creditBytes: number;
  #lastNumber = 0;
  #acknowledged = 0;
  /** The number behind which frames were last sent again because the receiver asked for it. */
  #requested: number | undefined;
  #lastBarrier = 0;
  /** What the encoding of an item took lately. */
  #itemBytes = 1_024;
  #progressMs = 0;
  #resendAfterMs: number;
  #resendAtMs = 0;
  #timer: Scheduled | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: OutboundChannelOptions) {
    this.#options = options;
    this.#limits = { ...channelLimits, ...options.limits };
    this.#writer = new FrameWriter(options.ends);
    this.#payloadBytes = this.#limits.maxFrameBytes - this.#writer.headerBytes;
    invariant(this.#payloadBytes > 0, 'a frame has room for more than its header');
    this.#creditBytes = this.#limits.creditBytes;
    this.#resendAfterMs = this.#limits.resendAfterMs;
  }

  /** Queues an item that does not change any more. It leaves with a later `flush`. */
  send(item: unknown): void {
    if (!this.#closed) this.#queue.push(item);
  }

  /**
   * Puts queued items on the wire, as far as the credit goes. Called once for many `send`s, so that they share frames; when
   * acknowledgements come, the channel goes on by itself.
   *
   * @throws SF_UNSUPPORTED_VALUE if an item is not of the data model.
   */
  flush(): void {
    while (this.#queue.size > 0 && this.#hasCredit) this.#sendItems();
  }

  /** Puts a barrier on the wire at once, ahead of all items that wait, whatever the credit. */
  barrier(checkpoint: number, lastCommitted: Committed | undefined): void {
    if (this.#closed) return;
    invariant(checkpoint > this.#lastBarrier, `barrier ${checkpoint} follows barrier ${this.#lastBarrier}`);
    this.#lastBarrier = checkpoint;
    this.#put(frameKind.barrier, encodeBarrier({ checkpoint, lastCommitted }), 0, 0);
  }

  /** Items that have no number yet, oldest first, as of now: what a cut has to keep of this channel. */
  unnumbered(): Iterable<unknown> {
    return this.#queue.snapshot();
  }

  /** Items that have no number yet. */
  get unnumberedCount(): number {
    return this.#queue.size;
  }

  /** Items that are not known to have arrived. */
  get outstanding(): number {
    return this.#queue.size + this.#sentItems;
  }

  /**
   * Since when, on the monotonic clock, frames wait without the receiver acknowledging one of them; `undefined` while none
   * waits. A receiver that is still restoring acknowledges nothing.
   */
  get stalledSinceMs(): number | undefined {
    return this.#sent.length === 0 ? undefined : this.#progressMs;
  }

  /** Takes an answer of the receiver. Frames of others, and of other epochs, are ignored. */
  receive(frame: Frame): void {
    if (this.#closed || !isAnswer(frame.kind) || !isFromPeer(frame, this.#options.ends)) return;
    const { number } = frame;
    if (number < this.#acknowledged) return; // Overtaken by a later one.
    invariant(number <= this.#lastNumber, `frame ${number} is acknowledged, and ${this.#lastNumber} is the last sent`);
    this.#creditBytes = readCredit(frame);
    if (number > this.#acknowledged) this.#acknowledge(number);
    // A request may come twice as well.
    if (frame.kind === frameKind.request && this.#sent.length > 0 && this.#requested !== number) {
      this.#requested = number;
      this.#resend();
    }
    this.flush();
  }

  /** Gives up what has not arrived. A closed channel does nothing any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#queue = new MessageQueue();
    this.#sent = [];
  }

  /** Without credit one frame may still be on its way: a channel never waits for nothing. */
  get #hasCredit(): boolean {
    return this.#sentCreditBytes < this.#creditBytes || this.#sentCreditBytes === 0;
  }

  #sendItems(): void {
    const fitting = Math.floor(this.#payloadBytes / this.#itemBytes);
    let count = Math.min(this.#queue.size, this.#limits.maxFrameItems, Math.max(1, fitting));
    const { codec = valueCodec } = this.#options;
    let payload = codec.encode(this.#queue.first(count));
    while (payload.length > this.#payloadBytes && count > 1) {
      count >>>= 1;
      payload = codec.encode(this.#queue.first(count));
    }
    this.#itemBytes = (this.#itemBytes + payload.length / count) / 2;
    for (let taken = 0; taken < count; taken++) this.#queue.shift();
    let from = 0;
    for (; payload.length - from > this.#payloadBytes; from += this.#payloadBytes) {
      this.#putItems(frameKind.fragment, payload.subarray(from, from + this.#payloadBytes), 0);
    }
    this.#putItems(frameKind.items, payload.subarray(from), count);
  }

  #putItems(kind: FrameKind, payload: Uint8Array, items: number): void {
    this.#put(kind, payload, this.#writer.headerBytes + payload.length, items);
  }

  #put(kind: FrameKind, payload: Uint8Array, creditBytes: number, items: number): void {
    this.#lastNumber += 1;
    const bytes = this.#writer.write(kind, this.#lastNumber, payload);
    this.#sent.push({ bytes, creditBytes, items });
    this.#sentCreditBytes += creditBytes;
    this.#sentItems += items;
    invariant(this.#acknowledged + this.#sent.length === this.#lastNumber, 'numbers of frames have no gaps');
    if (this.#sent.length === 1) this.#progressed();
    this.#options.send(bytes);
  }

  #acknowledge(number: number): void {
    for (const { creditBytes, items } of this.#sent.splice(0, number - this.#acknowledged)) {
      this.#sentCreditBytes -= creditBytes;
      this.#sentItems -= items;
    }
    this.#acknowledged = number;
    this.#progressed();
  }

  #progressed(): void {
    this.#progressMs = this.#options.clock.monotonic();
    this.#resendAfterMs = this.#limits.resendAfterMs;
    this.#resendAtMs = this.#progressMs + this.#resendAfterMs;
    if (this.#sent.length > 0 && this.#resendAtMs < this.#timerAtMs) this.#setTimer();
  }

  #resend(): void {
    this.#resendAtMs = this.#options.clock.monotonic() + this.#resendAfterMs;
    for (const { bytes } of this.#sent) this.#options.send(bytes);
  }

  /**
   * One timer at a time, which finds out when it fires whether it was needed: acknowledgements are too many to set it anew
   * for each. Only one that was set for a long delay is replaced, when progress makes the delay short again.
   */
  #setTimer(): void {
    this.#timer?.cancel();
    this.#timerAtMs = this.#resendAtMs;
    this.#timer = this.#options.scheduler.after(this.#resendAtMs - this.#options.clock.monotonic(), () => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      if (this.#sent.length === 0) return;
      if (this.#options.clock.monotonic() >= this.#resendAtMs) {
        this.#resendAfterMs = Math.min(2 * this.#resendAfterMs, this.#limits.maxResendAfterMs);
        this.#resend();
      }
      this.#setTimer();
    });
  }
}
