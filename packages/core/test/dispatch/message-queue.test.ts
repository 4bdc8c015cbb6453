import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import fc from 'fast-check';
import { MessageQueue } from '../../src/dispatch/message-queue.js';

describe('MessageQueue', () => {
  it('is first in, first out, and its snapshots stay what they were', () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 3_000 }) }),
      fc.record({ shift: fc.integer({ min: 1, max: 3_000 }) }),
      fc.constant({ snapshot: true }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat(5_000), (steps, count) => {
        const queue = new MessageQueue<number>();
        let model: number[] = [];
        let next = 0;
        const snapshots: [Iterable<number>, number[]][] = [];
        for (const each of steps) {
          if ('push' in each) {
            for (let n = 0; n < each.push; n++) {
              queue.push(next);
              model.push(next++);
            }
          } else if ('shift' in each) {
            for (let n = 0; n < each.shift; n++) if (queue.shift() !== model[n]) expect.fail(`message ${n}`);
            model = model.slice(each.shift);
          } else {
            snapshots.push([queue.snapshot(), model.slice()]);
          }
          expect(queue.size).to.equal(model.length);
          expect(queue.peek()).to.equal(model[0]);
          expect(queue.first(count)).to.deep.equal(model.slice(0, count));
          const index = count % 1_024;
          if (index < model.length) expect(queue.at(index)).to.equal(model[index]);
        }
        for (const [snapshot, expected] of snapshots) expect([...snapshot]).to.deep.equal(expected);
      }),
      { numRuns: 50 },
    );
  });

  it('lets go of what was taken, but for what a snapshot shows', async () => {
    const queue = new MessageQueue<object>();
    const taken = () => {
      queue.push({});
      return new WeakRef(queue.shift() as object);
    };
    const unseen = taken();
    const seen = new WeakRef({});
    queue.push(seen.deref() as object);
    const snapshot = queue.snapshot();
    queue.shift();
    const later = taken();
    await collectGarbage();
    expect(unseen.deref()).to.equal(undefined);
    expect(later.deref()).to.equal(undefined);
    expect([...snapshot]).to.deep.equal([seen.deref()]);
    expect(seen.deref()).to.be.an('object');
  });
});

/** What a WeakRef shows stays until the turn ends. */
async function collectGarbage(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
