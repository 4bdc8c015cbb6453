import { expect } from 'chai';
import { LeaderLease, type LeaderLeaseOptions } from '../../src/cluster/leader-lease.js';
import { MemoryMembership } from '../../src/cluster/memory-membership.js';
import { encode } from '../../src/codec/codec.js';
import { silentLogger } from '../../src/ports/logger.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { refuses } from '../sdk/refuses.js';
import {
  answersToItsRetry,
  type Fault,
  FaultyMembership,
  failsAfter,
  failsBefore,
  hangsAfter,
  hangsBefore,
} from './faulty-membership.js';

const leaseMs = 3_000;
/** How often a holder writes. */
const renewMs = leaseMs / 5;
/** When it is over for good, from its last write. */
const lostMs = leaseMs * 1.5;
/** From the last write of a holder that died: what others wait for an unchanged row, and the longest between two looks. */
const takeoverMs = { least: leaseMs, most: leaseMs * 1.1 + leaseMs / 3 };

describe('LeaderLease', () => {
  let platform: VirtualPlatform;
  let table: MemoryMembership;
  /** What contenders were told, and when. */
  let told: string[];

  beforeEach(() => {
    platform = new VirtualPlatform({ seed: 7 });
    table = new MemoryMembership();
    told = [];
  });

  const now = () => platform.clock.monotonic();
  const revision = async () => (await table.read('leader'))?.revision ?? 0;

  function contend(endpoint: string, options: Partial<LeaderLeaseOptions> = {}) {
    const membership = new FaultyMembership(options.membership ?? table);
    const lease = new LeaderLease({
      platform,
      logger: silentLogger,
      endpoint,
      leaseMs,
      onElected: (term) => told.push(`${endpoint} elected for ${term} at ${now()}`),
      onLost: () => told.push(`${endpoint} lost at ${now()}`),
      ...options,
      membership,
    });
    lease.start();
    return { lease, membership };
  }

  const after =
    (ms: number): Fault =>
    async (proceed) => {
      await new Promise<void>((resolve) => platform.scheduler.after(ms, resolve));
      return proceed();
    };
  const answeredAfter =
    (ms: number): Fault =>
    async (proceed) => {
      const answer = await proceed();
      await new Promise<void>((resolve) => platform.scheduler.after(ms, resolve));
      return answer;
    };

  it('elects the only contender at once, which then holds for good, writing every fifth of the lease', async () => {
    const { lease, membership } = contend('a');
    expect(lease.term).to.equal(undefined);
    expect(lease.leader).to.equal(undefined);
    await platform.settle();
    expect(lease.term).to.equal(1);
    expect(lease.leader).to.deep.equal({ endpoint: 'a', term: 1 });
    await platform.advance(100 * leaseMs);
    expect(told).to.deep.equal(['a elected for 1 at 0']);
    expect(lease.term).to.equal(1);
    expect(membership.calls.filter((call) => call === 'write')).to.have.length(501);
    expect(membership.calls.filter((call) => call === 'read')).to.have.length(1);
  });

  it('elects one of several, and the others know whom', async () => {
    const leases = ['a', 'b', 'c'].map((endpoint) => contend(endpoint).lease);
    await platform.advance(20 * leaseMs);
    expect(told).to.have.length(1);
    const leader = leases.find(({ term }) => term !== undefined)?.leader;
    expect(leader).to.have.property('term', 1);
    for (const { leader: known } of leases) expect(known).to.deep.equal(leader);
  });

  it('replaces a leader that fell silent when its lease has run out, and not long after', async () => {
    const a = contend('a');
    await platform.advance(10.5 * leaseMs);
    const b = contend('b');
    await platform.advance(leaseMs);
    expect(b.lease.leader).to.deep.equal({ endpoint: 'a', term: 1 });
    const silentMs = now();
    a.membership.always = failsBefore;
    await platform.advance(takeoverMs.most);
    expect(told[1]).to.match(/^b elected for 2 at /);
    expect(a.lease.term).to.equal(undefined);
    expect(b.lease.leader).to.deep.equal({ endpoint: 'b', term: 2 });
    // The last write was at most a fifth of the lease before.
    await platform.advance(Math.max(0, silentMs + lostMs - now()));
    expect(Number(told[2]?.replace('a lost at ', ''))).to.be.within(silentMs + lostMs - renewMs, silentMs + lostMs);
    a.membership.always = undefined;
    await platform.advance(2 * leaseMs);
    expect(a.lease.leader).to.deep.equal({ endpoint: 'b', term: 2 });
    expect(told).to.have.length(3);
  });

  it('tells others at once who leads, and whoever is elected whose place that is', async () => {
    const others: string[] = [];
    const onElected = (_term: number, deposed: string | undefined) => others.push(`elected after ${deposed}`);
    const onLeader = ({ endpoint }: { endpoint: string }) => others.push(`${endpoint} leads`);
    const { lease, membership } = contend('a');
    await platform.advance(1);
    contend('b', { onElected, onLeader });
    await platform.advance(leaseMs);
    expect(others).to.deep.equal(['a leads']);
    membership.always = hangsBefore;
    await platform.advance(takeoverMs.most);
    expect(others).to.deep.equal(['a leads', 'elected after a']);
    await platform.run(lease.stop());
  });

  it('forgets a leader that is silent for too long, though nobody can be elected', async () => {
    contend('a').membership.next('write', (proceed) => proceed(), ...Array(99).fill(hangsBefore));
    const b = contend('b');
    await platform.advance(leaseMs / 2);
    expect(b.lease.leader).to.deep.equal({ endpoint: 'a', term: 1 });
    b.membership.always = failsBefore;
    await platform.advance(takeoverMs.most);
    expect(b.lease.leader).to.equal(undefined);
  });

  it('counts the lease from when the last successful write was sent, even while another hangs', async () => {
    const { lease, membership } = contend('a');
    membership.next('write', answeredAfter(700));
    await platform.advance(leaseMs - 1);
    // Elected at 700 by a write of 0, and renewed from then on; a later write hangs, and reads that could settle it too.
    expect(told).to.deep.equal(['a elected for 1 at 700']);
    await platform.advance(leaseMs);
    membership.always = hangsBefore;
    const lastMs = 700 + Math.floor((now() - 700) / renewMs) * renewMs;
    await platform.advance(lastMs + leaseMs - 1 - now());
    expect(lease.term).to.equal(1);
    await platform.advance(1);
    expect(lease.term).to.equal(undefined);
    await platform.advance(leaseMs);
    expect(told.slice(1)).to.deep.equal([`a lost at ${lastMs + lostMs}`]);
  });

  it('is over when the clock says so, though no callback ran yet', async () => {
    const { lease, membership } = contend('a');
    await platform.settle();
    membership.always = hangsBefore;
    platform.clock.passTo(leaseMs - 1);
    expect(lease.term).to.equal(1);
    platform.clock.passTo(leaseMs);
    expect(lease.term).to.equal(undefined);
    expect(lease.leader).to.equal(undefined);
    expect(told).to.have.length(1);
    await platform.advance(leaseMs);
    expect(told.slice(1)).to.deep.equal([`a lost at ${lostMs}`]);
  });

  it('is lost in time though timers come a hair early', async () => {
    const { clock, random, scheduler } = platform;
    const early = {
      defer: scheduler.defer.bind(scheduler),
      after: (ms: number, work: () => void) => scheduler.after(ms * 0.999, work),
    };
    const { membership } = contend('a', { platform: { clock, random, scheduler: early } });
    await platform.settle();
    membership.always = hangsBefore;
    await platform.advance(2 * leaseMs);
    expect(Number(told[1]?.replace('a lost at ', ''))).to.be.within(lostMs, lostMs + 2);
  });

  for (const [what, fault] of Object.entries({ failsAfter, hangsAfter, answersToItsRetry })) {
    it(`settles a write without a true answer by reading (${what})`, async () => {
      const { lease, membership } = contend('a');
      membership.next('write', fault);
      await platform.advance(leaseMs / 2);
      expect(lease.term, 'elected by a write that worked').to.equal(1);
      membership.next('write', fault, fault);
      await platform.advance(20 * leaseMs);
      expect(told).to.have.length(1);
      expect(lease.term).to.equal(1);
    });
  }

  it('keeps the lease over failures that are shorter than it', async () => {
    const { lease, membership } = contend('a');
    for (let round = 0; round < 20; round += 1) {
      await platform.advance(leaseMs);
      membership.next('write', failsBefore, failsAfter);
      membership.next('read', failsBefore);
    }
    expect(told).to.have.length(1);
    expect(lease.term).to.equal(1);
  });

  it('counts a write that reading showed from when it was sent', async () => {
    const { membership } = contend('a');
    await platform.settle();
    membership.next('write', failsAfter);
    await platform.advance(renewMs); // That write is of 600, and works.
    membership.next('write', ...Array(99).fill(failsBefore));
    await platform.advance(3 * leaseMs);
    expect(told[1]).to.equal(`a lost at ${renewMs + lostMs}`);
  });

  it('does not take a lost term up again when a write of it arrives late', async () => {
    const { lease, membership } = contend('a');
    await platform.settle();
    membership.next('write', after(lostMs));
    membership.next('write', ...Array(99).fill(hangsBefore));
    await platform.advance(2 * leaseMs);
    expect(told.slice(1)).to.deep.equal([`a lost at ${lostMs}`]);
    expect(await revision(), 'the late write worked').to.equal(2);
    await platform.advance(takeoverMs.most);
    expect(lease.term).to.equal(undefined);
    expect(told).to.have.length(2);
  });

  it('goes on after it ran out if an answer tells that it was renewed, and so not taken by anybody', async () => {
    const { lease, membership } = contend('a');
    await platform.settle();
    let answer = () => {};
    membership.next('write', async (proceed) => {
      const result = await proceed();
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return result;
    });
    await platform.advance(leaseMs / 3);
    // The process is stopped, and when it goes on the answer comes before any timer.
    platform.clock.passTo(leaseMs + 1);
    expect(lease.term).to.equal(undefined);
    answer();
    for (let turn = 0; turn < 10; turn += 1) await undefined;
    expect(lease.term).to.equal(1);
    await platform.advance(10 * leaseMs);
    expect(lease.term).to.equal(1);
    expect(told).to.have.length(1);
  });

  it('takes its own row at once when it lost it, since nobody can hold that', async () => {
    const { lease, membership } = contend('a');
    await platform.settle();
    membership.always = failsBefore;
    await platform.advance(2 * leaseMs);
    expect(lease.term).to.equal(undefined);
    membership.always = undefined;
    await platform.advance(leaseMs);
    expect(lease.term).to.equal(2);
    expect(told).to.have.length(3);
  });

  it('hands over at once when it stops, and tells so before the row does', async () => {
    const a = contend('a');
    await platform.advance(leaseMs);
    const b = contend('b');
    await platform.advance(leaseMs);
    const before = await revision();
    const stopped = a.lease.stop();
    expect(told.slice(1)).to.deep.equal([`a lost at ${2 * leaseMs}`]);
    expect(a.lease.term).to.equal(undefined);
    expect(await revision()).to.equal(before);
    await platform.run(stopped);
    expect(now()).to.equal(2 * leaseMs);
    expect(await revision()).to.equal(before + 1);
    await platform.advance(leaseMs / 3);
    expect(told).to.have.length(3);
    expect(b.lease.leader).to.deep.equal({ endpoint: 'b', term: 2 });
    expect(a.lease.leader).to.equal(undefined);
    const calls = a.membership.calls.length;
    await platform.advance(20 * leaseMs);
    expect(a.membership.calls).to.have.length(calls);
    expect(told).to.have.length(3);
  });

  it('stops while a write is under way: the row is free, whatever became of it', async () => {
    for (const fault of [failsBefore, failsAfter, hangsAfter, after(leaseMs / 4), answeredAfter(leaseMs / 4)]) {
      const { lease, membership } = contend('a');
      await platform.settle();
      membership.next('write', fault);
      await platform.advance(leaseMs / 3);
      await platform.run(lease.stop());
      const begun = now();
      const next = contend('b');
      await platform.settle();
      await platform.run(next.lease.stop());
      expect(now(), fault.toString()).to.equal(begun);
      expect(told.splice(0)).to.have.length(4);
    }
  });

  it('frees the row though a write of it arrives while it does', async () => {
    const { lease, membership } = contend('a');
    await platform.settle();
    membership.next('write', after(leaseMs / 3 + 100));
    await platform.advance(leaseMs / 3);
    // The write has failed as it took a third of the lease; what is read then was so before it arrived.
    membership.next('read', answeredAfter(200));
    await platform.run(lease.stop());
    expect(await revision(), 'elected, renewed late, given up').to.equal(3);
    contend('b');
    await platform.settle();
    expect(told.at(-1)).to.equal(`b elected for 2 at ${now()}`);
  });

  it('writes nothing when it stops before it was elected', async () => {
    const membership = new FaultyMembership(table);
    membership.next('read', answeredAfter(500));
    const { lease } = contend('a', { membership });
    await platform.advance(100);
    await platform.run(lease.stop());
    expect(now()).to.equal(500);
    expect(await revision()).to.equal(0);
    expect(told).to.deep.equal([]);
  });

  it('is not elected once it stops, and leaves the row free', async () => {
    const { lease, membership } = contend('a');
    membership.next('write', answeredAfter(500));
    await platform.advance(100);
    await platform.run(lease.stop());
    expect(told).to.deep.equal([]);
    contend('b');
    await platform.settle();
    expect(told).to.deep.equal(['b elected for 2 at 500']);
  });

  it('stops in time though the table never answers, and leaves the row of another alone', async () => {
    contend('a');
    await platform.settle();
    const { lease, membership } = contend('b');
    await platform.advance(leaseMs);
    const before = await revision();
    await platform.run(lease.stop());
    expect(await revision()).to.be.at.most(before + 1);
    const silent = contend('c');
    silent.membership.always = hangsBefore;
    await platform.advance(leaseMs);
    const begun = now();
    await platform.run(silent.lease.stop());
    expect(now() - begun).to.be.at.most(leaseMs);
    expect(membership.calls).not.to.include('remove');
    await new LeaderLease({ ...optionsOf(), endpoint: 'never started' }).stop();
    expect(told).to.deep.equal(['a elected for 1 at 0']);
  });

  it('does not care what the wall clock shows', async () => {
    contend('a');
    const { lease } = contend('b');
    for (let round = 0; round < 50; round += 1) {
      platform.clock.jump((round % 2 ? -1 : 1) * 1e9 * round);
      await platform.advance(leaseMs / 7);
    }
    expect(told).to.have.length(1);
    expect(lease.leader).to.have.property('term', 1);
  });

  it('asks seldom while the table is out, and is back soon after', async () => {
    const { lease, membership } = contend('a');
    membership.always = failsBefore;
    await platform.advance(100 * leaseMs);
    expect(membership.calls.length).to.be.within(100, 220);
    membership.always = undefined;
    await platform.advance(leaseMs);
    expect(lease.term).to.equal(1);
  });

  it('spreads contenders that lost the table at one instant', async () => {
    const instants = new Set<number>();
    for (const endpoint of ['a', 'b', 'c', 'd', 'e', 'f']) {
      contend(endpoint).membership.always = async () => {
        instants.add(now());
        throw new Error('connection refused');
      };
    }
    await platform.settle();
    instants.clear();
    await platform.advance(2 * leaseMs);
    expect(instants.size).to.be.greaterThan(25);
  });

  it('waits for a row that it cannot read as for any other', async () => {
    const holder = { endpoint: 'b', token: 'token', sentMs: 0 };
    const others = [null, 1, { term: 0.5 }, { term: 1, holder: null }, { term: 1, holder: { ...holder, endpoint: 1 } }];
    for (const garbage of [Uint8Array.of(0xc1), new Uint8Array(0), ...others.map((value) => encode(value))]) {
      table = new MemoryMembership();
      await table.write('leader', garbage, 0);
      const begun = now();
      const { lease } = contend('a');
      await platform.advance(leaseMs);
      expect(lease.term).to.equal(undefined);
      expect(lease.leader).to.equal(undefined);
      await platform.advance(takeoverMs.most - leaseMs);
      expect(lease.term).to.equal(1);
      expect(now() - begun).to.be.at.least(takeoverMs.least);
    }
  });

  it('gives the lease up should the row get lost, and goes on from the last term that was seen', async () => {
    const a = contend('a');
    await platform.advance(leaseMs);
    await table.remove('leader', await revision());
    await platform.advance(leaseMs);
    expect(a.lease.term).to.equal(2);
    expect(told).to.have.length(3);
    const b = contend('b');
    await platform.settle();
    a.membership.always = hangsBefore;
    await table.remove('leader', await revision());
    await platform.advance(leaseMs);
    expect(b.lease.term).to.equal(3);
  });

  it('has one lease for each key', async () => {
    contend('a', { key: 'leader/one' });
    contend('b', { key: 'leader/two' });
    await platform.settle();
    expect(told).to.have.members(['a elected for 1 at 0', 'b elected for 1 at 0']);
  });

  it('refuses options that cannot work', () => {
    for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      refuses('SF_INVALID_OPTION', () => new LeaderLease({ ...optionsOf(), leaseMs: bad }), 'leaseMs');
    }
    refuses('SF_INVALID_NAME', () => new LeaderLease({ ...optionsOf(), key: 'a.b' }));
  });

  function optionsOf(): LeaderLeaseOptions {
    return {
      platform,
      membership: table,
      logger: silentLogger,
      endpoint: 'x',
      leaseMs,
      onElected: () => {},
      onLost: () => {},
    };
  }
});
