import type { Barrier } from '../../src/cluster/barrier.js';
import type { ChannelLimits } from '../../src/cluster/channel-limits.js';
import { type ChannelEnds, type Frame, frameKind, isAnswer, readFrame } from '../../src/cluster/frame.js';
import { InboundChannel } from '../../src/cluster/inbound-channel.js';
import { OutboundChannel } from '../../src/cluster/outbound-channel.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { type LinkFaults, LossyLink } from './lossy-link.js';

export interface ChannelPairOptions {
  readonly seed?: number;
  readonly limits?: Partial<ChannelLimits>;
  readonly faults?: Partial<LinkFaults>;
}

export const senderEnds: ChannelEnds = {
  epoch: 7,
  self: { slot: 3, incarnation: 'a1b2c3d4e5f60718' },
  peer: { slot: 5, incarnation: '8f7e6d5c4b3a2918' },
};
export const receiverEnds: ChannelEnds = { epoch: 7, self: senderEnds.peer, peer: senderEnds.self };

/** Both ends of a channel, on a network under virtual time. */
export class ChannelPair {
  readonly platform: VirtualPlatform;
  readonly outbound: OutboundChannel;
  readonly inbound: InboundChannel;
  /** From the outbound end to the inbound one. */
  readonly forth: LossyLink;
  readonly back: LossyLink;
  /** Everything that came out, in order. */
  readonly delivered: unknown[] = [];
  readonly barriers: Barrier[] = [];

  constructor({ seed = 1, limits = {}, faults = {} }: ChannelPairOptions = {}) {
    this.platform = new VirtualPlatform({ seed });
    const { clock, scheduler } = this.platform;
    this.forth = new LossyLink(this.platform, faults, (bytes) => this.inbound.receive(frameOf(bytes)));
    this.back = new LossyLink(this.platform, faults, (bytes) => this.outbound.receive(frameOf(bytes)));
    this.outbound = new OutboundChannel({
      ends: senderEnds,
      clock,
      scheduler,
      send: (frame) => this.forth.send(frame),
      limits,
    });
    this.inbound = new InboundChannel({
      ends: receiverEnds,
      scheduler,
      send: (frame) => this.back.send(frame),
      ...(limits.creditBytes === undefined ? {} : { creditBytes: limits.creditBytes }),
      receiver: {
        items: (items) => void this.delivered.push(...items),
        barrier: (barrier) => {
          this.barriers.push(barrier);
          this.delivered.push(markOf(barrier.checkpoint));
        },
      },
    });
  }

  send(...items: unknown[]): void {
    for (const item of items) this.outbound.send(item);
    this.outbound.flush();
  }

  /** Frames with items that were put on the wire, each once. */
  itemFrames(): Frame[] {
    const byNumber = new Map<number, Frame>();
    for (const frame of this.forth.sent.map(frameOf)) {
      if (frame.kind !== frameKind.barrier && !isAnswer(frame.kind)) byNumber.set(frame.number, frame);
    }
    return [...byNumber.values()];
  }
}

/** Stands for a barrier in a list of what was delivered. */
export function markOf(checkpoint: number): string {
  return `barrier ${checkpoint}`;
}

export function frameOf(bytes: Uint8Array): Frame {
  const frame = readFrame(bytes);
  if (frame === undefined) throw new Error('no frame of a channel');
  return frame;
}
