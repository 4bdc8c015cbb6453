import { expect } from 'chai';
import { Rate } from '../deployment/rate.js';

describe('A rate', () => {
  it('comes close to how fast figures grow together', () => {
    const rate = new Rate();
    let last = 0;
    for (let second = 0; second <= 20; second += 1) {
      last = rate.of(
        [
          ['a', 10 * second],
          ['b', 30 * second],
        ],
        second * 1_000,
      );
    }
    expect(last).to.be.closeTo(40, 1);
  });

  it('never falls below zero when a process counts anew', () => {
    const rate = new Rate();
    rate.of([['a', 1_000]], 0);
    rate.of([['a', 1_010]], 1_000);
    expect(rate.of([['a', 5]], 2_000)).to.be.within(0, 10);
  });
});
