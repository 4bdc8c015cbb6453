import { expect } from 'chai';
import { cellAt, cellCount, neighbourhood } from '../../src/city.js';

describe('The city', () => {
  it('has neighbours in all directions that are inside', () => {
    expect(neighbourhood(cellAt(1, 1))).to.deep.equal([51, 0, 1, 2, 50, 52, 100, 101, 102]);
    expect(neighbourhood(cellCount - 1)).to.deep.equal([2499, 2448, 2449, 2498]);
  });
});
