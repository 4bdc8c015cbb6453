import { expect } from 'chai';
import { FrameWriter, frameKind, writeCredit } from '../../src/cluster/frame.js';
import { decode } from '../../src/codec/codec.js';
import { ChannelPair, frameOf, markOf, receiverEnds, senderEnds } from './channel-pair.js';

const header = new FrameWriter(senderEnds).headerBytes;

describe('OutboundChannel', () => {
  it('puts many items into one frame, and as many frames on the wire as the credit allows', async () => {
    const pair = new ChannelPair({ limits: { maxFrameItems: 10, maxFrameBytes: 4_096, creditBytes: 1_000 } });
    pair.send(...numbers(0, 1_000));
    // The receiver is not open: nothing comes back.
    const frames = pair.itemFrames();
    const counts = frames.map(({ payload }) => (decode(payload) as unknown[]).length);
    // The first ones find out how large items are.
    expect(counts.slice(2)).to.deep.equal(Array.from({ length: counts.length - 2 }, () => 10));
    expect(Math.max(...counts)).to.equal(10);
    const bytes = frames.map(({ payload }) => header + payload.length);
    expect(sum(bytes)).to.be.at.least(1_000);
    expect(sum(bytes.slice(0, -1))).to.be.below(1_000);
    expect(pair.outbound.unnumberedCount).to.equal(1_000 - sum(counts));
    expect([...pair.outbound.unnumbered()]).to.deep.equal(numbers(sum(counts), 1_000));
    pair.inbound.open();
    await pair.platform.settle();
    expect(pair.delivered).to.deep.equal(numbers(0, 1_000));
    expect(pair.outbound.unnumberedCount).to.equal(0);
  });

  it('sends nothing before it is flushed', () => {
    const pair = new ChannelPair();
    pair.outbound.send('waits');
    expect(pair.forth.sent).to.deep.equal([]);
    expect([...pair.outbound.unnumbered()]).to.deep.equal(['waits']);
    pair.outbound.flush();
    expect(pair.forth.sent).to.have.length(1);
    expect([...pair.outbound.unnumbered()]).to.deep.equal([]);
  });

  it('sends some to a receiver that may be waiting, and whole frames to one that is not', async () => {
    const pair = new ChannelPair({ limits: { leastFrameItems: 3, maxFrameItems: 10 } });
    pair.inbound.open();
    await pair.platform.settle();
    const countsAfter = (count: number) => {
      for (const item of numbers(0, count)) {
        pair.outbound.send(item);
        pair.outbound.flushIfWorthIt();
      }
      return pair.itemFrames().map(({ payload }) => (decode(payload) as unknown[]).length);
    };
    expect(countsAfter(2)).to.deep.equal([]);
    expect(countsAfter(1)).to.deep.equal([3]);
    expect(countsAfter(9)).to.deep.equal([3]);
    expect(countsAfter(12)).to.deep.equal([3, 10, 10]);
    expect(pair.outbound.outstanding).to.equal(24);
    // The acknowledgement lets the rest go.
    await pair.platform.settle();
    expect(pair.outbound.outstanding).to.equal(0);
    expect(countsAfter(2)).to.deep.equal([3, 10, 10, 1]);
    expect(countsAfter(1)).to.deep.equal([3, 10, 10, 1, 3]);
  });

  it('keeps frames under their limit, whatever the sizes of items', async () => {
    const limits = { maxFrameBytes: 1_024, creditBytes: 10_000 };
    const pair = new ChannelPair({ limits });
    pair.inbound.open();
    const items = Array.from({ length: 300 }, (_, n) => `${n} ${'x'.repeat(n % 7 === 0 ? 3_000 + n : (n * 37) % 500)}`);
    pair.send(...items);
    await pair.platform.settle();
    expect(pair.delivered).to.deep.equal(items);
    for (const frame of pair.forth.sent) expect(frame.length).to.be.at.most(1_024);
    // Where items are small, frames are filled.
    expect(pair.forth.sent.length).to.be.below(sum(items.map(({ length }) => length)) / 400);
  });

  it('lets an item that is larger than a frame through, and no barrier into the middle of it', async () => {
    const pair = new ChannelPair({ limits: { maxFrameBytes: 512, creditBytes: 600 } });
    const large = Uint8Array.from({ length: 20_000 }, (_, at) => at & 0xff);
    pair.send('small', large, 'another');
    // Its number, once it has one, is that of all of it.
    while (pair.outbound.unnumberedCount > 1) await answer(pair);
    pair.outbound.barrier(1, undefined);
    expect([...pair.outbound.unnumbered()]).to.deep.equal(['another']);
    pair.inbound.open();
    await pair.platform.settle();
    expect(pair.delivered).to.deep.equal(['small', large, markOf(1), 'another']);
    for (const frame of pair.forth.sent) expect(frame.length).to.be.at.most(512);
  });

  it('lets a barrier overtake a queue that has no credit', async () => {
    const pair = new ChannelPair({ limits: { maxFrameItems: 1, creditBytes: 1 } });
    pair.send(...numbers(0, 100));
    expect(pair.outbound.unnumberedCount).to.equal(99);
    pair.outbound.barrier(1, { checkpoint: 0, index: 3 });
    pair.outbound.barrier(2, undefined);
    expect(pair.forth.sent).to.have.length(3);
    expect([...pair.outbound.unnumbered()]).to.deep.equal(numbers(1, 100));
    pair.inbound.open();
    await pair.platform.settle();
    expect(pair.delivered).to.deep.equal([0, markOf(1), markOf(2), ...numbers(1, 100)]);
    expect(pair.barriers).to.deep.equal([
      { checkpoint: 1, lastCommitted: { checkpoint: 0, index: 3 } },
      { checkpoint: 2, lastCommitted: undefined },
    ]);
  });

  it('takes no credit for barriers', () => {
    const pair = new ChannelPair({ limits: { maxFrameItems: 1, creditBytes: 300 } });
    for (let checkpoint = 1; checkpoint <= 50; checkpoint++) pair.outbound.barrier(checkpoint, undefined);
    pair.send('a', 'b');
    expect(pair.outbound.unnumberedCount).to.equal(0);
  });

  it('keeps what a snapshot of unnumbered items shows, while the items leave', async () => {
    const pair = new ChannelPair({ limits: { maxFrameItems: 7, creditBytes: 200 } });
    pair.send(...numbers(0, 5_000));
    const snapshot = pair.outbound.unnumbered();
    const first = 5_000 - pair.outbound.unnumberedCount;
    pair.inbound.open();
    await pair.platform.settle();
    pair.send(...numbers(5_000, 6_000));
    expect([...snapshot]).to.deep.equal(numbers(first, 5_000));
  });

  it('sends again what is not acknowledged, later each time, up to a limit', async () => {
    const pair = new ChannelPair({ limits: { resendAfterMs: 100, maxResendAfterMs: 500 } });
    pair.send('a');
    pair.outbound.barrier(1, undefined);
    const times: number[] = [];
    for (let known = 2; pair.platform.clock.monotonic() < 2_200; ) {
      await pair.platform.advance(10);
      if (pair.forth.sent.length > known) times.push(pair.platform.clock.monotonic());
      known = pair.forth.sent.length;
    }
    expect(times).to.deep.equal([100, 300, 700, 1_200, 1_700, 2_200]);
    const [a, barrier] = pair.forth.sent;
    expect(pair.forth.sent).to.deep.equal(Array.from({ length: 14 }, (_, n) => (n % 2 === 0 ? a : barrier)));
    // The same patience as at first, once something has arrived.
    await answer(pair, 1);
    await pair.platform.advance(100);
    expect(pair.forth.sent.slice(14)).to.deep.equal([barrier]);
    await answer(pair, 2);
    await pair.platform.advance(100_000);
    expect(pair.forth.sent).to.have.length(15);
  });

  it('waits from the last progress on, not from the first frame', async () => {
    const pair = new ChannelPair({ limits: { resendAfterMs: 100, maxFrameItems: 1 } });
    pair.send(...numbers(0, 5));
    for (let number = 1; number <= 4; number++) {
      await pair.platform.advance(80);
      await answer(pair, number);
    }
    expect(pair.forth.sent).to.have.length(5);
    await pair.platform.advance(99);
    expect(pair.forth.sent).to.have.length(5);
    await pair.platform.advance(1);
    expect(pair.forth.sent).to.have.length(6);
    expect(pair.forth.sent[5]).to.equal(pair.forth.sent[4]);
  });

  it('sends again at once what the receiver asks for, and once for one request', async () => {
    const pair = new ChannelPair({ limits: { maxFrameItems: 1 } });
    pair.send(...numbers(0, 4));
    await answer(pair, 2, { kind: frameKind.request });
    await answer(pair, 2, { kind: frameKind.request });
    expect(pair.forth.sent.slice(4)).to.deep.equal(pair.forth.sent.slice(2, 4));
  });

  it('knows since when nothing gets through', async () => {
    const pair = new ChannelPair({ limits: { maxFrameItems: 1 } });
    await pair.platform.advance(1_000);
    expect(pair.outbound.stalledSinceMs).to.equal(undefined);
    pair.send('a');
    await pair.platform.advance(10_000);
    pair.send('b');
    expect(pair.outbound.stalledSinceMs).to.equal(1_000);
    await answer(pair, 0);
    expect(pair.outbound.stalledSinceMs, 'that the receiver lives is no progress').to.equal(1_000);
    await answer(pair, 1);
    expect(pair.outbound.stalledSinceMs).to.equal(11_000);
    await pair.platform.advance(5);
    await answer(pair, 2);
    expect(pair.outbound.stalledSinceMs).to.equal(undefined);
    await pair.platform.advance(5);
    pair.outbound.barrier(1, undefined);
    expect(pair.outbound.stalledSinceMs).to.equal(11_010);
  });

  it('follows the credit that the receiver grants', async () => {
    const pair = new ChannelPair({ limits: { maxFrameItems: 1, creditBytes: 10_000 } });
    const frameBytes = header + 2;
    pair.send(1);
    await answer(pair, 1, { creditBytes: 3 * frameBytes });
    pair.send(...numbers(0, 100));
    expect(pair.outbound.unnumberedCount).to.equal(97);
    await answer(pair, 4, { creditBytes: 0 });
    expect(pair.outbound.unnumberedCount, 'one is always on its way').to.equal(96);
    await answer(pair, 5, { creditBytes: 5 * frameBytes });
    expect(pair.outbound.unnumberedCount).to.equal(91);
    await answer(pair, 4, { creditBytes: 50 * frameBytes });
    expect(pair.outbound.unnumberedCount, 'an answer that was overtaken').to.equal(91);
  });

  it('ignores answers of another epoch or incarnation, and frames that are no answers', async () => {
    const pair = new ChannelPair({ limits: { maxFrameItems: 1, creditBytes: 1 } });
    pair.send('a', 'b');
    const { epoch, self, peer } = receiverEnds;
    for (const ends of [
      { ...receiverEnds, epoch: epoch + 1 },
      { ...receiverEnds, epoch: epoch - 1 },
      { ...receiverEnds, self: { ...self, incarnation: 'another' } },
      { ...receiverEnds, self: { ...self, slot: self.slot + 1 } },
      { ...receiverEnds, peer: { ...peer, incarnation: 'another' } },
      senderEnds,
    ]) {
      await answer(pair, 1, { ends });
    }
    await answer(pair, 1, { kind: frameKind.items });
    expect(pair.outbound.unnumberedCount).to.equal(1);
    await answer(pair, 1);
    expect(pair.outbound.unnumberedCount).to.equal(0);
  });

  it('does nothing any more once closed', async () => {
    const pair = new ChannelPair();
    pair.send('a');
    pair.outbound.send('b');
    pair.outbound.close();
    expect(pair.platform.scheduler.nextDueMs, 'no timer').to.equal(undefined);
    pair.send('c');
    pair.outbound.barrier(1, undefined);
    pair.inbound.open();
    await answer(pair, 0, { kind: frameKind.request });
    await pair.platform.advance(100_000);
    expect(pair.forth.sent).to.have.length(1);
    expect([...pair.outbound.unnumbered()]).to.deep.equal([]);
    expect(pair.outbound.stalledSinceMs).to.equal(undefined);
  });

  it('asserts that barriers grow, and that nothing is acknowledged that was not sent', () => {
    const pair = new ChannelPair();
    pair.outbound.barrier(2, undefined);
    expect(() => pair.outbound.barrier(2, undefined)).to.throw('SF_BROKEN_INVARIANT');
    expect(() => pair.outbound.barrier(1, undefined)).to.throw('SF_BROKEN_INVARIANT');
    expect(() => answer(pair, 2)).to.throw('SF_BROKEN_INVARIANT');
  });

  it('names an item that cannot be sent', () => {
    const pair = new ChannelPair();
    expect(() => pair.send('fine', { run: () => {} })).to.throw(/SF_UNSUPPORTED_VALUE: items\[1\]\.run/);
  });
});

interface Answer {
  readonly kind: (typeof frameKind)[keyof typeof frameKind];
  readonly ends: typeof receiverEnds;
  readonly creditBytes: number;
}

/** An answer of the receiver, without one; it acknowledges all by default. */
function answer(pair: ChannelPair, number?: number, given: Partial<Answer> = {}): Promise<void> {
  const { kind = frameKind.acknowledgement, ends = receiverEnds, creditBytes = 1_000_000 } = given;
  const last = number ?? Math.max(...pair.forth.sent.map((frame) => frameOf(frame).number));
  pair.outbound.receive(frameOf(new FrameWriter(ends).write(kind, last, writeCredit(creditBytes))));
  return pair.platform.settle();
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
