import { expect } from 'chai';
import fc from 'fast-check';
import { LeaderLease } from '../../src/cluster/leader-lease.js';
import { MemoryMembership } from '../../src/cluster/memory-membership.js';
import { silentLogger } from '../../src/ports/logger.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { type Faults, noFaults, UnreliableNode } from './unreliable-node.js';

const leaseMs = 300;

interface Contender {
  readonly node: UnreliableNode;
  readonly lease: LeaderLease;
}

/** Several contenders for one lease in a world of faults, which looks whenever somebody is elected or loses it. */
class Election {
  readonly world: VirtualPlatform;
  readonly all: Contender[] = [];
  readonly present: Contender[] = [];
  /** What must not be, and was. */
  readonly violations: string[] = [];
  elections = 0;
  #term = 0;
  readonly #table = new MemoryMembership();
  readonly #rates: readonly number[];
  readonly #faults: Faults;

  constructor(seed: number, rates: readonly number[], faults: Faults) {
    this.world = new VirtualPlatform({ seed });
    this.#rates = rates;
    this.#faults = faults;
    for (const place of rates.keys()) this.#join(place);
  }

  /** Lets time pass, in which nodes are paused, cut off, stopped and killed. */
  async suffer(steps: number): Promise<void> {
    const { random } = this.world;
    for (let step = 0; step < steps; step += 1) {
      const place = random.below(this.present.length);
      const { node, lease } = this.present[place] as Contender;
      const what = random.below(10);
      if (what <= 2) node.pause(random.below(3 * leaseMs));
      else if (what <= 4) node.isCutOff = !node.isCutOff;
      else if (what === 5) node.pause(Number.POSITIVE_INFINITY);
      else if (what === 6) void lease.stop();
      if (what === 5 || what === 6) this.#join(place);
      await this.world.advance(random.below(leaseMs));
    }
  }

  heal(): void {
    for (const { node } of this.present) {
      node.faults = noFaults;
      node.isCutOff = false;
      node.wake();
    }
  }

  /** A new start of the process at that place, which is reached as the former one was. */
  #join(place: number): void {
    const node = new UnreliableNode(this.world, this.#rates[place]);
    node.faults = this.#faults;
    let isElected = false;
    const lease: LeaderLease = new LeaderLease({
      platform: node.platform,
      membership: node.reach(this.#table),
      logger: silentLogger,
      endpoint: `node-${place}`,
      leaseMs,
      onElected: (term) => {
        this.#expect(!isElected, 'elected while elected');
        isElected = true;
        this.#expect(lease.term === term, 'elected, and does not hold the lease');
        this.#expect(term > this.#term, `term ${term} after ${this.#term}`);
        this.#term = term;
        this.elections += 1;
        const holders = this.all.filter((each) => each.lease.term !== undefined);
        this.#expect(holders.length === 1, `held by ${holders.length} at ${this.world.clock.monotonic()} ms`);
      },
      onLost: () => {
        this.#expect(isElected, 'lost what was not held');
        this.#expect(lease.term === undefined, 'lost, and still holds the lease');
        isElected = false;
      },
    });
    const contender = { node, lease };
    this.all.push(contender);
    this.present[place] = contender;
    lease.start();
  }

  #expect(condition: boolean, violation: string): void {
    if (!condition) this.violations.push(violation);
  }
}

describe('LeaderLease among faults', () => {
  const chance = fc.constantFrom(0, 0.05, 0.3);
  const faults = fc.record({
    maxDelayMs: fc.constantFrom(0, 5, 60),
    delayed: chance,
    longDelayMs: fc.constant(3 * leaseMs),
    requestLost: chance,
    answerLost: chance,
    repeated: chance,
    stale: chance,
    hanging: fc.constantFrom(0, 0.5, 1),
  });
  const rates = fc.array(fc.constantFrom(0.96, 1, 1.04), { minLength: 2, maxLength: 4 });

  it('is never held twice at one instant, and always by one once faults end', async function () {
    this.timeout(60_000);
    let elections = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer(), rates, faults, async (seed, rates, faults) => {
        const election = new Election(seed, rates, faults);
        await election.suffer(60);
        election.heal();
        // What was under way may still arrive, and be the last write that all others wait for.
        await election.world.advance(8 * leaseMs);
        expect(election.violations).to.deep.equal([]);
        const [leader, ...others] = election.present.filter(({ lease }) => lease.term !== undefined);
        expect(leader, 'nobody leads').not.to.equal(undefined);
        expect(others).to.deep.equal([]);
        for (const { lease } of election.present) expect(lease.leader).to.deep.equal(leader?.lease.leader);
        elections += election.elections;
      }),
      { numRuns: 150 },
    );
    expect(elections, 'the runs have elections to speak of').to.be.greaterThan(500);
  });
});
