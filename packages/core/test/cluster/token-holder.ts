import { ChannelRecorder } from '../../src/cluster/channel-recorder.js';
import type { ChannelEnd } from '../../src/cluster/frame.js';
import { InboundChannel } from '../../src/cluster/inbound-channel.js';
import { OutboundChannel } from '../../src/cluster/outbound-channel.js';
import type { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { frameOf } from './channel-pair.js';
import { type LinkFaults, LossyLink } from './lossy-link.js';

/** What one holder's part of a checkpoint shows. */
export interface Snapshot {
  readonly held: number[];
  readonly unnumbered: number[];
  recorded: readonly number[] | undefined;
}

/** Holds tokens, gives them to others, and cuts when told to or when a barrier arrives: a worker, reduced to its channels. */
export class TokenHolder {
  readonly held: number[] = [];
  readonly snapshots = new Map<number, Snapshot>();
  readonly #outbound = new Map<number, OutboundChannel>();
  readonly #inbound = new Map<number, InboundChannel>();
  readonly #recorder: ChannelRecorder;

  constructor(
    readonly slot: number,
    peers: readonly number[],
  ) {
    this.#recorder = new ChannelRecorder(peers);
  }

  get outbound(): Iterable<OutboundChannel> {
    return this.#outbound.values();
  }

  /** Gives its oldest token to another, as far as the credit goes. */
  give(to: number): void {
    const token = this.held.shift();
    if (token !== undefined) this.#outbound.get(to)?.send(token);
  }

  flush(): void {
    for (const channel of this.#outbound.values()) channel.flush();
  }

  trigger(checkpoint: number): void {
    if (checkpoint > this.#recorder.lastCut) this.#cut(checkpoint);
  }

  open(): void {
    for (const channel of this.#inbound.values()) channel.open();
  }

  /** Connects one direction, from `this` to another. */
  connect(to: TokenHolder, platform: VirtualPlatform, faults: Partial<LinkFaults>): void {
    const ends = { epoch: 1, self: endOf(this), peer: endOf(to) };
    const forth = new LossyLink(platform, faults, (bytes) => inbound.receive(frameOf(bytes)));
    const back = new LossyLink(platform, faults, (bytes) => outbound.receive(frameOf(bytes)));
    const { clock, scheduler } = platform;
    const limits = { maxFrameItems: 3, creditBytes: 150 };
    const outbound = new OutboundChannel({ ends, clock, scheduler, send: (frame) => forth.send(frame), limits });
    const inbound = new InboundChannel({
      ends: { epoch: 1, self: ends.peer, peer: ends.self },
      scheduler,
      send: (frame) => back.send(frame),
      creditBytes: limits.creditBytes,
      receiver: to.#receiverOf(this.slot),
    });
    this.#outbound.set(to.slot, outbound);
    to.#inbound.set(this.slot, inbound);
  }

  #receiverOf(from: number) {
    return {
      items: (items: readonly unknown[]) => {
        this.#recorder.items(from, items);
        this.held.push(...(items as number[]));
      },
      barrier: ({ checkpoint }: { readonly checkpoint: number }) => {
        if (this.#recorder.barrier(from, checkpoint)) this.#cut(checkpoint);
      },
    };
  }

  #cut(checkpoint: number): void {
    const unnumbered: number[] = [];
    for (const channel of this.#outbound.values()) unnumbered.push(...(channel.unnumbered() as Iterable<number>));
    const snapshot: Snapshot = { held: [...this.held], unnumbered, recorded: undefined };
    this.snapshots.set(checkpoint, snapshot);
    void this.#recorder.cut(checkpoint).complete.then((recorded) => {
      snapshot.recorded = recorded as readonly number[] | undefined;
    });
    for (const channel of this.#outbound.values()) channel.barrier(checkpoint, undefined);
  }
}

function endOf({ slot }: TokenHolder): ChannelEnd {
  return { slot, incarnation: `incarnation ${slot}` };
}
