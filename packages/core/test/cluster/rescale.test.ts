import { expect } from 'chai';
import { Bindings } from '../../src/application/bindings.js';
import { Client, gatewayOf } from '../../src/application/client.js';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { Assignment } from '../../src/cluster/assignment.js';
import type { Directive, EpochPlan } from '../../src/cluster/directive.js';
import type { Participant } from '../../src/cluster/participant.js';
import type { Report } from '../../src/cluster/report.js';
import { MemorySource } from '../../src/io/memory-source.js';
import type { BlobBody } from '../../src/ports/blob-store.js';
import { query, send } from '../../src/sdk/contract.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Ingress } from '../../src/sdk/ingress.js';
import type { StatefulFunctionModule } from '../../src/sdk/module.js';
import { PersistedList } from '../../src/sdk/persisted-list.js';
import { PersistedMap } from '../../src/sdk/persisted-map.js';
import { KeyGroupRanges } from '../../src/state/key-group-ranges.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { SeveralParticipants } from './several-participants.js';

const Tally = FunctionType.contract('test/tally', { add: send<number>(), seen: query<void, readonly number[]>() });
const numbers = Ingress.of<number>('test/numbers');
const ids = Array.from({ length: 60 }, (_, number) => `tally-${number}`);

/** What the handlers of a test do and have done. */
class Conduct {
  /** How often a handler began, and how often one took its number in. */
  begun = 0;
  handled = 0;
  /** Called before a number is taken in. */
  onAdd: (number: number) => void | Promise<void> = () => {};
}

function tallying(conduct: Conduct, source: MemorySource<number>): StatefulFunctionModule {
  const TallyFn = defineFunction(Tally, {
    state: () => ({ sum: 0, counts: PersistedMap.of<string, number>(), numbers: PersistedList.of<number>() }),
    handlers: {
      add(_ctx, number) {
        conduct.begun += 1;
        const take = () => {
          this.sum += number;
          this.counts.set('adds', (this.counts.get('adds') ?? 0) + 1);
          this.numbers.append(number);
          conduct.handled += 1;
        };
        const held = conduct.onAdd(number);
        if (held === undefined) take();
        else return held.then(take);
      },
      seen() {
        return [this.sum, this.counts.get('adds') ?? 0, ...this.numbers.view()];
      },
    },
  });
  return {
    configure(_config, binder) {
      binder.bindIngress(numbers, source);
      binder.bindFunctions(TallyFn);
      binder.bindRouter(numbers, (number, to) => {
        to.to(Tally.at(ids[number % ids.length] as string)).add(number);
      });
    },
  };
}

/** A store far away. */
class SlowStore extends MemoryBlobStore {
  readonly #platform: VirtualPlatform;
  /** Called when something is put. */
  onPut: (name: string) => void = () => {};

  constructor(platform: VirtualPlatform) {
    super();
    this.#platform = platform;
  }

  override async put(name: string, body: BlobBody): Promise<boolean> {
    this.onPut(name);
    await new Promise<void>((resolve) => void this.#platform.scheduler.after(25, resolve));
    return super.put(name, body);
  }
}

describe('Rescaling', () => {
  let platform: VirtualPlatform;
  let store: SlowStore;
  let conduct: Conduct;
  let source: MemorySource<number>;
  let module: StatefulFunctionModule;
  let several: SeveralParticipants;

  beforeEach(() => {
    platform = new VirtualPlatform();
    store = new SlowStore(platform);
    conduct = new Conduct();
    source = new MemorySource<number>();
    module = tallying(conduct, source);
  });

  afterEach(async () => {
    expect(several.failures).to.deep.equal([]);
    await platform.run(several.stop());
  });

  async function start(workers: number): Promise<readonly Participant[]> {
    several = new SeveralParticipants({ platform, module, workers, store });
    await platform.run(several.start());
    return several.participants;
  }

  function clientOf(participant: Participant): Client {
    const bindings = Bindings.of([module], new Map());
    const client = new Client(gatewayOf(participant, bindings), platform);
    participant.onReply = (target, reply) => client.receive(target, reply);
    return client;
  }

  function rangesOf({ endpoint }: Participant): KeyGroupRanges {
    const { assignment } = several.coordinator.plan as EpochPlan;
    const share = Assignment.from(assignment).workers.find(({ name }) => name === endpoint);
    return share?.ranges ?? KeyGroupRanges.none;
  }

  const seenAt = (client: Client) => platform.run(Promise.all(ids.map((id) => client.query(Tally.at(id)).seen())));

  /** What every address must have seen once all numbers up to this one are in. */
  const seenBelow = (count: number) =>
    ids.map((_, id) => {
      const own = Array.from({ length: count }, (_, number) => number).filter((number) => number % ids.length === id);
      return [own.reduce((a, b) => a + b, 0), own.length, ...own];
    });

  it('does no work twice, and loses none, while workers come and go under load', async () => {
    const participants = await start(3);
    const [stays, leaves] = participants as [Participant, Participant];
    const client = clientOf(stays);
    let next = 0;
    const feed = async (ms: number) => {
      for (const untilMs = platform.clock.monotonic() + ms; platform.clock.monotonic() < untilMs; ) {
        source.push(next, next + 1, next + 2);
        next += 3;
        await platform.advance(1);
      }
    };
    await feed(100);
    leaves.leave();
    await feed(600);
    expect(leaves.isReleased).to.equal(true);
    expect(several.coordinator.plan?.workers).to.have.length(2);
    await platform.advance(100);
    expect(conduct.handled).to.equal(next);
    expect(await seenAt(client)).to.deep.equal(seenBelow(next));
  });

  it('keeps in memory what stays with a worker', async () => {
    const [stays, leaves] = (await start(2)) as [Participant, Participant];
    source.push(...ids.keys());
    await platform.advance(2_000);
    const before = stays.status.addresses;
    const { epoch } = several.coordinator.plan as EpochPlan;
    leaves.leave();
    await platform.advance(1_000);
    expect(several.coordinator.plan?.epoch).to.equal(epoch + 1);
    expect(before).to.be.within(10, 50);
    expect(stays.status.addresses).to.equal(before);
    expect(await seenAt(clientOf(stays))).to.deep.equal(seenBelow(ids.length));
    source.push(...ids.keys());
    await platform.advance(1_000);
    const [seen] = (await seenAt(clientOf(stays))).slice(7);
    expect(seen).to.deep.equal([14, 2, 7, 7]);
  });

  it('keeps nothing of a checkpoint that others have gone on from', async () => {
    const [other, paused] = (await start(2)) as [Participant, Participant];
    const { coordinator, deaf, mute } = several;
    source.push(...ids.keys());
    await platform.advance(2_000);
    const had = rangesOf(paused);
    // It is paused and taken for gone, others do its work, and it comes back with all its memory.
    deaf.add(paused.endpoint);
    mute.add(paused.endpoint);
    const report = coordinator.reports.find(({ endpoint }) => endpoint === paused.endpoint) as Report;
    coordinator.hear({ ...report, number: report.number + 1, state: 'stopped' });
    await platform.run(coordinator.whenRunning());
    source.push(...Array.from({ length: ids.length }, (_, number) => number + ids.length));
    await platform.advance(2_000);
    expect(coordinator.plan?.workers).to.have.length(1);
    const { epoch } = coordinator.plan as EpochPlan;
    store.onPut = () => {
      if (coordinator.state === 'beginning') deaf.clear();
    };
    mute.clear();
    paused.start();
    await platform.advance(2_000);
    expect(paused.current?.plan.epoch).to.equal(epoch + 1);
    expect(rangesOf(paused).overlaps(had)).to.equal(true);
    expect(await seenAt(clientOf(other))).to.deep.equal(seenBelow(2 * ids.length));
  });

  it('keeps nothing that has changed since the checkpoint, when a worker is lost', async () => {
    const [stays, lost] = (await start(2)) as [Participant, Participant];
    source.push(...ids.keys());
    await platform.advance(2_000);
    source.push(...Array.from({ length: ids.length }, (_, number) => number + ids.length));
    await platform.advance(1);
    expect(conduct.handled).to.equal(2 * ids.length);
    await platform.run(lost.stop());
    await platform.advance(2_000);
    expect(conduct.handled).to.be.greaterThan(2 * ids.length);
    expect(await seenAt(clientOf(stays))).to.deep.equal(seenBelow(2 * ids.length));
  });

  it('has a message handled again whose handler runs at the cut', async () => {
    const [stays, leaves] = (await start(2)) as [Participant, Participant];
    const ends: (() => void)[] = [];
    conduct.onAdd = () => new Promise((resolve) => ends.push(resolve));
    source.push(...ids.keys());
    await platform.advance(1);
    leaves.leave();
    await platform.advance(1_000);
    expect(leaves.isReleased).to.equal(true);
    expect(ends).to.have.length(2 * ids.length);
    for (const end of ends) end();
    expect(await seenAt(clientOf(stays))).to.deep.equal(seenBelow(ids.length));
  });

  describe('A worker that pauses', () => {
    let participant: Participant;
    let directives = 1_000;

    /** Has it obey, in place of a coordinator that it does not hear any more. */
    function direct(wanted: Pick<Directive, 'checkpoint' | 'pausesAt' | 'settled'>): void {
      several.deaf.add(participant.endpoint);
      directives += 1;
      participant.obey({
        coordinator: 'c'.repeat(16),
        number: directives,
        answers: 0,
        plan: several.coordinator.plan,
        committed: undefined,
        inlined: undefined,
        inlineBytes: 0,
        isCrowded: false,
        phase: 'run',
        verdict: undefined,
        applicationTimeMs: 0,
        ...wanted,
      });
    }

    const pause = () => direct({ checkpoint: 100, pausesAt: 100, settled: 0 });
    const giveUp = () => direct({ checkpoint: undefined, pausesAt: undefined, settled: 100 });

    beforeEach(async () => {
      [participant] = (await start(1)) as [Participant];
    });

    it('takes nothing up, and goes on where it was when the checkpoint comes to nothing', async () => {
      pause();
      expect(participant.current?.lastCut).to.equal(100);
      void clientOf(participant).to(Tally.at('tally-1')).add(5);
      source.push(...ids.keys());
      await platform.advance(10_000);
      expect(conduct.handled).to.equal(0);
      giveUp();
      await platform.advance(10);
      expect(conduct.handled).to.equal(ids.length + 1);
    });

    it('does not pause before it has cut', async () => {
      direct({ checkpoint: undefined, pausesAt: 100, settled: 0 });
      source.push(...ids.keys());
      await platform.advance(10);
      expect(conduct.handled).to.equal(ids.length);
    });

    it('lets retries wait that come due, ahead of what came after them', async () => {
      let failures = 1;
      const taken: number[] = [];
      conduct.onAdd = (number) => {
        if (failures-- > 0) throw new Error('not yet');
        taken.push(number);
      };
      source.push(0);
      await platform.advance(1);
      source.push(60, 120);
      await platform.advance(1);
      expect(conduct.begun).to.equal(1);
      pause();
      await platform.advance(10_000);
      expect(conduct.begun).to.equal(1);
      giveUp();
      await platform.advance(10);
      expect(taken).to.deep.equal([0, 60, 120]);
    });

    it('lets handlers that run come to their end', async () => {
      let end = () => {};
      conduct.onAdd = () => new Promise((resolve) => (end = resolve));
      source.push(0, 60);
      await platform.advance(1);
      pause();
      end();
      await platform.advance(1_000);
      expect(conduct.begun).to.equal(1);
      giveUp();
      await platform.advance(10);
      expect(conduct.begun).to.equal(2);
      end();
      await platform.advance(10);
    });
  });
});
