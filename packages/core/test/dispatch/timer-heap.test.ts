import { expect } from 'chai';
import fc from 'fast-check';
import { Envelope } from '../../src/dispatch/envelope.js';
import { FunctionHost } from '../../src/dispatch/function-host.js';
import { type HeapTimer, TimerHeap } from '../../src/dispatch/timer-heap.js';
import { FunctionType } from '../../src/sdk/function-type.js';

const Bell = FunctionType.of<string>('test/bell');
const owner = Bell.at('1');
const host = new FunctionHost({
  type: Bell,
  operations: undefined,
  options: {},
  fields: [],
  create: () => ({ invoke() {} }),
});
const envelope = new Envelope(host, owner, 'ring', undefined, owner, {}, undefined);

function timerOf(order: number, dueMs: number): HeapTimer {
  return { id: `${order}`, dueMs, order, owner, envelope, cancelled: false };
}

/** As they leave the heap. */
function drained(heap: TimerHeap): HeapTimer[] {
  const timers: HeapTimer[] = [];
  for (let next = heap.pop(); next !== undefined; next = heap.pop()) timers.push(next);
  return timers;
}

function inOrder(timers: Iterable<HeapTimer>): HeapTimer[] {
  return [...timers].sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
}

describe('TimerHeap', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('push' as const), dueMs: fc.nat(50) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pop' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), which: fc.nat() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('sweep' as const),
        from: fc.nat(60),
        count: fc.nat(20),
        below: fc.nat(50),
      }),
    },
  );

  it('gives what is due first, whatever is set, cancelled and swept out of it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new TimerHeap();
        const model = new Set<HeapTimer>();
        for (const [order, one] of steps.entries()) {
          if (one.kind === 'push') {
            const timer = timerOf(order, one.dueMs);
            heap.push(timer);
            model.add(timer);
          } else if (one.kind === 'pop') {
            const [first] = inOrder(model);
            expect(heap.pop()).to.equal(first);
            if (first !== undefined) model.delete(first);
          } else if (one.kind === 'cancel') {
            const timer = [...model][one.which % model.size];
            if (timer === undefined) continue;
            heap.cancel(timer);
            model.delete(timer);
          } else {
            heap.sweep(one.from, one.count, (timer) => {
              const stays = timer.dueMs < one.below;
              if (!stays) model.delete(timer);
              return stays;
            });
          }
          expect(heap.size).to.equal(model.size);
        }
        expect(drained(heap)).to.deep.equal(inOrder(model));
      }),
    );
  });

  it('is swept from its end to its beginning, some at a time, and misses none if nothing else happens', () => {
    const heap = new TimerHeap();
    const timers = Array.from({ length: 1_000 }, (_, order) => timerOf(order, (order * 7_919) % 1_000));
    for (const timer of timers) heap.push(timer);
    let place = heap.end;
    let sweeps = 0;
    for (; place > 0; sweeps += 1) place = heap.sweep(place, 100, ({ dueMs }) => dueMs < 300);
    expect(sweeps).to.equal(10);
    expect(drained(heap).map(({ dueMs }) => dueMs)).to.deep.equal(Array.from({ length: 300 }, (_, dueMs) => dueMs));
  });

  it('lets go of cancelled timers when they are half of it', () => {
    const heap = new TimerHeap();
    const timers = Array.from({ length: 3_000 }, (_, order) => timerOf(order, (order * 7) % 3_000));
    for (const timer of timers) heap.push(timer);
    for (const timer of timers.slice(0, 2_000)) heap.cancel(timer);
    expect(heap.size).to.equal(1_000);
    expect(heap.end).to.be.lessThan(2_000);
    expect(drained(heap)).to.deep.equal(inOrder(timers.slice(2_000)));
  });
});
