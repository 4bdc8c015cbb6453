import { expect } from 'chai';
import fc from 'fast-check';
import { FrameWriter } from '../../src/cluster/frame.js';
import { modelValue, sameValue } from '../codec/model-values.js';
import { ChannelPair, frameOf, markOf, senderEnds } from './channel-pair.js';

const { headerBytes } = new FrameWriter(senderEnds);

/** What a program does to a channel. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ send: fc.integer({ min: 1, max: 40 }), bytes: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ send: fc.constant(1), bytes: fc.integer({ min: 400, max: 3_000 }) }) },
  { weight: 2, arbitrary: fc.record({ barrier: fc.constant(true) }) },
  { weight: 3, arbitrary: fc.record({ passMs: fc.nat(400) }) },
  { weight: 1, arbitrary: fc.record({ cutOffMs: fc.nat(2_000) }) },
);
const faults = fc.record({
  loss: fc.double({ min: 0, max: 0.5, noNaN: true }),
  repetition: fc.double({ min: 0, max: 0.5, noNaN: true }),
  maxDelayMs: fc.constantFrom(0, 1, 20, 300),
});
const limits = fc.record({
  maxFrameBytes: fc.integer({ min: 100, max: 400 }),
  maxFrameItems: fc.integer({ min: 1, max: 20 }),
  creditBytes: fc.integer({ min: 0, max: 2_000 }),
});

describe('A channel on a network that loses, repeats, delays and reorders frames', () => {
  it('delivers everything exactly once and in order, barriers between what had a number and what had none', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        faults,
        limits,
        fc.array(step, { minLength: 1, maxLength: 25 }),
        fc.nat(25),
        async (seed, faults, limits, steps, openAt) => {
          const pair = new ChannelPair({ seed, faults, limits });
          const expected: unknown[] = [];
          const items: string[] = [];
          let checkpoint = 0;
          for (const [at, each] of steps.entries()) {
            if (at === openAt) pair.inbound.open();
            if ('send' in each) {
              for (let n = 0; n < each.send; n++) {
                const item = `${items.length} ${'x'.repeat(each.bytes)}`;
                items.push(item);
                pair.outbound.send(item);
              }
              pair.outbound.flush();
            } else if ('barrier' in each) {
              checkpoint += 1;
              const unnumbered = [...pair.outbound.unnumbered()];
              const numbered = items.length - unnumbered.length;
              expect(unnumbered).to.deep.equal(items.slice(numbered));
              pair.outbound.barrier(checkpoint, undefined);
              // All with a number that are not yet expected come before the barrier.
              expected.push(...items.slice(expected.length - (checkpoint - 1), numbered), markOf(checkpoint));
            } else if ('passMs' in each) {
              await pair.platform.advance(each.passMs);
            } else {
              pair.forth.isCut = pair.back.isCut = true;
              await pair.platform.advance(each.cutOffMs);
              pair.forth.isCut = pair.back.isCut = false;
            }
          }
          if (steps.length <= openAt) pair.inbound.open();
          expected.push(...items.slice(expected.length - checkpoint));
          for (let hours = 0; pair.outbound.stalledSinceMs !== undefined && hours < 24; hours++) {
            await pair.platform.advance(3_600_000);
          }
          expect(pair.delivered).to.deep.equal(expected);
          expect(pair.outbound.stalledSinceMs, 'all is acknowledged').to.equal(undefined);
          for (const frame of pair.forth.sent) expect(frame.length).to.be.at.most(limits.maxFrameBytes);
        },
      ),
      { numRuns: 60 },
    );
  }).timeout(60_000);

  it('delivers every value of the data model as it was sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(modelValue, { maxLength: 10 }), async (seed, values) => {
        const faults = { loss: 0.05, repetition: 0.05, maxDelayMs: 2 };
        const pair = new ChannelPair({ seed, faults, limits: { maxFrameBytes: 8_192, creditBytes: 20_000 } });
        pair.inbound.open();
        pair.send(...values);
        while (pair.outbound.stalledSinceMs !== undefined) await pair.platform.advance(60_000);
        expect(pair.delivered).to.have.length(values.length);
        for (const [n, value] of values.entries()) {
          expect(sameValue(pair.delivered[n], value), `value ${n}`).to.equal(true);
        }
      }),
      { numRuns: 40 },
    );
  }).timeout(60_000);

  it('never has more bytes on their way than the credit and one frame', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 100, max: 1_000 }),
        fc.nat(5_000),
        fc.array(fc.nat(150), { minLength: 50, maxLength: 300 }),
        async (maxFrameBytes, creditBytes, sizes) => {
          const pair = new ChannelPair({ limits: { maxFrameBytes, creditBytes }, faults: { maxDelayMs: 5 } });
          const items = sizes.map((size) => 'x'.repeat(size));
          const largest = Math.max(maxFrameBytes, ...sizes.map((size) => wireBytes(size, maxFrameBytes)));
          // By number, as they were first put on the wire.
          const bytes: number[] = [];
          let seen = 0;
          let most = 0;
          const look = () => {
            for (; seen < pair.forth.sent.length; seen++) {
              const frame = frameOf(pair.forth.sent[seen] as Uint8Array);
              bytes[frame.number] = headerBytes + frame.payload.length;
            }
            most = Math.max(most, sum(bytes.slice(pair.inbound.received + 1)));
          };
          pair.inbound.open();
          pair.send(...items);
          for (look(); pair.outbound.stalledSinceMs !== undefined; look()) await pair.platform.advance(1);
          expect(pair.delivered).to.deep.equal(items);
          expect(most).to.be.at.most(creditBytes + largest);
        },
      ),
      { numRuns: 20 },
    );
  }).timeout(60_000);

  it('delivers a frame that was lost and sent again before the barrier behind it', async () => {
    const pair = new ChannelPair({ limits: { creditBytes: 1 } });
    pair.inbound.open();
    await pair.platform.settle();
    pair.forth.isCut = true;
    pair.send('lost', 'waits');
    pair.outbound.flush();
    pair.forth.isCut = false;
    pair.outbound.barrier(1, undefined);
    await pair.platform.settle();
    expect(pair.delivered, 'without waiting for the sender to lose patience').to.deep.equal([
      'lost',
      'waits',
      markOf(1),
    ]);
  });

  it('mends a loss within a round trip where something follows it, and after a timeout where nothing does', async () => {
    const pair = new ChannelPair({ limits: { maxFrameItems: 1, resendAfterMs: 250 } });
    pair.inbound.open();
    await pair.platform.settle();
    pair.forth.isCut = true;
    pair.send(1, 2);
    pair.forth.isCut = false;
    pair.send(3);
    await pair.platform.settle();
    expect(pair.delivered).to.deep.equal([1, 2, 3]);
    pair.forth.isCut = true;
    pair.send(4);
    pair.forth.isCut = false;
    await pair.platform.advance(249);
    expect(pair.delivered).to.deep.equal([1, 2, 3]);
    await pair.platform.advance(1);
    expect(pair.delivered).to.deep.equal([1, 2, 3, 4]);
  });

  it('goes on at once when the receiver opens, however long that took', async () => {
    const pair = new ChannelPair();
    pair.send('first');
    pair.outbound.barrier(1, undefined);
    await pair.platform.advance(3_600_000);
    pair.inbound.open();
    await pair.platform.settle();
    expect(pair.delivered).to.deep.equal(['first', markOf(1)]);
  });

  it('is quiet when all is said', async () => {
    const pair = new ChannelPair();
    pair.inbound.open();
    await pair.platform.settle();
    pair.send('first', 'last');
    await pair.platform.advance(1_000);
    const frames = pair.forth.sent.length + pair.back.sent.length;
    await pair.platform.advance(3_600_000);
    expect(pair.forth.sent.length + pair.back.sent.length).to.equal(frames);
    expect(pair.forth.sent.map((bytes) => frameOf(bytes).number)).to.deep.equal([1]);
  });
});

/** What one item takes on the wire, with a header for each fragment. */
function wireBytes(size: number, maxFrameBytes: number): number {
  const encoded = size + 5;
  return encoded + headerBytes * Math.ceil(encoded / (maxFrameBytes - headerBytes));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
