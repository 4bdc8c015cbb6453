import { expect } from 'chai';
import { Application } from '../../src/application/application.js';
import type { ClusterOptions, StartOptions } from '../../src/application/options.js';
import type { RunningApplication } from '../../src/application/running-application.js';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { MemoryMembership } from '../../src/cluster/memory-membership.js';
import { MemoryNetwork, MemoryTransport } from '../../src/cluster/memory-transport.js';
import { Operator } from '../../src/cluster/operator.js';
import type { ByteRange } from '../../src/ports/blob-store.js';
import { silentLogger } from '../../src/ports/logger.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { rejection } from '../checkpoint/coded.js';
import { Tally, tallies } from '../tally.js';

const ids = Array.from({ length: 40 }, (_, number) => `tally-${number}`);

/** A store that cannot be read for a while. */
class FailingStore extends MemoryBlobStore {
  isAway = false;

  override get(name: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    return this.isAway ? Promise.reject(new Error('the store is away')) : super.get(name, range);
  }
}

describe('An application on several nodes', () => {
  let platform: VirtualPlatform;
  let network: MemoryNetwork;
  let membership: MemoryMembership;
  let store: MemoryBlobStore;

  beforeEach(() => {
    platform = new VirtualPlatform();
    network = new MemoryNetwork();
    membership = new MemoryMembership();
    store = new MemoryBlobStore();
  });

  const transport = () => new MemoryTransport(platform.scheduler, network);

  function node(cluster: Partial<ClusterOptions> = {}, bound = tallies): Promise<RunningApplication> {
    return Application.from(bound).start({
      platform,
      cluster: { transport: transport(), membership, ...cluster },
      checkpoints: { store, interval: 200 },
      logger: silentLogger,
      handleSignals: false,
    });
  }

  /** So many nodes, all of which run. */
  function nodes(count: number): Promise<RunningApplication[]> {
    return platform.run(Promise.all(Array.from({ length: count }, () => node({ minWorkers: count }))));
  }

  async function addToAll(app: RunningApplication): Promise<void> {
    await platform.run(Promise.all(ids.map((id) => app.client.to(Tally.at(id)).add(1))));
  }

  async function sumsAt(app: RunningApplication): Promise<number[]> {
    return platform.run(Promise.all(ids.map((id) => app.client.query(Tally.at(id)).sum())));
  }

  const all = (sum: number) => ids.map(() => sum);

  it('shares addresses out, and lets each node reach all of them', async () => {
    const apps = await nodes(3);
    for (const app of apps) await addToAll(app);
    for (const app of apps) {
      expect(await sumsAt(app)).to.deep.equal(all(3));
      expect(app.status.addresses).to.be.within(5, 25);
    }
    await platform.run(Promise.all(apps.map((app) => app.stop())));
  });

  it('hands the work of a node that stops to the others, and that of a new one to it', async () => {
    const [first, second] = (await nodes(2)) as [RunningApplication, RunningApplication];
    await addToAll(first);
    await platform.run(first.stop());
    await first.finished;
    await addToAll(second);
    const third = await platform.run(node());
    await addToAll(third);
    expect(await sumsAt(second)).to.deep.equal(all(3));
    expect(second.status.addresses).to.be.within(10, 30);
    await platform.run(Promise.all([second.stop(), third.stop()]));
  });

  it('keeps everything while all nodes are stopped at once and started again', async () => {
    const apps = await nodes(3);
    await addToAll(apps[0] as RunningApplication);
    await platform.run(Promise.all(apps.map((app) => app.stop())));
    const [blobs] = [await store.list('')];
    await platform.advance(60_000);
    expect(await store.list('')).to.deep.equal(blobs);
    const again = await platform.run(node());
    expect(await sumsAt(again)).to.deep.equal(all(1));
    await platform.run(again.stop());
  });

  it('answers calls that are under way before a node stops, and refuses later ones', async () => {
    const apps = await nodes(2);
    for (const app of apps) {
      const sent = app.client.to(Tally.at('tally-0')).add(1);
      const stopped = app.stop();
      await rejection('SF_STOPPED', app.client.to(Tally.at('tally-0')).add(1));
      await platform.run(sent);
      await platform.run(stopped);
    }
    const again = await platform.run(node());
    expect(await platform.run(again.client.query(Tally.at('tally-0')).sum())).to.equal(2);
    await platform.run(again.stop());
  });

  it('goes on when workers fail for a while as they read what they begin with', async () => {
    const failing = new FailingStore();
    store = failing;
    const apps = await nodes(2);
    await addToAll(apps[0] as RunningApplication);
    failing.isAway = true;
    const third = node();
    await platform.advance(5_000);
    failing.isAway = false;
    apps.push(await platform.run(third));
    await platform.advance(5_000);
    for (const app of apps) expect(await sumsAt(app)).to.deep.equal(all(1));
    await platform.run(Promise.all(apps.map((app) => app.stop())));
  });

  it('takes savepoints and checkpoints from any node', async () => {
    const apps = await nodes(3);
    for (const [number, app] of apps.entries()) {
      await platform.run(app.savepoint(`point-${number}`));
      await platform.run(app.checkpoint());
    }
    await platform.run(rejection('SF_SAVEPOINT_EXISTS', (apps[1] as RunningApplication).savepoint('point-0')));
    expect((await store.list('savepoints/')).length).to.equal(3);
    await platform.run(Promise.all(apps.map((app) => app.stop())));
  });

  it('tells an operator how it does, and ends when an operator drains it', async () => {
    const apps = await nodes(3);
    await addToAll(apps[0] as RunningApplication);
    const operator = new Operator({ platform, transport: transport(), membership });
    await platform.advance(1_000);
    const status = await platform.run(operator.status());
    expect(status.workers.map(({ state }) => state)).to.deep.equal(['running', 'running', 'running']);
    expect(status.workers.reduce((sum, { keyGroups }) => sum + keyGroups, 0)).to.equal(1_024);
    expect(status.total).to.include({ addresses: ids.length, invocations: ids.length });
    expect(status.checkpoint.committed).to.be.greaterThan(0);
    await platform.run(operator.drain());
    await platform.run(Promise.all(apps.map(({ finished }) => finished)));
    await platform.run(rejection('SF_NO_COORDINATOR', operator.status(1_000)));
    await operator.close();
  });

  it('waits for as many nodes as it was told to', async () => {
    let hasStarted = false;
    const first = node({ minWorkers: 2 }).then((app) => {
      hasStarted = true;
      return app;
    });
    await platform.advance(20_000);
    expect(hasStarted).to.equal(false);
    const second = await platform.run(node({ minWorkers: 2 }));
    await platform.run(Promise.all([second.stop(), (await platform.run(first)).stop()]));
  });

  it('leaves no timer behind that would keep a process from ending', async () => {
    const [app] = (await nodes(1)) as [RunningApplication];
    await addToAll(app);
    await platform.run(app.stop());
    expect(platform.scheduler.nextDueMs).to.equal(undefined);
  });

  it('fails to start where a function is gone that has state, and says so', async () => {
    const [app] = (await nodes(1)) as [RunningApplication];
    await addToAll(app);
    await platform.run(app.stop());
    await platform.run(rejection('SF_REMOVED_FUNCTION', node({}, { configure: () => undefined })));
  });

  for (const [what, options] of Object.entries({
    'no store': { checkpoints: { directory: 'somewhere' } },
    'several workers': { workers: 2 },
    'a savepoint': { fromSavepoint: 'point' },
    'no name': { cluster: { name: '' } },
    'a name that is too long': { cluster: { name: 'n'.repeat(81) } },
    'a name that is not well-formed': { cluster: { name: 'node-\ud800' } },
  } satisfies Record<string, Omit<StartOptions, 'cluster'> & { cluster?: Partial<ClusterOptions> }>)) {
    it(`refuses ${what}`, async () => {
      const { cluster = {}, ...rest } = options as { cluster?: Partial<ClusterOptions> };
      const start = Application.from(tallies).start({
        cluster: { transport: transport(), membership, ...cluster },
        checkpoints: { store },
        handleSignals: false,
        ...rest,
      });
      await rejection('SF_INVALID_OPTION', start);
    });
  }
});
