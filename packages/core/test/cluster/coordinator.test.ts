import { expect } from 'chai';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { blobsOf, type CheckpointEntry } from '../../src/checkpoint/manifest.js';
import { listEntries, readEntry } from '../../src/checkpoint/manifest-log.js';
import type { EpochPlan } from '../../src/cluster/directive.js';
import type { Participant } from '../../src/cluster/participant.js';
import type { Report } from '../../src/cluster/report.js';
import { MemorySource } from '../../src/io/memory-source.js';
import type { BlobBody } from '../../src/ports/blob-store.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Ingress } from '../../src/sdk/ingress.js';
import type { StatefulFunctionModule } from '../../src/sdk/module.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { SeveralParticipants } from './several-participants.js';

const Tally = FunctionType.of<number>('test/tally');
const numbers = Ingress.of<number>('test/numbers');
const TallyFn = defineFunction(Tally, {
  state: () => ({ sum: 0 }),
  invoke(_ctx, weight) {
    this.sum += weight;
  },
});

function tallying(source: MemorySource<number>): StatefulFunctionModule {
  return {
    configure(_config, binder) {
      binder.bindIngress(numbers, source);
      binder.bindFunctions(TallyFn);
      binder.bindRouter(numbers, (number, to) => to.forward(Tally.at(`tally-${number % 50}`), number));
    },
  };
}

/** A store whose client tries each put of a part twice, and passes on the second answer. */
class EagerStore extends MemoryBlobStore {
  twice = 0;

  override async put(name: string, body: BlobBody): Promise<boolean> {
    const isNew = await super.put(name, body);
    if (!isNew || !name.startsWith('parts/')) return isNew;
    this.twice += 1;
    return false;
  }
}

/** A store that does not answer when it is to delete something, until it is told to go on. */
class UndeletingStore extends MemoryBlobStore {
  deleting = 0;
  goOn: () => void = () => {};

  override delete(_name: string): Promise<void> {
    this.deleting += 1;
    return new Promise((resolve) => {
      const { goOn } = this;
      this.goOn = () => {
        goOn();
        resolve();
      };
    });
  }
}

describe('Coordinator', () => {
  it('commits parts that the client of their store put twice', async () => {
    const platform = new VirtualPlatform();
    const store = new EagerStore();
    const source = new MemorySource<number>();
    const several = new SeveralParticipants({ platform, module: tallying(source), workers: 2, store, inlineBytes: 0 });
    await platform.run(several.start());
    source.push(1, 2, 3);
    await platform.advance(3_000);
    expect(store.twice).to.be.greaterThan(0);
    expect(several.coordinator.status.committed).to.be.greaterThan(0);
    expect(several.failures).to.deep.equal([]);
    await platform.run(several.stop());
  });

  it('begins another epoch while what the one before has no need of is still being deleted', async () => {
    const platform = new VirtualPlatform();
    const source = new MemorySource<number>();
    const store = new UndeletingStore();
    const several = new SeveralParticipants({ platform, module: tallying(source), workers: 3, store });
    await platform.run(several.start());
    for (let round = 0; store.deleting === 0; round += 1) {
      source.push(round);
      await platform.advance(1_000);
    }
    // Meanwhile others are committed, of which the one that deletes knows nothing.
    for (let round = 0; round < 3; round += 1) {
      source.push(round);
      await platform.advance(1_000);
    }
    const epoch = several.coordinator.plan?.epoch as number;
    await platform.run((several.participants[2] as Participant).stop());
    await platform.advance(1_000);
    expect(several.coordinator.plan?.epoch).to.equal(epoch + 1);
    expect(several.coordinator.isRunning).to.equal(true);
    store.delete = MemoryBlobStore.prototype.delete;
    store.goOn();
    await platform.advance(10);
    const entries = await Promise.all((await listEntries(store)).map((index) => readEntry(store, index)));
    const newest = entries.filter((entry) => entry?.kind === 'checkpoint').at(-1) as CheckpointEntry;
    expect(await store.list('parts/')).to.include.members([...blobsOf(newest)]);
    await platform.run(several.stop());
    expect(several.failures).to.deep.equal([]);
  });

  it('finds out once that nothing is left to do, and takes no further checkpoints', async () => {
    const platform = new VirtualPlatform();
    const source = new MemorySource<number>();
    const several = new SeveralParticipants({ platform, module: tallying(source), workers: 3 });
    await platform.run(several.start());
    source.push(...Array.from({ length: 500 }, (_, number) => number));
    source.end();
    await platform.advance(10_000);
    expect(several.drained).to.be.greaterThan(0);
    const { committed, checkpoint } = several.coordinator.status;
    await platform.advance(600_000);
    expect(several.coordinator.status).to.include({ committed, checkpoint });
    await platform.run(several.stop());
  });

  it('begins an epoch when somebody is there again, after all have left while one began', async () => {
    const platform = new VirtualPlatform();
    const source = new MemorySource<number>();
    const several = new SeveralParticipants({ platform, module: tallying(source), workers: 1 });
    const { coordinator } = several;
    const [participant] = several.participants;
    await platform.run(several.start());
    const [report] = coordinator.reports;
    if (report === undefined || participant === undefined) throw new Error('nobody is there');
    // It starts again, which ends the epoch, and is gone before the next has begun.
    coordinator.hear({ ...report, incarnation: 'e'.repeat(16), number: 1, epoch: 0, state: 'waiting' });
    coordinator.hear({ ...report, incarnation: 'e'.repeat(16), number: 2, epoch: 0, state: 'stopped' });
    await platform.settle();
    expect(coordinator.state).to.equal('gathering');
    expect(several.failures).to.deep.equal([]);
    participant.start();
    await platform.run(coordinator.whenRunning());
    expect(coordinator.plan?.workers).to.have.length(1);
    await platform.run(several.stop());
  });

  it('has the application come to its end when everybody leaves, and begins again with whoever comes', async () => {
    const platform = new VirtualPlatform();
    const source = new MemorySource<number>();
    const several = new SeveralParticipants({ platform, module: tallying(source), workers: 2 });
    const { coordinator, participants } = several;
    await platform.run(several.start());
    source.push(1, 2, 3);
    await platform.advance(1);
    const [first, second] = participants as [Participant, Participant];
    first.leave();
    second.leave();
    await platform.advance(100);
    expect(participants.map(({ isReleased }) => isReleased)).to.deep.equal([true, true]);
    expect(sumOf(participants.map(({ status }) => status.invocations))).to.equal(3);
    expect(coordinator.status.committed).to.be.greaterThan(0);

    // They go, one after the other, and nobody is dealt the work of the first.
    const epoch = coordinator.plan?.epoch;
    await platform.run(first.stop());
    await platform.advance(100);
    expect(coordinator.plan?.epoch).to.equal(epoch);
    expect(coordinator.reports).to.have.length(1);

    const [report] = coordinator.reports as [Report];
    coordinator.hear({ ...report, endpoint: 'late', incarnation: 'f'.repeat(16), epoch: 0, isLeaving: false });
    await platform.advance(100);
    expect(coordinator.plan?.workers.map(({ endpoint }) => endpoint)).to.deep.equal(['late']);
    expect(several.failures).to.deep.equal([]);
    await platform.run(several.stop());
  });

  it('goes on with whoever stays, and has those that leave go', async () => {
    const platform = new VirtualPlatform();
    const source = new MemorySource<number>();
    const several = new SeveralParticipants({ platform, module: tallying(source), workers: 2 });
    const { coordinator, participants } = several;
    const [leaver, stayer] = participants as [Participant, Participant];
    await platform.run(several.start());
    source.push(1, 2, 3);
    leaver.leave();
    await platform.advance(100);
    expect(leaver.isReleased).to.equal(true);
    expect(coordinator.plan?.workers.map(({ endpoint }) => endpoint)).to.deep.equal(['worker-1']);
    const { epoch } = coordinator.plan as EpochPlan;
    await platform.run(leaver.stop());
    source.push(4, 5);
    await platform.advance(3_000);
    expect(coordinator.plan?.epoch).to.equal(epoch);
    expect(stayer.status.events).to.equal(5);
    expect(several.failures).to.deep.equal([]);
    await platform.run(several.stop());
  });

  it('is obeyed at once by a participant that it had lost and hears again', async () => {
    const platform = new VirtualPlatform();
    const source = new MemorySource<number>();
    const several = new SeveralParticipants({ platform, module: tallying(source), workers: 2 });
    const { coordinator, deaf } = several;
    const [paused] = several.participants as [Participant, Participant];
    await platform.run(several.start());
    for (let round = 0; round < 20; round += 1) {
      source.push(round);
      await platform.advance(1_000);
    }
    deaf.add(paused.endpoint);
    const report = coordinator.reports.find(({ endpoint }) => endpoint === paused.endpoint) as Report;
    coordinator.hear({ ...report, number: report.number + 1, state: 'stopped' });
    await platform.advance(100);
    deaf.clear();
    paused.start();
    await platform.advance(100);
    const { epoch } = coordinator.plan as EpochPlan;
    expect(paused.current?.plan.epoch).to.equal(epoch);
    expect(several.failures).to.deep.equal([]);
    await platform.run(several.stop());
  });

  it('has everybody leave that is dismissed', async () => {
    const platform = new VirtualPlatform();
    const several = new SeveralParticipants({ platform, module: tallying(new MemorySource<number>()), workers: 2 });
    await platform.run(several.start());
    several.coordinator.dismiss();
    await platform.advance(100);
    expect(several.participants.map(({ isReleased }) => isReleased)).to.deep.equal([true, true]);
    await platform.run(several.stop());
  });
});

function sumOf(figures: readonly number[]): number {
  return figures.reduce((a, b) => a + b);
}
