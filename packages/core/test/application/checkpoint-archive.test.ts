import { expect } from 'chai';
import { Application } from '../../src/application/application.js';
import { goBackTo } from '../../src/application/go-back-to.js';
import type { RunningApplication } from '../../src/application/running-application.js';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { CheckpointArchive, type CheckpointChoice } from '../../src/checkpoint/checkpoint-archive.js';
import { MemoryMembership } from '../../src/cluster/memory-membership.js';
import { MemoryNetwork, MemoryTransport } from '../../src/cluster/memory-transport.js';
import { toJson } from '../../src/io/json.js';
import { silentLogger } from '../../src/ports/logger.js';
import type { Context } from '../../src/sdk/context.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import type { StatefulFunctionModule } from '../../src/sdk/module.js';
import { Persisted } from '../../src/sdk/persisted.js';
import { PersistedList } from '../../src/sdk/persisted-list.js';
import { PersistedMap } from '../../src/sdk/persisted-map.js';
import { PersistedValue } from '../../src/sdk/persisted-value.js';
import { Serializable } from '../../src/sdk/serializable.js';
import { StatefulFunction } from '../../src/sdk/stateful-function.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { rejection } from '../checkpoint/coded.js';

@Serializable('archive/point')
class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
  get length(): number {
    return Math.hypot(this.x, this.y);
  }
}

type Deed = 'visit' | 'clear' | 'forget' | { readonly trip: string };
const Guest = FunctionType.of<Deed>('archive/guest');
const Other = FunctionType.of<Deed>('archive/other');

@StatefulFunction(Guest)
class GuestFn implements StatefulFunction<Deed> {
  @Persisted() visits = 0;
  @Persisted({ name: 'at' }) position: Point | undefined;
  @Persisted({ ttl: '1h' }) greeted = false;
  @Persisted() readonly name = PersistedValue.of<string>();
  @Persisted() readonly seen = PersistedMap.of<string, bigint>({ ttl: '1m' });
  @Persisted() readonly trips = PersistedList.of<{ to: string }>();

  invoke(ctx: Context, deed: Deed): void {
    this.visits += 1;
    this.position = new Point(this.visits, 4);
    if (deed === 'forget') ctx.forget();
    else if (deed === 'clear') {
      this.seen.clear();
      this.trips.clear();
    } else if (deed === 'visit') this.seen.set(`visit ${this.visits}`, BigInt(this.visits));
    else {
      this.greeted = true;
      this.trips.append({ to: deed.trip });
    }
  }
}

@StatefulFunction(Other)
class OtherFn implements StatefulFunction<Deed> {
  @Persisted() count = 0;
  invoke(): void {
    this.count += 1;
  }
}

const module: StatefulFunctionModule = { configure: (_config, binder) => binder.bindFunctions(GuestFn, OtherFn) };

/** So much that its checkpoint has a blob, since a manifest holds no part that large. */
const far = 'x'.repeat(40_000);

type GuestState = Record<'visits' | 'at' | 'name' | 'greeted' | 'seen' | 'trips', unknown>;

describe('CheckpointArchive', () => {
  let platform: VirtualPlatform;
  let store: MemoryBlobStore;
  let archive: CheckpointArchive;
  let app: RunningApplication;

  const start = () =>
    platform.run(
      Application.from(module).start({
        platform,
        logger: silentLogger,
        handleSignals: false,
        maxParallelism: 8,
        checkpoints: { store, interval: '1h', keep: 3 },
      }),
    );

  beforeEach(async () => {
    platform = new VirtualPlatform({ startMs: Date.UTC(2026, 0, 1) });
    store = new MemoryBlobStore();
    archive = new CheckpointArchive(store);
    app = await start();
  });

  afterEach(() => platform.run(app.stop()));

  async function tell(id: string, ...deeds: Deed[]): Promise<void> {
    for (const deed of deeds) await platform.run(app.client.send(Guest.at(id), deed));
  }

  /** State by address, then by field. */
  async function read(pattern: string, choice?: CheckpointChoice): Promise<Record<string, GuestState>> {
    const found: Record<string, GuestState> = {};
    for await (const { type, id, fields } of archive.state(pattern, choice)) {
      found[`${type}/${id}`] = Object.fromEntries(
        fields.map(({ name, value }) => [name, value]),
      ) as unknown as GuestState;
    }
    return found;
  }

  async function damage(choice?: CheckpointChoice): Promise<string[]> {
    const found: string[] = [];
    for await (const { code, blob, offset } of archive.damage(choice)) found.push(`${code} ${blob} ${offset}`);
    return found;
  }

  async function flip(blob: string, offset: number): Promise<void> {
    const bytes = (await store.get(blob)) as Uint8Array;
    bytes[offset] = (bytes[offset] as number) ^ 0x41;
    await store.delete(blob);
    await store.put(blob, bytes);
  }

  it('shows the fields of an address, with maps and lists, without its class', async () => {
    await tell('ada', 'visit', { trip: 'Rome' }, { trip: 'Oslo' }, 'visit');
    const state = (await read('archive/guest/ada'))['archive/guest/ada'] as GuestState;
    expect(Object.keys(state)).to.deep.equal(['visits', 'at', 'greeted', 'name', 'seen', 'trips']);
    expect(state.visits).to.equal(4);
    expect(state.name).to.equal(undefined);
    expect(state.greeted).to.equal(true);
    expect(state.seen).to.deep.equal(
      new Map([
        ['visit 1', 1n],
        ['visit 4', 4n],
      ]),
    );
    expect(state.trips).to.deep.equal([{ to: 'Rome' }, { to: 'Oslo' }]);
    const position = state.at as object;
    expect(position).not.to.be.instanceOf(Point);
    expect({ ...position }).to.deep.equal({ x: 4, y: 4 });
    expect(String(position)).to.equal('[object archive/point]');
    expect(toJson(position)).to.equal('{"x":4,"y":4}');
  });

  it('tells when a field was written whose life is limited', async () => {
    await tell('ada', 'visit', { trip: 'Rome' });
    for await (const { fields } of archive.state('archive/guest/*')) {
      expect(fields.filter(({ writtenMs }) => writtenMs !== undefined).map(({ name }) => name)).to.deep.equal([
        'greeted',
      ]);
      expect(fields.find(({ name }) => name === 'greeted')?.writtenMs).to.be.at.least(Date.UTC(2026, 0, 1));
    }
  });

  it('leaves out what was cleared, forgotten, or has expired', async () => {
    await tell('cleared', 'visit', { trip: 'Rome' }, 'clear', 'visit');
    await tell('forgotten', 'visit', { trip: 'Rome' }, 'forget');
    await tell('expiring', 'visit');
    await platform.advance(61_000);
    await tell('expiring', 'visit');
    const state = await read('archive/guest/*');
    expect(Object.keys(state).sort()).to.deep.equal(['archive/guest/cleared', 'archive/guest/expiring']);
    expect(state['archive/guest/cleared']).to.deep.include({ seen: new Map(), trips: [] });
    expect(state['archive/guest/expiring']).to.deep.include({ seen: new Map([['visit 2', 2n]]) });
  });

  it('finds addresses by pattern, whatever their ids hold', async () => {
    const ids = ['a', 'a/b', '*', ' ', '😀', '__proto__', '\u0000', 'x'.repeat(5_000)];
    for (const id of ids) await tell(id, 'visit');
    await platform.run(app.client.send(Other.at('a'), 'visit'));
    expect(Object.keys(await read('*/*/*'))).to.have.length(ids.length + 1);
    expect(Object.keys(await read('archive/guest/*')).sort()).to.deep.equal(
      ids.map((id) => `archive/guest/${id}`).sort(),
    );
    expect(Object.keys(await read('archive/*/a'))).to.have.members(['archive/guest/a', 'archive/other/a']);
    expect(Object.keys(await read('archive/guest/\\*'))).to.deep.equal(['archive/guest/*']);
    expect(await read('archive/nobody/*')).to.deep.equal({});
  });

  it('reads the checkpoint or savepoint that is asked for', async () => {
    await tell('ada', 'visit');
    await platform.run(app.savepoint('early'));
    const { checkpoint } = await archive.details();
    await tell('ada', 'visit');
    const visits = async (choice?: CheckpointChoice) =>
      (await read('archive/guest/ada', choice))['archive/guest/ada']?.visits;
    expect(await visits()).to.equal(2);
    expect(await visits(checkpoint)).to.equal(1);
    expect(await visits({ savepoint: 'early' })).to.equal(1);
    expect((await rejection('SF_UNKNOWN_CHECKPOINT', read('*/*/*', 99))).message).to.contain(`${checkpoint}`);
    await rejection('SF_UNKNOWN_SAVEPOINT', read('*/*/*', { savepoint: 'late' }));
    await rejection('SF_UNKNOWN_CHECKPOINT', new CheckpointArchive(new MemoryBlobStore()).details());
  });

  it('lists checkpoints, oldest first, then savepoints', async () => {
    await tell('ada', 'visit', 'visit');
    await platform.run(app.savepoint('kept'));
    const list = await archive.list();
    expect(list.map(({ savepoint }) => savepoint)).to.deep.equal([...list.slice(1).map(() => undefined), 'kept']);
    const numbers = list.slice(0, -1).map(({ checkpoint }) => checkpoint);
    expect(numbers).to.deep.equal([...numbers].sort((a, b) => a - b));
    const newest = await archive.details();
    expect(newest).to.deep.include(list.at(-2));
    expect(newest.epoch).to.equal(1);
    expect(newest.bytes).to.equal(
      newest.segmentRefs.reduce((sum, { length }) => sum + length, 0) +
        newest.parts.reduce((sum, { length }) => sum + length, 0),
    );
    expect(newest.settings.maxParallelism).to.equal(8);
  });

  it('finds no damage where there is none, also after a restart', async () => {
    await tell('ada', 'visit', 'visit');
    await platform.run(app.savepoint('kept'));
    await platform.run(app.stop());
    app = await start();
    await tell('ada', 'visit');
    expect(await damage()).to.deep.equal([]);
  });

  it('tells all damage, with the blob and where in it', async () => {
    await tell('ada', { trip: far });
    await platform.run(app.savepoint('kept'));
    const old = await archive.details({ savepoint: 'kept' });
    await tell('bob', { trip: far }, 'visit');
    const newest = await archive.details();
    const [segment] = newest.segmentRefs;
    const [oldSegment] = old.segmentRefs;
    expect(segment?.blob).not.to.equal(oldSegment?.blob);
    await flip(segment?.blob as string, 5);
    await store.delete(oldSegment?.blob as string);
    await flip('savepoints/kept', 40);
    await flip('log/0000000000000001', 20);
    const expected = [
      'SF_DAMAGED log/0000000000000001 0',
      'SF_DAMAGED savepoints/kept 0',
      `SF_DAMAGED ${segment?.blob} 0`,
      `SF_MISSING_BLOB ${oldSegment?.blob} 0`,
    ];
    expect(await damage()).to.have.members(expected);
    expect(await damage(newest.checkpoint)).to.have.members(expected.slice(2));
  });

  it('finds damage to any byte', async () => {
    await tell('ada', 'visit', { trip: 'Rome' });
    await platform.run(app.savepoint('kept'));
    const unnoticed: string[] = [];
    let bytes = 0;
    for (const blob of await store.list('')) {
      const { length } = (await store.get(blob)) as Uint8Array;
      bytes += length;
      for (let offset = 0; offset < length; offset += 1) {
        await flip(blob, offset);
        if (!(await damage()).some((line) => line.includes(` ${blob} `))) unnoticed.push(`${blob} ${offset}`);
        await flip(blob, offset);
      }
    }
    expect(bytes).to.be.greaterThan(1_000);
    expect(unnoticed).to.deep.equal([]);
  });

  it('goes on behind a damaged block', async () => {
    // All in one checkpoint, so that there is a segment of many blocks.
    const trips = Array.from({ length: 40 }, (_, number) => `${number} ${'x'.repeat(4_000)}`);
    await platform.run(Promise.all(trips.map((trip) => app.client.send(Guest.at('ada'), { trip }))));
    const { segmentRefs } = await archive.details();
    const large = segmentRefs.find(({ length }) => length > 100_000);
    await flip(large?.blob as string, 100);
    await flip(large?.blob as string, 80_000);
    const found = await damage((await archive.details()).checkpoint);
    expect(found).to.have.length(2);
    for (const line of found) expect(line).to.match(new RegExp(`^SF_DAMAGED ${large?.blob} \\d+$`));
  });

  /** Has all checkpoints deleted, as a running application does in this order, when somebody asks for a blob of the newest. */
  async function deleteWhenRead(): Promise<() => void> {
    const get = store.get.bind(store);
    const blob = (await archive.details()).segmentRefs[0]?.blob as string;
    store.get = async (name, range) => {
      if (name === blob) {
        for (const { index } of await archive.list()) await store.delete(`log/${String(index).padStart(16, '0')}`);
        await store.delete(blob);
      }
      return get(name, range);
    };
    return () => {
      store.get = get;
    };
  }

  it('tells that a checkpoint was deleted while it was read', async () => {
    await tell('ada', { trip: far });
    const { checkpoint } = await archive.details();
    const restore = await deleteWhenRead();
    const error = await rejection('SF_UNKNOWN_CHECKPOINT', read('archive/guest/*', checkpoint));
    expect(error.message).to.contain('deleted while it was read');
    restore();
  });

  it('does not miss what was deleted along with its checkpoint, nor call that undamaged', async () => {
    await tell('ada', { trip: far });
    const { checkpoint } = await archive.details();
    const restore = await deleteWhenRead();
    await rejection('SF_UNKNOWN_CHECKPOINT', damage(checkpoint));
    restore();
    await tell('ada', { trip: far });
    const restoreAgain = await deleteWhenRead();
    expect((await damage()).filter((line) => line.startsWith('SF_MISSING_BLOB'))).to.deep.equal([]);
    restoreAgain();
  });
});

describe('goBackTo', () => {
  it('makes the nodes of a cluster go on from a savepoint', async () => {
    const platform = new VirtualPlatform();
    const store = new MemoryBlobStore();
    const network = new MemoryNetwork();
    const membership = new MemoryMembership();
    const node = () =>
      platform.run(
        Application.from(module).start({
          platform,
          cluster: { transport: new MemoryTransport(platform.scheduler, network), membership },
          checkpoints: { store, interval: 200 },
          logger: silentLogger,
          handleSignals: false,
        }),
      );
    const archive = new CheckpointArchive(store);
    const visitsOf = async (id: string) => {
      for await (const { fields } of archive.state(`archive/guest/${id}`)) return fields[0]?.value;
      return undefined;
    };
    let app = await node();
    await platform.run(app.client.send(Guest.at('ada'), 'visit'));
    await platform.run(app.savepoint('early'));
    await platform.run(app.client.send(Guest.at('ada'), 'visit'));
    const { logId } = await archive.details();
    await platform.run(app.stop());
    expect(await visitsOf('ada')).to.equal(2);

    const went = await platform.run(goBackTo(store, 'early', platform));
    expect(await visitsOf('ada')).to.equal(1);
    expect((await archive.details()).savepoint).to.equal('early');
    app = await node();
    await platform.run(app.client.send(Guest.at('ada'), { trip: 'Rome' }));
    expect(await visitsOf('ada')).to.equal(2);
    const after = await archive.details();
    expect(after.epoch).to.be.greaterThan(went.epoch);
    expect(after.logId).not.to.equal(logId);
    await platform.run(app.stop());
    await rejection('SF_UNKNOWN_SAVEPOINT', goBackTo(store, 'late', platform));
  });

  it('has nodes that run after all go on from the savepoint as well', async () => {
    const platform = new VirtualPlatform();
    const store = new MemoryBlobStore();
    const cluster = {
      transport: new MemoryTransport(platform.scheduler, new MemoryNetwork()),
      membership: new MemoryMembership(),
    };
    const app = await platform.run(
      Application.from(module).start({
        platform,
        cluster,
        checkpoints: { store, interval: 200 },
        logger: silentLogger,
        handleSignals: false,
      }),
    );
    const archive = new CheckpointArchive(store);
    const visits = async () => {
      for await (const { fields } of archive.state('archive/guest/ada')) return fields[0]?.value;
      return undefined;
    };
    await platform.run(app.client.send(Guest.at('ada'), 'visit'));
    await platform.run(app.savepoint('early'));
    await platform.run(app.client.send(Guest.at('ada'), 'visit'));
    await platform.run(goBackTo(store, 'early', platform));
    // The node learns of it at its next checkpoint, and does the same work again in the epoch after.
    await platform.run(app.client.send(Guest.at('ada'), 'visit'));
    expect(await visits()).to.equal(2);
    await platform.run(app.stop());
  });
});
