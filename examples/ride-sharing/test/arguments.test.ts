import { expect } from 'chai';
import { parseArguments } from '../run/arguments.js';

describe('The command line', () => {
  it('has a default for everything, and a stream of passengers without end', () => {
    expect(parseArguments([])).to.deep.equal({
      seed: 1,
      drivers: 2_500,
      passengers: Infinity,
      passengersPerSecond: 40,
      port: 0,
    });
  });

  it('bounds the stream', () => {
    expect(parseArguments(['--passengers', '200', '--seed=7'])).to.include({ passengers: 200, seed: 7 });
  });

  it('refuses what makes no sense', () => {
    for (const value of ['0', '1.5', 'many']) {
      expect(() => parseArguments(['--passengers', value])).to.throw(`--passengers is ${value}. Give a whole number`);
    }
    expect(() => parseArguments(['--drivers', 'Infinity'])).to.throw('--drivers is Infinity');
    expect(() => parseArguments(['--cars', '1'])).to.throw('--cars');
  });

  it('takes options of a program of its own, as whole numbers from 1 on', () => {
    expect(parseArguments([], { rides: '500' })).to.include({ rides: 500, drivers: 2_500 });
    expect(parseArguments(['--rides', '50'], { rides: '500' }).rides).to.equal(50);
    expect(() => parseArguments(['--rides', '0'], { rides: '500' })).to.throw(
      '--rides is 0. Give a whole number from 1',
    );
  });
});
