import { expect } from 'chai';
import fc from 'fast-check';
import {
  type ChannelEnds,
  type Frame,
  FrameWriter,
  frameKind,
  isAnswer,
  isFromPeer,
  readFrame,
} from '../../src/cluster/frame.js';
import { receiverEnds, senderEnds } from './channel-pair.js';

describe('A frame of a channel', () => {
  const incarnation = fc.string({ unit: fc.constantFrom(...'09af AZ~!'), minLength: 1, maxLength: 255 });
  const slot = fc.nat(0xffff_ffff);
  const end = fc.record({ slot, incarnation });
  const ends: fc.Arbitrary<ChannelEnds> = fc.record({ epoch: fc.maxSafeNat(), self: end, peer: end });
  const kind = fc.constantFrom(...Object.values(frameKind));

  it('is read as it was written, also out of a larger buffer', () => {
    fc.assert(
      fc.property(ends, kind, fc.maxSafeNat(), fc.uint8Array(), (channel, what, number, payload) => {
        const writer = new FrameWriter(channel);
        const bytes = writer.write(what, number, payload);
        expect(bytes).to.have.length(writer.headerBytes + payload.length);
        const larger = new Uint8Array(bytes.length + 9);
        larger.set(bytes, 5);
        for (const each of [bytes, larger.subarray(5, 5 + bytes.length)]) {
          const { epoch, self, peer } = channel;
          const expected: Frame = { kind: what, epoch, from: self, to: peer.incarnation, number, payload };
          expect(readFrame(each)).to.deep.equal(expected);
        }
      }),
    );
  });

  it('leaves the frames before it alone', () => {
    const writer = new FrameWriter(senderEnds);
    const first = writer.write(frameKind.items, 1, Uint8Array.of(1));
    const kept = first.slice();
    writer.write(frameKind.barrier, 2, Uint8Array.of(2));
    expect(first).to.deep.equal(kept);
  });

  it('is told from what is none, from one that was cut, and from one of a newer format', () => {
    const payload = Uint8Array.of(1, 2, 3);
    const writer = new FrameWriter(senderEnds);
    const bytes = writer.write(frameKind.items, 1, payload);
    for (let length = 0; length < writer.headerBytes; length++) {
      expect(readFrame(bytes.subarray(0, length)), `${length} bytes`).to.equal(undefined);
    }
    const changed = (at: number, byte: number) => {
      const copy = bytes.slice();
      copy[at] = byte;
      return readFrame(copy);
    };
    expect(changed(0, 0x7b), 'another mark').to.equal(undefined);
    expect(changed(1, 2), 'a newer format').to.equal(undefined);
    expect(changed(2, 0), 'no kind').to.equal(undefined);
    expect(changed(2, 6), 'an unknown kind').to.equal(undefined);
  });

  it('is known to come from the peer only if epoch, slot and both incarnations are right', () => {
    const frame = (sender: ChannelEnds) =>
      readFrame(new FrameWriter(sender).write(frameKind.items, 1, new Uint8Array(0))) as Frame;
    expect(isFromPeer(frame(senderEnds), receiverEnds)).to.equal(true);
    const { epoch, self, peer } = senderEnds;
    for (const wrong of [
      { ...senderEnds, epoch: epoch - 1 },
      { ...senderEnds, epoch: epoch + 1 },
      { ...senderEnds, self: { ...self, slot: 4 } },
      { ...senderEnds, self: { ...self, incarnation: 'another' } },
      { ...senderEnds, peer: { ...peer, incarnation: 'another' } },
      receiverEnds,
    ]) {
      expect(isFromPeer(frame(wrong), receiverEnds), JSON.stringify(wrong)).to.equal(false);
    }
  });

  it('goes back if it is an answer, and else forth', () => {
    const answers = Object.entries(frameKind).filter(([, each]) => isAnswer(each));
    expect(answers.map(([name]) => name)).to.deep.equal(['acknowledgement', 'request']);
  });

  it('is not made for incarnations that it cannot hold', () => {
    for (const wrong of ['', 'ä', 'a\n', 'x'.repeat(256)]) {
      const channel = { ...senderEnds, self: { slot: 0, incarnation: wrong } };
      expect(() => new FrameWriter(channel), JSON.stringify(wrong)).to.throw('SF_BROKEN_INVARIANT');
    }
  });
});
