import { expect } from 'chai';
import { encodeBarrier } from '../../src/cluster/barrier.js';
import {
  type ChannelEnds,
  type Frame,
  type FrameKind,
  FrameWriter,
  frameKind,
  readCredit,
} from '../../src/cluster/frame.js';
import { encode } from '../../src/codec/codec.js';
import { ChannelPair, frameOf, markOf, senderEnds } from './channel-pair.js';

describe('InboundChannel', () => {
  let pair: ChannelPair;

  beforeEach(() => {
    pair = new ChannelPair({ limits: { creditBytes: 12_345 } });
  });

  it('says that it is open, and what it grants', () => {
    pair.inbound.open();
    expect(answers()).to.deep.equal([{ kind: frameKind.request, number: 0, creditBytes: 12_345 }]);
    expect(() => pair.inbound.open()).to.throw('SF_BROKEN_INVARIANT');
  });

  it('delivers nothing and acknowledges nothing before it is open', async () => {
    pair.send('early', 'birds');
    await pair.platform.advance(10_000);
    expect(pair.delivered).to.deep.equal([]);
    expect(pair.back.sent).to.deep.equal([]);
    pair.inbound.open();
    await pair.platform.settle();
    expect(pair.delivered).to.deep.equal(['early', 'birds']);
  });

  it('acknowledges all that one turn brings with one answer, whether or not it has been handled', async () => {
    open();
    for (let number = 1; number <= 5; number++) pair.inbound.receive(items(number, `item ${number}`));
    expect(answers()).to.deep.equal([]);
    await pair.platform.settle();
    expect(answers()).to.deep.equal([{ kind: frameKind.acknowledgement, number: 5, creditBytes: 12_345 }]);
    expect(pair.inbound.received).to.equal(5);
  });

  it('drops what it has, and acknowledges it again', async () => {
    open();
    for (const number of [1, 2]) pair.inbound.receive(items(number, number));
    await pair.platform.settle();
    pair.inbound.receive(items(1, 1));
    await pair.platform.settle();
    expect(pair.delivered).to.deep.equal([1, 2]);
    expect(answers().map(({ number }) => number)).to.deep.equal([2, 2]);
  });

  it('drops what is ahead of its turn, and asks once for what is missing', async () => {
    open();
    pair.inbound.receive(items(1, 1));
    for (const number of [3, 4, 5, 3]) pair.inbound.receive(items(number, number));
    expect(answers()).to.deep.equal([{ kind: frameKind.request, number: 1, creditBytes: 12_345 }]);
    for (const number of [2, 3, 5]) pair.inbound.receive(items(number, number));
    expect(pair.delivered).to.deep.equal([1, 2, 3]);
    expect(answers().map(({ kind, number }) => [kind, number])).to.deep.equal([
      [frameKind.request, 1],
      [frameKind.request, 3],
    ]);
  });

  it('refuses frames of another epoch, sender or receiver, and answers, unacknowledged', async () => {
    open();
    const { epoch, self, peer } = senderEnds;
    for (const ends of [
      { ...senderEnds, epoch: epoch + 1 },
      { ...senderEnds, epoch: epoch - 1 },
      { ...senderEnds, self: { ...self, incarnation: 'another' } },
      { ...senderEnds, self: { ...self, slot: 0 } },
      { ...senderEnds, peer: { ...peer, incarnation: 'another' } },
    ]) {
      for (const number of [1, 2]) pair.inbound.receive(items(number, 'stray', ends));
    }
    for (const number of [0, 1, 2]) pair.inbound.receive(frame(frameKind.acknowledgement, number, new Uint8Array(8)));
    await pair.platform.advance(10_000);
    expect(pair.delivered).to.deep.equal([]);
    expect(answers()).to.deep.equal([]);
  });

  it('puts an item together that came in fragments', () => {
    open();
    const whole = encode(['a long text'], 'items');
    pair.inbound.receive(frame(frameKind.fragment, 1, whole.subarray(0, 4)));
    pair.inbound.receive(frame(frameKind.fragment, 2, whole.subarray(4, 7)));
    expect(pair.delivered).to.deep.equal([]);
    pair.inbound.receive(frame(frameKind.items, 3, whole.subarray(7)));
    pair.inbound.receive(items(4, 'a short one'));
    expect(pair.delivered).to.deep.equal(['a long text', 'a short one']);
  });

  it('asserts that no barrier falls between fragments, and that barriers grow', () => {
    open();
    pair.inbound.receive(barrier(1, 5));
    expect(pair.delivered).to.deep.equal([markOf(5)]);
    expect(() => pair.inbound.receive(barrier(2, 5))).to.throw('SF_BROKEN_INVARIANT');
    expect(() => pair.inbound.receive(barrier(2, 4))).to.throw('SF_BROKEN_INVARIANT');
    pair.inbound.receive(frame(frameKind.fragment, 2, Uint8Array.of(1)));
    expect(() => pair.inbound.receive(barrier(3, 6))).to.throw('SF_BROKEN_INVARIANT');
  });

  it('does not acknowledge what it could not deliver', async () => {
    open();
    expect(() => pair.inbound.receive(frame(frameKind.items, 1, Uint8Array.of(0xc1, 0xc1)))).to.throw('SF_DAMAGED');
    expect(() => pair.inbound.receive(frame(frameKind.items, 1, encode('no array')))).to.throw('SF_BROKEN_INVARIANT');
    await pair.platform.settle();
    expect(answers()).to.deep.equal([]);
  });

  it('delivers and acknowledges nothing more once closed', async () => {
    open();
    pair.inbound.receive(items(1, 1));
    pair.inbound.close();
    pair.inbound.receive(items(2, 2));
    await pair.platform.settle();
    expect(pair.delivered).to.deep.equal([1]);
    expect(answers()).to.deep.equal([]);
  });

  /** Opens the channel, and forgets that it said so. The frames are the test's, so nobody hears the answers. */
  function open(): void {
    pair.back.isCut = true;
    pair.inbound.open();
    pair.back.sent.length = 0;
  }

  function answers(): { kind: FrameKind; number: number; creditBytes: number }[] {
    return pair.back.sent.map(frameOf).map((each) => ({
      kind: each.kind,
      number: each.number,
      creditBytes: readCredit(each),
    }));
  }
});

function frame(kind: FrameKind, number: number, payload: Uint8Array, ends: ChannelEnds = senderEnds): Frame {
  return frameOf(new FrameWriter(ends).write(kind, number, payload));
}

function items(number: number, item: unknown, ends?: ChannelEnds): Frame {
  return frame(frameKind.items, number, encode([item]), ends);
}

function barrier(number: number, checkpoint: number): Frame {
  return frame(frameKind.barrier, number, encodeBarrier({ checkpoint, lastCommitted: undefined }));
}
