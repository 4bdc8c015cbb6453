import { expect } from 'chai';
import fc from 'fast-check';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { Envelope } from '../../src/dispatch/envelope.js';
import type { FrozenState } from '../../src/dispatch/frozen-state.js';
import { FunctionHost } from '../../src/dispatch/function-host.js';
import type { Invocation } from '../../src/dispatch/invocation.js';
import { StateTable } from '../../src/dispatch/state-table.js';
import { MemorySource } from '../../src/io/memory-source.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Ingress } from '../../src/sdk/ingress.js';
import { BlockCache } from '../../src/state/block-cache.js';
import { decodeRecord, fromStored } from '../../src/state/record.js';
import { SegmentSet } from '../../src/state/segment-set.js';
import { SegmentWriter } from '../../src/state/segment-writer.js';
import { ShapeTable } from '../../src/state/shape.js';
import { TestApplication } from '../../src/testing/test-application.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { moduleOf } from './functions-module.js';

/** What an order leaves behind: a value in one field, a longer text in the other; or nothing at all. */
interface Order {
  readonly to: string;
  readonly value: unknown;
  readonly how: 'write' | 'throw' | 'reject' | 'wait' | 'look' | 'forget';
  /** To how many others it is passed on, each of which does the same. */
  readonly passes: number;
}

const orders = Ingress.of<Order>('test/orders');
const initial = { held: 0 as unknown, log: '', last: undefined as unknown };

/** A new type for each run: what its handlers turned out to be is remembered by the runtime. */
function makeCell() {
  const Cell = FunctionType.of<Order>('test/cell');
  const CellFn = defineFunction(
    Cell,
    {
      state: () => ({ ...initial }),
      invoke(ctx, { value, how, passes, to }): void | Promise<void> {
        if (how === 'look') return;
        this.held = value;
        this.log += ctx.self.id;
        this.last = Array.isArray(value) ? value.length : value;
        if (passes > 0) ctx.send(Cell.at(nextOf(to)), { to: nextOf(to), value, how, passes: passes - 1 });
        if (how === 'throw') throw new Error('on purpose');
        if (how === 'reject') return Promise.reject(new Error('on purpose'));
        if (how === 'wait') return Promise.resolve();
        if (how === 'forget') ctx.forget();
      },
    },
    { retry: { maxAttempts: 1 } },
  );
  return { Cell, CellFn };
}

/** Nobody else sends to it: what comes there comes in one order, also when all is done again after a crash. */
function nextOf(id: string): string {
  return `${id}'`;
}

/** What the orders leave, one after the other: those that fail leave nothing, and pass nothing on. */
function expectedState(all: readonly Order[]): Map<string, typeof initial> {
  const states = new Map<string, typeof initial>();
  const follow = ({ to, value, how, passes }: Order): void => {
    if (how === 'look' || how === 'throw' || how === 'reject') return;
    const { log } = states.get(to) ?? initial;
    if (how === 'forget') states.delete(to);
    else states.set(to, { held: value, log: log + to, last: Array.isArray(value) ? value.length : value });
    if (passes > 0) follow({ to: nextOf(to), value, how, passes: passes - 1 });
  };
  for (const order of all) follow(order);
  return states;
}

const anyOrder = (hows: readonly Order['how'][]) =>
  fc.record<Order>({
    to: fc.nat(5).map(String),
    value: fc.oneof(fc.integer(), fc.string(), fc.constantFrom(null, undefined, true, 7n), fc.array(fc.nat(9))),
    how: fc.constantFrom(...hows),
    passes: fc.nat(2),
  });

const steps = fc.constantFrom<readonly ('checkpoint' | 'crash' | 'settle')[]>(
  ['settle'],
  ['checkpoint'],
  ['settle', 'crash'],
  ['checkpoint', 'checkpoint', 'crash'],
);

const Counter = FunctionType.of<unknown>('test/counter');

/** The table of a worker that has one function, with a field named `held`. */
function emptyTable() {
  const platform = new VirtualPlatform({ seed: 1 });
  const segments = new SegmentSet(new MemoryBlobStore(), new BlockCache(1));
  const table = new StateTable(segments, new ShapeTable(), 16, platform.scheduler);
  const host = new FunctionHost({
    type: Counter,
    operations: undefined,
    options: {},
    fields: [{ property: 'held', name: 'held', options: {} }],
    create: () => ({ held: 0, invoke() {} }),
  });
  return { platform, table, host };
}

/** What a cut stores of the one activation that has changed. */
async function storedIn(frozen: FrozenState, platform: VirtualPlatform, table: StateTable): Promise<unknown> {
  const writer = new SegmentWriter('a');
  let record = new Uint8Array();
  writer.appendRecord = (_key, _length, value, start, end) => {
    record = (value as Uint8Array).slice(start, end);
  };
  await platform.run(frozen.write(writer, () => {}));
  return fromStored(decodeRecord(record, Counter.name, table.shapes).fields[0]?.value);
}

describe('The committed state of plain fields', () => {
  const kinds = {
    'handlers that are only synchronous': ['write', 'write', 'throw', 'look', 'forget'],
    'handlers of all kinds': ['write', 'throw', 'reject', 'wait', 'look', 'forget'],
  } as const;
  for (const [name, hows] of Object.entries(kinds)) {
    it(`is what successful invocations left, whatever fails, is dropped from memory or recovered: ${name}`, async () => {
      const batch = fc.tuple(fc.array(anyOrder(hows), { maxLength: 12 }), steps);
      await fc.assert(
        fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 6 }), async (batches) => {
          const { Cell, CellFn } = makeCell();
          const functions = moduleOf(CellFn);
          await using app = await TestApplication.start({
            modules: [
              {
                configure(config, binder) {
                  functions.configure(config, binder);
                  binder.bindIngress(orders, new MemorySource<Order>());
                  binder.bindRouter(orders, (order, downstream) => downstream.forward(Cell.at(order.to), order));
                },
              },
            ],
            maxActiveAddresses: 3,
          });
          const given: Order[] = [];
          for (const [some, then] of batches) {
            for (const order of some) {
              app.push(orders, order);
              given.push(order);
            }
            for (const step of then) {
              if (step === 'settle') await app.settle();
              else if (step === 'checkpoint') await app.checkpoint();
              else {
                await app.crash();
                await app.restart();
                await app.settle();
              }
            }
          }
          await app.advance('1m'); // Ingresses wait while all that may be in memory has changed.
          const expected = expectedState(given);
          for (const id of ['0', '1', '2', '3', '4', '5'].flatMap((id) => [id, nextOf(id), nextOf(nextOf(id))]))
            expect(await app.state(Cell.at(id)), id).to.deep.equal(expected.get(id) ?? initial);
        }),
        { numRuns: 40 },
      );
    });
  }

  it('is stored as it was at the cut, though messages change it before its turn', async () => {
    const { platform, table, host } = emptyTable();
    const activation = table.activate(host, '1');
    table.load(activation);
    const write = (value: unknown) => {
      const instance = host.prepare(activation) as { held: unknown };
      instance.held = value;
      const envelope = new Envelope(host, Counter.at('1'), value, undefined, undefined, {}, undefined);
      const changed = host.stage(activation, false);
      table.commit(activation, envelope, { now: () => 0 } as Invocation, changed);
    };
    write(1);
    for (const [before, after] of [
      [1, 2],
      [2, 'text'],
      ['text', ['object']],
      [['object'], 3],
      [3, 4],
    ]) {
      const frozen = table.cut();
      write(after);
      expect(await storedIn(frozen, platform, table)).to.deep.equal(before);
      table.committed();
    }
  });

  it('is found where it is, by who sends there again, when it was dropped from memory meanwhile', async () => {
    const { Cell, CellFn } = makeCell();
    await using app = await TestApplication.start({ modules: [moduleOf(CellFn)], maxActiveAddresses: 1 });
    const write = (passes: number) => app.client.send(Cell.at('0'), { to: '0', value: 1, how: 'write', passes });
    await write(1);
    await app.checkpoint();
    // The one that was sent to was not used since, and the sender was.
    await write(0);
    await app.checkpoint();
    await write(1);
    await app.checkpoint();
    expect(await app.state(Cell.at(nextOf('0')))).to.deep.equal({ held: 1, log: "0'0'", last: 1 });
  });
});
