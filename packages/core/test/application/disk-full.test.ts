import { expect } from 'chai';
import { Application } from '../../src/application/application.js';
import { MemorySink } from '../../src/io/memory-sink.js';
import { MemorySource } from '../../src/io/memory-source.js';
import { SimulatedDisk } from '../../src/testing/simulated-disk.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { rejection } from '../checkpoint/coded.js';
import { codesLogged, sumsOf, Tally, tallyModule, type Vote } from './tally.js';

describe('An application whose disk is full', () => {
  let disk: SimulatedDisk;
  let platform: VirtualPlatform;
  let source: MemorySource<Vote>;
  let sink: MemorySink<string>;
  let log: ReturnType<typeof codesLogged>;

  beforeEach(() => {
    disk = new SimulatedDisk();
    platform = new VirtualPlatform({ files: disk });
    source = new MemorySource();
    sink = new MemorySink();
    log = codesLogged();
  });

  const start = (maxFailures = 10) =>
    platform.run(
      Application.from(tallyModule({ source, sink })).start({
        platform,
        logger: log.logger,
        handleSignals: false,
        checkpoints: { directory: '/state', interval: '1s', maxFailures },
      }),
    );
  const cast = Array.from({ length: 30 }, (_, n): Vote => ({ of: `v${n % 4}`, weight: n + 1 }));

  it('abandons checkpoints, says so, and goes on when there is space again', async () => {
    const app = await start();
    source.push(...cast.slice(0, 10));
    await platform.advance(3_000);
    expect(sink.values).to.have.length(10);
    disk.capacity = disk.used;
    source.push(...cast.slice(10, 20));
    await platform.advance(5_000);
    expect(app.status.checkpoint.abandoned).to.be.at.least(2);
    expect(new Set(log.codes)).to.deep.equal(new Set(['SF_STORAGE_FULL']));
    expect(sink.values, 'nothing leaves that is not durable').to.have.length(10);
    source.push(...cast.slice(20));
    disk.capacity = Number.POSITIVE_INFINITY;
    await platform.advance(60_000);
    expect([...sink.values].sort()).to.deep.equal(sumsOf(cast).sort());
    await platform.run(app.stop());
  });

  it('ends with SF_CHECKPOINTS_FAIL when that lasts, and has lost nothing at the next start', async () => {
    const app = await start(3);
    source.push(...cast.slice(0, 10));
    await platform.advance(3_000);
    disk.capacity = disk.used;
    source.push(...cast.slice(10));
    await platform.advance(60_000);
    const failure = await rejection('SF_CHECKPOINTS_FAIL', platform.run(app.finished));
    expect(failure.cause).to.have.property('code', 'SF_STORAGE_FULL');
    expect(app.status.checkpoint.abandoned).to.equal(3);
    expect(sink.values).to.have.length(10);
    disk.capacity = Number.POSITIVE_INFINITY;
    const again = await start();
    await platform.advance(3_000);
    expect([...sink.values].sort()).to.deep.equal(sumsOf(cast).sort());
    expect(await platform.run(again.stateOf(Tally.at('v0')))).to.deep.equal({
      sum: 1 + 5 + 9 + 13 + 17 + 21 + 25 + 29,
    });
    await platform.run(again.stop());
  });

  for (const after of [0, 1, 2, 3, 4, 5]) {
    it(`survives that write ${after} of a checkpoint finds no space`, async () => {
      const app = await start();
      source.push(...cast);
      await platform.settle();
      disk.failNext('write', 'ENOSPC', { after });
      await platform.advance(30_000);
      expect([...sink.values].sort()).to.deep.equal(sumsOf(cast).sort());
      await platform.run(app.stop());
    });
  }
});
