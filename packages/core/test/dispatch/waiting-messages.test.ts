import { expect } from 'chai';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { ApplicationTime } from '../../src/dispatch/application-time.js';
import { Dispatcher } from '../../src/dispatch/dispatcher.js';
import { Envelope, parseId } from '../../src/dispatch/envelope.js';
import { StateTable } from '../../src/dispatch/state-table.js';
import { Timers } from '../../src/dispatch/timers.js';
import { silentLogger } from '../../src/ports/logger.js';
import { noMetrics } from '../../src/ports/metrics.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { CancellationToken } from '../../src/sdk/reply.js';
import { BlockCache } from '../../src/state/block-cache.js';
import { SegmentSet } from '../../src/state/segment-set.js';
import { ShapeTable } from '../../src/state/shape.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { storeMessage } from '../../src/worker/message-form.js';

const Asker = FunctionType.of<string>('test/asker');

/** A dispatcher with one function, which notes what it is told, and throws at `throw`. */
function start() {
  const platform = new VirtualPlatform({ seed: 1 });
  const time = new ApplicationTime(platform.clock, 0);
  const segments = new SegmentSet(new MemoryBlobStore(), new BlockCache(1));
  const told: string[] = [];
  const fail = (error: unknown) => {
    throw error;
  };
  const invoke = (_ctx: unknown, message: string) => {
    told.push(message);
    if (message === 'throw') throw new Error('on purpose');
  };
  const definition = { type: Asker, operations: undefined, options: {}, fields: [], create: () => ({ invoke }) };
  const dispatcher = new Dispatcher(
    platform,
    silentLogger,
    noMetrics,
    time,
    new StateTable(segments, new ShapeTable(), 16, platform.scheduler),
    { egressOf: () => undefined, reply: () => {}, deadLetter: () => {} },
    () => definition,
    fail,
  );
  const storage = { async *scan() {}, has: async () => false, lastDueMs: () => undefined };
  const fired = ({ envelope }: { envelope: Envelope }) => dispatcher.send(envelope);
  dispatcher.timers = new Timers(storage, time, platform.scheduler, () => 0, fired, fail);
  const message = (text: string, id: string) => {
    const address = Asker.at('1');
    const envelope = new Envelope(dispatcher.hostAt(address), address, text, undefined, address, {}, undefined);
    parseId(id.repeat(32), envelope);
    return envelope;
  };
  return { platform, dispatcher, message, told, time };
}

/** What a part would hold of what was captured, whenever it is written. */
const storedOf = (captured: ReturnType<Dispatcher['captureInFlight']>) =>
  captured.waiting.flatMap((messages) => [...messages].map((envelope) => storeMessage(envelope)));

describe('A message that waits at a cut', () => {
  it('is stored as an answer that has not taken out its timeout, though it does so before it is written (seed 1300381)', async () => {
    const { platform, dispatcher, message, told, time } = start();
    const dueMs = time.now() + 1_000;
    const timeout = message('nobody answered', 'a');
    dispatcher.timers.set({ dueMs, envelope: timeout, owner: Asker.at('1') });
    const answer = message('answer', 'b');
    answer.settles = new CancellationToken(timeout.id, dueMs, Asker.at('1'));
    dispatcher.enqueue(answer);
    const captured = dispatcher.captureInFlight();
    dispatcher.open();
    await platform.settle();
    expect(told).to.deep.equal(['answer']);
    const [stored] = storedOf(captured);
    expect(stored?.[1]).to.equal('answer');
    expect(stored?.[10], 'settled').to.equal(false);
  });

  it('is stored with the attempts it had then, though it is tried before it is written', async () => {
    const { platform, dispatcher, message, told } = start();
    dispatcher.enqueue(message('throw', 'c'));
    const captured = dispatcher.captureInFlight();
    dispatcher.open();
    await platform.settle();
    expect(told).to.deep.equal(['throw']);
    const [stored] = storedOf(captured);
    expect(stored?.slice(7, 9), 'attempt, and when the next is due').to.deep.equal([1, 0]);
  });
});
