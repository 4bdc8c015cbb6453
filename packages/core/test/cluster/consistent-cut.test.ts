import { expect } from 'chai';
import fc from 'fast-check';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { TokenHolder } from './token-holder.js';

const tokensEach = 20;

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ giver: fc.nat(), receiver: fc.nat(), count: fc.integer({ min: 1, max: 15 }) }) },
  { weight: 2, arbitrary: fc.record({ flush: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ passMs: fc.nat(60) }) },
  // The coordinator's trigger may reach only some, and may begin a checkpoint while the last one is under way.
  { weight: 2, arbitrary: fc.record({ trigger: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }) }) },
);

describe('A consistent cut', () => {
  it('shows every token exactly once: held, not yet numbered, or recorded in flight', async () => {
    let complete = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.integer({ min: 2, max: 4 }),
        fc.record({
          loss: fc.constantFrom(0, 0.1, 0.3),
          repetition: fc.constantFrom(0, 0.3),
          maxDelayMs: fc.constantFrom(0, 10, 100),
        }),
        fc.array(step, { minLength: 10, maxLength: 60 }),
        async (seed, size, faults, steps) => {
          const platform = new VirtualPlatform({ seed });
          const holders = connected(size, platform, faults);
          const tokens = holders.flatMap(({ held }) => held).sort((a, b) => a - b);
          const at = (index: number) => holders[index % size] as TokenHolder;
          let checkpoint = 0;
          for (const each of steps) {
            if ('giver' in each) {
              const receiver = each.giver + 1 + (each.receiver % (size - 1));
              for (let n = 0; n < each.count; n++) at(each.giver).give(at(receiver).slot);
            } else if ('flush' in each) {
              at(each.flush).flush();
            } else if ('passMs' in each) {
              await platform.advance(each.passMs);
            } else {
              checkpoint += 1;
              for (const index of each.trigger) at(index).trigger(checkpoint);
            }
          }
          for (const holder of holders) holder.flush();
          while (holders.some((each) => [...each.outbound].some((channel) => channel.stalledSinceMs !== undefined))) {
            await platform.advance(10_000);
          }
          expect(holders.flatMap(({ held }) => held).sort((a, b) => a - b)).to.deep.equal(tokens);
          for (let each = 1; each <= checkpoint; each++) {
            const parts = holders.map(({ snapshots }) => snapshots.get(each));
            // Given up for a newer one somewhere; the last one never is.
            if (parts.some((part) => part?.recorded === undefined)) {
              expect(each).to.be.below(checkpoint);
              continue;
            }
            complete += 1;
            const shown = parts.flatMap((part) =>
              part === undefined ? [] : [...part.held, ...part.unnumbered, ...(part.recorded ?? [])],
            );
            expect(shown.sort((a, b) => a - b)).to.deep.equal(tokens);
          }
        },
      ),
      { numRuns: 100 },
    );
    expect(complete, 'checkpoints that were complete').to.be.above(50);
  }).timeout(60_000);
});

function connected(
  size: number,
  platform: VirtualPlatform,
  faults: { loss: number; repetition: number; maxDelayMs: number },
): TokenHolder[] {
  const slots = Array.from({ length: size }, (_, slot) => slot);
  const holders = slots.map(
    (slot) =>
      new TokenHolder(
        slot,
        slots.filter((other) => other !== slot),
      ),
  );
  for (const from of holders) for (const to of holders) if (from !== to) from.connect(to, platform, faults);
  for (const { slot, held } of holders) for (let n = 0; n < tokensEach; n++) held.push(slot * tokensEach + n);
  for (const holder of holders) holder.open();
  return holders;
}
