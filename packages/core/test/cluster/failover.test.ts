import { expect } from 'chai';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import type { StatefulFunctionModule } from '../../src/sdk/module.js';
import { defaultCompaction } from '../../src/state/compaction.js';
import { SimulatedCluster } from '../../src/testing/simulation/simulated-cluster.js';
import type { SimulatedNode, SimulatedSite } from '../../src/testing/simulation/simulated-node.js';
import { goodService } from '../../src/testing/simulation/simulated-service.js';

const Probe = FunctionType.of<void>('test/probe');
const leaseMs = 1_000;
const seeds = [1, 2, 3, 4];
const addresses = 40;
const machines = ['node-0', 'node-1', 'node-2'];

/** Three nodes that nothing disturbs, to whose addresses messages go all the time. */
class Nodes {
  readonly cluster: SimulatedCluster;
  epochs = 0;
  /** Where each address handled its last message. */
  readonly places = new Map<string, string>();
  handled: (id: string, machine: string) => void = () => {};
  #steps = 0;
  #next = 0;

  constructor(seed: number) {
    this.cluster = new SimulatedCluster(seed, {
      modules: (site) => [this.#moduleOf(site)],
      workersPerNode: 1,
      minWorkers: 1,
      maxParallelism: 64,
      maxActivations: 1_000,
      intervalMs: 1_000,
      leaseMs,
      isSlow: false,
      isOnDisk: false,
      inlineBytes: 192 * 1024,
      compaction: defaultCompaction,
      begun: () => {
        this.epochs += 1;
      },
    });
  }

  get nowMs(): number {
    return this.cluster.nowMs;
  }

  get leader(): SimulatedNode {
    return this.cluster.leader as SimulatedNode;
  }

  get follower(): SimulatedNode {
    return this.cluster.nodes.find((node) => node !== this.cluster.leader) as SimulatedNode;
  }

  /** Whether all nodes that live run, and share the work among them. */
  get isWhole(): boolean {
    const { nodes } = this.cluster;
    const plans = nodes.map(({ node }) => node.participants[0]?.current?.plan);
    const runs = nodes.every(({ node }) => node.participants[0]?.state === 'running');
    return runs && plans.every((plan) => plan?.workers.length === nodes.length && plan.epoch === plans[0]?.epoch);
  }

  async start(): Promise<void> {
    for (const machine of machines) this.cluster.start(machine);
    await this.until(() => this.isWhole && this.places.size === addresses);
    // Not always at the same instant of heartbeats and renewals.
    await this.pass(1_000 + this.cluster.random.below(1_000));
  }

  /** Lets time pass until something holds. @throws if that takes longer than a minute */
  async until(holds: () => boolean): Promise<void> {
    for (const endMs = this.nowMs + 60_000; !holds(); await this.pass(5))
      if (this.nowMs > endMs)
        throw new Error(`not within a minute:\n${this.cluster.trace.lines.slice(-20).join('\n')}`);
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 5) {
      await this.cluster.world.advance(5);
      this.#steps += 1;
      if (this.#steps % 4 !== 0) continue;
      const node = this.cluster.nodes[this.#next % this.cluster.nodes.length];
      const sent = node?.client?.send(Probe.at(`probe-${this.#next++ % addresses}`), undefined);
      sent?.catch(() => undefined); // A client whose worker has ended does not know what became of it.
    }
  }

  /** Kills a node; resolves with the time until another handles a message for one of its addresses. */
  async failover(victim: SimulatedNode): Promise<number> {
    const machine = victim.process.name;
    const lost = new Set([...this.places].filter(([, place]) => place === machine).map(([id]) => id));
    const killedMs = this.nowMs;
    let firstMs: number | undefined;
    this.handled = (id) => {
      if (lost.has(id)) firstMs ??= this.nowMs;
    };
    this.cluster.kill(machine);
    await this.until(() => firstMs !== undefined);
    return (firstMs as number) - killedMs;
  }

  end(): void {
    for (const machine of machines) this.cluster.kill(machine);
    expect(this.cluster.violations).to.deep.equal([]);
  }

  #moduleOf({ process }: SimulatedSite): StatefulFunctionModule {
    const ProbeFn = defineFunction(Probe, {
      invoke: ({ self }) => {
        this.places.set(self.id, process.name);
        this.handled(self.id, process.name);
      },
    });
    return { configure: (_config, binder) => binder.bindFunctions(ProbeFn) };
  }
}

describe('Failover', () => {
  let nodes: Nodes;

  async function given(seed: number): Promise<Nodes> {
    nodes = new Nodes(seed);
    await nodes.start();
    return nodes;
  }

  afterEach(() => nodes.end());

  it('does not wait for a node at which nobody listens longer than its lease lasts', async () => {
    for (const seed of seeds) {
      await given(seed);
      expect(await nodes.failover(nodes.follower)).to.be.within(leaseMs * 0.7, leaseMs * 1.4);
    }
  });

  it('does not wait for others when a leader is gone and all that it led were heard', async () => {
    for (const seed of seeds) {
      await given(seed);
      expect(await nodes.failover(nodes.leader)).to.be.within(leaseMs * 0.7, leaseMs * 2);
    }
  });

  it('waits for the lease of whoever is cut off when the leader dies', async () => {
    for (const seed of seeds) {
      await given(seed);
      const { network } = nodes.cluster;
      const [cutOff, other] = nodes.cluster.nodes.filter((node) => node !== nodes.leader) as [
        SimulatedNode,
        SimulatedNode,
      ];
      for (const machine of machines) network.cut(machine, cutOff.process.name);
      const cutMs = nodes.nowMs;
      nodes.cluster.membership.cut(cutOff.process.name, 'both');
      const former = nodes.epochs;
      nodes.cluster.kill(nodes.leader.process.name);
      await nodes.until(() => nodes.epochs > former);
      expect(nodes.leader).to.equal(other);
      expect(nodes.nowMs - cutMs).to.be.greaterThan(leaseMs);
      expect(cutOff.node.participants[0]?.isCurrent).to.equal(false);
    }
  });

  it('has a leader that cannot renew its lease silence its own workers before another deals out their work', async () => {
    for (const seed of seeds) {
      await given(seed);
      const { leader } = nodes;
      const former = nodes.epochs;
      nodes.cluster.membership.cut(leader.process.name, 'both');
      await nodes.until(() => nodes.epochs > former);
      expect(leader.node.participants[0]?.isCurrent).to.equal(false);
      nodes.cluster.membership.mend(leader.process.name);
    }
  });

  it('leaves the work with a node that was stopped for a little longer than its lease', async () => {
    for (const seed of seeds) {
      await given(seed);
      const former = nodes.epochs;
      const { follower } = nodes;
      follower.process.pause();
      await nodes.pass(leaseMs * 1.15);
      follower.process.resume();
      await nodes.pass(leaseMs * 3);
      expect(nodes.epochs).to.equal(former);
      expect(nodes.isWhole).to.equal(true);
    }
  });

  it('leaves the lead with a node whose lease ran out, if nobody else has taken it', async () => {
    for (const seed of seeds) {
      await given(seed);
      const former = nodes.epochs;
      const { leader } = nodes;
      const others = nodes.cluster.nodes.filter((node) => node !== leader).map(({ process }) => process.name);
      for (const machine of others) nodes.cluster.membership.cut(machine, 'both');
      leader.process.pause();
      await nodes.pass(leaseMs * 0.95);
      leader.process.resume();
      for (const machine of others) nodes.cluster.membership.mend(machine);
      await nodes.pass(leaseMs * 3);
      expect(nodes.epochs).to.equal(former);
      expect(nodes.leader).to.equal(leader);
      expect(nodes.isWhole).to.equal(true);
    }
  });

  it('has a worker whose lease ran out while it restored ask whether it may go on', async () => {
    for (const seed of seeds) {
      await given(seed);
      const { follower, leader } = nodes;
      const third = nodes.cluster.nodes.find((node) => node !== follower && node !== leader) as SimulatedNode;
      const former = nodes.epochs;
      nodes.cluster.kill(third.process.name);
      nodes.cluster.store.service.weather = { ...goodService, maxDelayMs: 100 };
      await nodes.until(() => nodes.epochs > former && follower.node.participants[0]?.state === 'restoring');
      follower.process.pause();
      await nodes.pass(leaseMs * 1.1);
      follower.process.resume();
      await nodes.until(() => nodes.isWhole);
      expect(nodes.epochs).to.equal(former + 1);
      expect(nodes.cluster.trace.lines.filter((line) => line.includes('SF_FENCED'))).to.deep.equal([]);
    }
  });
});
