import type { ChannelCapture } from '../checkpoint/part-writer.js';
import type { Envelope } from '../dispatch/envelope.js';
import type { FunctionHost } from '../dispatch/function-host.js';
import type { EgressTarget } from '../dispatch/invocation.js';
import type { Platform } from '../ports/platform.js';
import type { Reply } from '../sdk/contract.js';
import { type ClientReplyTarget, ReplyHandle } from '../sdk/reply.js';
import { keyGroupOf } from '../state/key-group.js';
import type { ChannelItem } from '../worker/channel-item.js';
import { MessageDecoder, MessageEncoder } from '../worker/message-codec.js';
import { knownHost } from '../worker/message-form.js';
import type { RemoteWorkers } from '../worker/remote-workers.js';
import type { Assignment } from './assignment.js';
import type { Barrier } from './barrier.js';
import type { ChannelLimits } from './channel-limits.js';
import { ChannelRecorder } from './channel-recorder.js';
import type { WorkerName } from './directive.js';
import { type Frame, isAnswer } from './frame.js';
import { InboundChannel } from './inbound-channel.js';
import type { ItemCodec } from './item-codec.js';
import { OutboundChannel } from './outbound-channel.js';
import { isRemoteClient } from './remote-client-name.js';

export interface ChannelsOptions {
  readonly platform: Pick<Platform, 'clock' | 'scheduler'>;
  readonly epoch: number;
  readonly slot: number;
  /** By slot. */
  readonly workers: readonly WorkerName[];
  readonly assignment: Assignment;
  readonly limits?: Partial<ChannelLimits>;
  readonly send: (endpoint: string, frame: Uint8Array) => void;
  /** Takes what another worker has sent, to handle it. */
  readonly receive: (item: ChannelItem) => void;
  /** A barrier is the first sign of a new checkpoint: cut, at once. */
  readonly cut: (checkpoint: number) => void;
  /** The host of a function that this worker runs. @throws SF_UNBOUND_FUNCTION */
  readonly hostOf: (typeName: string) => FunctionHost;
  /** Whether the worker may cut: what it cut last is committed or given up. */
  readonly canCut: () => boolean;
}

type Arrival =
  | { readonly items: readonly ChannelItem[]; readonly encoding: Uint8Array }
  | { readonly barrier: Barrier };

interface Peer {
  readonly outbound: OutboundChannel;
  readonly inbound: InboundChannel;
  /** What has arrived behind a barrier that could not be heeded yet; `undefined` if there is no such barrier. */
  held: Arrival[] | undefined;
}

/**
 * The channels between one worker and all others of its epoch: everything that is not its own goes out here.
 *
 * Invariants:
 * - Each channel's barrier of a checkpoint goes out in the same step as the cut, ahead of all that waits.
 * - What arrives behind a barrier is handled after this worker has cut that checkpoint, or knows that it came to nothing. Were it
 *   handled before, its effects would be in the checkpoint and its sending would not.
 * - Nothing is taken in before `open`: until then the worker is not what its checkpoint says.
 */
export class Channels implements RemoteWorkers {
  readonly #options: ChannelsOptions;
  readonly #peers = new Map<number, Peer>();
  readonly #recorder: ChannelRecorder;
  readonly #codec: ItemCodec;
  readonly #egresses = new Map<string, EgressTarget>();
  readonly #clients = new Map<string, number>();
  #flushing = false;
  #closed = false;

  constructor(options: ChannelsOptions) {
    this.#options = options;
    const { workers, slot: own } = options;
    this.#codec = itemCodec(options.hostOf);
    for (const [slot, { incarnation }] of workers.entries()) {
      this.#clients.set(incarnation, slot);
      if (slot !== own) this.#peers.set(slot, this.#connect(slot));
    }
    this.#recorder = new ChannelRecorder(this.#peers.keys());
  }

  /** Begins to take in what others send. */
  open(): void {
    for (const { inbound } of this.#peers.values()) inbound.open();
  }

  close(): void {
    this.#closed = true;
    for (const { inbound, outbound } of this.#peers.values()) {
      inbound.close();
      outbound.close();
    }
  }

  takeMessage(envelope: Envelope): boolean {
    const { assignment, slot: own } = this.#options;
    const slot = assignment.ownerOf(keyGroupOf(envelope.target.id, assignment.maxParallelism));
    if (slot === own) return false;
    this.#send(slot, envelope);
    return true;
  }

  takeReply(target: ClientReplyTarget, reply: Reply<unknown>): boolean {
    const slot = this.#clients.get(target.client);
    // Of a client outside, the worker that has the reply takes care.
    if (slot === this.#options.slot || isRemoteClient(target.client)) return false;
    // A client that is gone waits for nothing.
    if (slot !== undefined) this.#send(slot, ['reply', new ReplyHandle(target), reply]);
    return true;
  }

  egressOf(name: string): EgressTarget | undefined {
    const known = this.#egresses.get(name);
    if (known !== undefined) return known;
    const slot = this.#options.assignment.ownerOfEgress(name);
    if (slot === undefined || slot === this.#options.slot) return undefined;
    const target: EgressTarget = { add: (value, headers) => this.#send(slot, ['record', name, value, headers]) };
    this.#egresses.set(name, target);
    return target;
  }

  /** Takes a frame of another worker. */
  receive(frame: Frame): void {
    const peer = this.#peers.get(frame.from.slot);
    if (peer === undefined || this.#closed) return;
    if (isAnswer(frame.kind)) peer.outbound.receive(frame);
    else peer.inbound.receive(frame);
  }

  /** Part of the worker's cut, in the same step: what is on its way, known once the barriers of all others are in. */
  cut(checkpoint: number): Promise<ChannelCapture | undefined> {
    const recording = this.#recorder.cut(checkpoint);
    const unsent: Iterable<unknown>[] = [];
    for (const { outbound } of this.#peers.values()) {
      unsent.push(outbound.unnumbered());
      outbound.barrier(checkpoint, undefined);
    }
    return recording.complete.then((recorded) =>
      recorded === undefined
        ? undefined
        : {
            recorded: recorded as readonly Uint8Array[],
            unsent: unsent.flatMap((items) => [...items] as ChannelItem[]),
          },
    );
  }

  abandon(checkpoint: number): void {
    this.#recorder.abandon(checkpoint);
  }

  /** Handles what was held behind barriers, as far as the worker may cut now. */
  release(): void {
    for (const [slot, peer] of this.#peers) {
      const { held } = peer;
      if (held === undefined) continue;
      peer.held = undefined;
      for (const arrival of held) this.#arrive(slot, peer, arrival);
    }
  }

  /** Since when, on the monotonic clock, a channel has made no progress though something waits; `undefined` if none is. */
  get stalledSinceMs(): number | undefined {
    let since: number | undefined;
    for (const { outbound } of this.#peers.values()) {
      const { stalledSinceMs } = outbound;
      if (stalledSinceMs !== undefined) since = Math.min(since ?? stalledSinceMs, stalledSinceMs);
    }
    return since;
  }

  /** Items that are not known to have arrived. */
  get outstanding(): number {
    let count = 0;
    for (const { outbound } of this.#peers.values()) count += outbound.outstanding;
    return count;
  }

  /** Items that wait to be sent. */
  get backlog(): number {
    let count = 0;
    for (const { outbound } of this.#peers.values()) count += outbound.unnumberedCount;
    return count;
  }

  #connect(slot: number): Peer {
    const { epoch, slot: own, workers, platform, limits, send } = this.#options;
    const codec = this.#codec;
    const peer = workers[slot] as WorkerName;
    const ends = {
      epoch,
      self: { slot: own, incarnation: (workers[own] as WorkerName).incarnation },
      peer: { slot, incarnation: peer.incarnation },
    };
    const put = (frame: Uint8Array) => send(peer.endpoint, frame);
    const { clock, scheduler } = platform;
    const outbound = new OutboundChannel({
      ends,
      clock,
      scheduler,
      codec,
      send: put,
      ...(limits === undefined ? {} : { limits }),
    });
    const arrive = (arrival: Arrival) => this.#arrive(slot, this.#peers.get(slot) as Peer, arrival);
    const receiver = {
      items: (items: readonly unknown[], encoding: Uint8Array) =>
        arrive({ items: items as readonly ChannelItem[], encoding }),
      barrier: (barrier: Barrier) => arrive({ barrier }),
    };
    const inbound = new InboundChannel({ ends, scheduler, codec, send: put, receiver });
    return { outbound, inbound, held: undefined };
  }

  #send(slot: number, item: ChannelItem): void {
    const outbound = this.#peers.get(slot)?.outbound;
    outbound?.send(item);
    outbound?.flushIfWorthIt();
    if (this.#flushing) return;
    this.#flushing = true;
    // Once for the rest of what this turn of the event loop sends, so that it shares frames.
    this.#options.platform.scheduler.defer(() => {
      this.#flushing = false;
      if (this.#closed) return;
      for (const { outbound } of this.#peers.values()) outbound.flush();
    });
  }

  #arrive(slot: number, peer: Peer, arrival: Arrival): void {
    if (this.#closed) return;
    if (peer.held !== undefined) {
      peer.held.push(arrival);
    } else if ('barrier' in arrival) {
      const { checkpoint } = arrival.barrier;
      if (checkpoint > this.#recorder.lastCut && !this.#options.canCut()) peer.held = [arrival];
      else if (this.#recorder.barrier(slot, checkpoint)) this.#options.cut(checkpoint);
    } else {
      this.#recorder.items(slot, [arrival.encoding]);
      for (const item of arrival.items) this.#options.receive(item);
    }
  }
}

/** For what crosses between workers. */
function itemCodec(hostOf: ChannelsOptions['hostOf']): ItemCodec {
  const encoder = new MessageEncoder();
  const decoder = new MessageDecoder((typeName) => knownHost(typeName, hostOf));
  return {
    encode(items) {
      encoder.clear();
      for (const item of items) encoder.add(item as ChannelItem);
      return encoder.bytes;
    },
    decode: (encoding) => decoder.decode(encoding),
  };
}
