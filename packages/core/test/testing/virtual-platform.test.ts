import { expect } from 'chai';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';

describe('VirtualPlatform', () => {
  it('runs timers by due time, those of one instant in order, and work they set on the way', async () => {
    const platform = new VirtualPlatform({ seed: 1, startMs: 1000 });
    const seen: string[] = [];
    const note = (what: string) => () => void seen.push(`${what} at ${platform.clock.now()}`);
    platform.scheduler.after(20, note('late'));
    platform.scheduler.after(10, () => {
      note('early')();
      platform.scheduler.after(5, note('nested'));
      platform.scheduler.defer(note('deferred'));
    });
    platform.scheduler.after(10, note('early too'));
    platform.scheduler.after(31, note('too late'));
    platform.scheduler.after(12, note('cancelled')).cancel();
    await platform.advance(30);
    expect(seen).to.deep.equal([
      'early at 1010',
      'deferred at 1010',
      'early too at 1010',
      'nested at 1015',
      'late at 1020',
    ]);
    expect(platform.clock.monotonic()).to.equal(30);
  });

  it('settles every promise between two callbacks', async () => {
    const platform = new VirtualPlatform();
    const seen: string[] = [];
    platform.scheduler.defer(async () => {
      for (let i = 0; i < 100; i++) await undefined;
      seen.push('first, to its end');
    });
    platform.scheduler.defer(() => void seen.push('second'));
    await platform.settle();
    expect(seen).to.deep.equal(['first, to its end', 'second']);
  });

  it('settles without letting time pass', async () => {
    const platform = new VirtualPlatform();
    let runs = 0;
    const again = () => {
      if (++runs < 10) platform.scheduler.defer(again);
    };
    platform.scheduler.defer(again);
    platform.scheduler.after(1, () => expect.fail('time passed'));
    await platform.settle();
    expect(runs).to.equal(10);
    expect(platform.clock.monotonic()).to.equal(0);
  });

  it('runs until a promise settles, and no longer', async () => {
    const platform = new VirtualPlatform();
    const hours = (count: number) =>
      new Promise<string>((resolve) => platform.scheduler.after(count * 3_600_000, () => resolve(`${count} hours`)));
    void hours(100);
    expect(await platform.run(hours(1).then(() => hours(2)))).to.equal('2 hours');
    expect(platform.clock.monotonic()).to.equal(3 * 3_600_000);
    expect(await platform.run(Promise.reject(new Error('no'))).catch((error) => error.message)).to.equal('no');
  });

  it('says so when a promise can never settle, or when it is driven twice at once', async () => {
    const platform = new VirtualPlatform();
    const stuck = await platform.run(new Promise(() => {})).catch((error) => error);
    expect(stuck).to.have.property('code', 'SF_BROKEN_INVARIANT');
    const first = platform.advance(1);
    const second = await platform.settle().catch((error) => error);
    expect(second).to.have.property('code', 'SF_BROKEN_INVARIANT');
    await first;
  });

  it('is the same for the same seed, and another for another', async () => {
    const draw = (seed: number) => new VirtualPlatform({ seed }).random.bytes(32);
    expect(draw(7)).to.deep.equal(draw(7)).and.not.to.deep.equal(draw(8));
  });

  it('lets the wall clock jump while the monotonic one goes on', async () => {
    const platform = new VirtualPlatform({ startMs: 5000 });
    platform.clock.jump(-3000);
    await platform.advance(10);
    expect([platform.clock.now(), platform.clock.monotonic()]).to.deep.equal([2010, 10]);
  });
});
