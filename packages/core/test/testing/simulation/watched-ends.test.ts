import { expect } from 'chai';
import { type CheckpointEntry, encodeEntry } from '../../../src/checkpoint/manifest.js';
import { entryName } from '../../../src/checkpoint/manifest-log.js';
import { MemorySink } from '../../../src/io/memory-sink.js';
import { MemorySource } from '../../../src/io/memory-source.js';
import type { EgressRecord } from '../../../src/ports/egress-sink.js';
import type { ConnectorServices } from '../../../src/ports/ingress-source.js';
import { silentLogger } from '../../../src/ports/logger.js';
import { Ingress } from '../../../src/sdk/ingress.js';
import { CommittedLog } from '../../../src/testing/simulation/committed-log.js';
import { WatchedEnds } from '../../../src/testing/simulation/watched-ends.js';
import { VirtualPlatform } from '../../../src/testing/virtual-platform.js';

const services: ConnectorServices = { platform: new VirtualPlatform(), logger: silentLogger };

/** A log with checkpoints at the entries 2 and 3, and two workers that both believe to have the ends. */
function setUp() {
  const violations: string[] = [];
  const violate = (violation: string) => void violations.push(violation);
  const log = new CommittedLog(violate);
  for (const index of [2, 3]) log.wrote(entryName(index), encodeEntry(checkpointAt(index)));
  const ends = new WatchedEnds(log, violate);
  const sink = new MemorySink<unknown>();
  const source = new MemorySource<unknown>(['a', 'b', 'c', 'd', 'e']);
  const worker = () => {
    const ingress = Ingress.of<unknown>('test/in');
    const { ingresses, egresses } = ends.watch({
      definitionOf: () => undefined,
      retired: new Set(),
      ingresses: new Map([['test/in', { ingress, source, routers: [] }]]),
      egresses: new Map([['test/out', { sink }]]),
    });
    const [bound] = [...ingresses.values()];
    const [out] = [...egresses.values()];
    if (bound === undefined || out === undefined) throw new Error('nothing is bound');
    return { source: bound.source, sink: out.sink };
  };
  return { violations, log, worker, sink };
}

function checkpointAt(index: number): CheckpointEntry {
  return {
    ...{ kind: 'checkpoint', index, checkpoint: index, token: `token ${index}`, previous: 'another', epoch: 1 },
    ...{ logId: 'log', timeMs: 0, settings: { maxParallelism: 16, hash: 'hash', format: 2 }, applicationTimeMs: 0 },
    ...{ segments: [], shapes: [], egresses: {}, parts: [], inlined: new Map(), published: 0, condemned: [] },
    ingresses: { 'test/in': { position: index, routed: index } },
  } as CheckpointEntry;
}

function records(...ids: string[]): EgressRecord<unknown>[] {
  return ids.map((id) => ({ id, value: id, headers: {} }));
}

describe('WatchedEnds', () => {
  it('lets pass what checkpoints hold, in their order, and again by a worker that does not know of its successor', async () => {
    const { violations, worker, sink } = setUp();
    const [former, present] = [worker(), worker()];
    await former.sink.publish(records('log-2-0-0', 'log-2-0-1'));
    await present.sink.publish(records('log-2-0-0', 'log-2-0-1', 'log-3-1-0'));
    await former.sink.publish(records('log-2-0-1'));
    const reader = await present.source.open(undefined, services);
    await reader.acknowledge?.(2);
    expect(violations).to.deep.equal([]);
    expect(sink.values).to.deep.equal(['log-2-0-0', 'log-2-0-1', 'log-3-1-0']);
  });

  it('finds a record that leaves before its checkpoint is in the log', async () => {
    const { violations, worker } = setUp();
    await worker().sink.publish(records('another form'));
    await worker().sink.publish(records('log-4-0-0'));
    expect(violations).to.have.length(2);
    expect(violations[1]).to.match(/^ends: log-4-0-0 leaves by test\/out, and is of no checkpoint/);
  });

  it('finds records that leave in another order than that of the log, whichever workers publish them', async () => {
    const { violations, worker } = setUp();
    await worker().sink.publish(records('log-3-0-1'));
    await worker().sink.publish(records('log-3-0-0'));
    await worker().sink.publish(records('log-2-0-7'));
    expect(violations).to.have.length(2);
    expect(violations[0]).to.match(/^ends: log-3-0-0 leaves by test\/out behind record 1 of entry 3/);
  });

  it('finds a position that is acknowledged and that no checkpoint has', async () => {
    const { violations, worker } = setUp();
    const reader = await worker().source.open(undefined, services);
    await reader.acknowledge?.(4);
    expect(violations).to.deep.equal(['ends: test/in was told that 4 is done, which no checkpoint has']);
  });
});

describe('CommittedLog', () => {
  it('finds an entry that was written over another', () => {
    const { violations, log } = setUp();
    log.wrote(entryName(3), encodeEntry(checkpointAt(3)));
    expect(violations).to.deep.equal([`log: ${entryName(3)} was written over`]);
  });

  it('lets an entry be written where one was deleted', () => {
    const { violations, log } = setUp();
    log.deleted(entryName(2));
    log.wrote(entryName(2), encodeEntry(checkpointAt(2)));
    expect(violations).to.deep.equal([]);
  });
});
