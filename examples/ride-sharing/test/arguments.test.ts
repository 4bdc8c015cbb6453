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
});
