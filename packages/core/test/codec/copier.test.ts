import { expect } from 'chai';
import fc from 'fast-check';
import { Copier } from '../../src/codec/copier.js';
import { copyValue } from '../../src/codec/data-model.js';
import { StatefulFunctionsError } from '../../src/sdk/errors.js';
import { modelValue, sameValue } from './model-values.js';

describe('Copier', () => {
  it('copies as copyValue does what looks like something it has copied', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), modelValue, { maxKeys: 20, noNullPrototype: true }), (value) => {
        const copier = new Copier();
        copier.copy(value);
        const copy = copier.copy(value) as object;
        expect(sameValue(copy, value)).to.equal(true);
        expect(Object.keys(copy)).to.deep.equal(Object.keys(value));
        for (const [key, part] of Object.entries(copy)) {
          if (typeof part === 'object' && part !== null) expect(part).to.not.equal(value[key]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('refuses in what looks like something it has copied what copyValue refuses, in the same words', () => {
    const copier = new Copier();
    copier.copy({ part: 1, other: 'text' });
    for (const part of [() => 1, Symbol('s'), { deep: new WeakMap() }]) {
      const value = { part, other: 'text' };
      expect(() => copier.copy(value)).to.throw(
        StatefulFunctionsError,
        messageOf(() => copyValue(value)),
      );
    }
  });

  it('tells apart what has more keys, fewer, others, or the same in another order', () => {
    const copier = new Copier();
    for (const value of [{ a: 1, b: 2 }, { a: 1 }, {}, { a: 1, b: 2, c: 3 }, { b: 1, a: 2 }, { a: 1, c: 2 }]) {
      for (let times = 0; times < 2; times += 1) {
        const copy = copier.copy(value) as object;
        expect(JSON.stringify(copy)).to.equal(JSON.stringify(value));
        expect(copy).to.not.equal(value);
      }
    }
  });

  it('copies as copyValue does, whatever shapes it has met', () => {
    const copier = new Copier();
    fc.assert(
      fc.property(modelValue, (value) => {
        const copy = copier.copy(value);
        expect(sameValue(copy, value)).to.equal(true);
        if (typeof value === 'object' && value !== null) expect(copy).to.not.equal(value);
      }),
      { numRuns: 1_000 },
    );
  });

  it('shares nothing with what is nested', () => {
    const value = { list: [{ n: 1 }] };
    const copy = new Copier().copy(value) as typeof value;
    expect(copy).to.deep.equal(value);
    expect(copy.list).to.not.equal(value.list);
    expect(copy.list[0]).to.not.equal(value.list[0]);
  });

  it('refuses what copyValue refuses, in the same words', () => {
    function Old(this: { n: number }): void {
      this.n = 1;
    }
    Old.prototype = {};
    const inherits = Object.create({ n: 1 });
    for (const value of [
      { f: () => 1 },
      { deep: { s: Symbol('s') } },
      new (Old as unknown as new () => object)(),
      inherits,
      { constructor: Object },
      () => 1,
      Symbol('s'),
    ]) {
      expect(() => new Copier().copy(value)).to.throw(
        StatefulFunctionsError,
        messageOf(() => copyValue(value)),
      );
    }
  });

  it('takes a field called constructor or __proto__ for what it is', () => {
    for (const text of [
      '{"constructor":1}',
      '{"__proto__":{"a":1}}',
      '{"constructor":{"name":"x"},"__proto__":null}',
    ]) {
      const copy = new Copier().copy(JSON.parse(text)) as object;
      expect(Object.getPrototypeOf(copy)).to.equal(Object.prototype);
      expect(JSON.stringify(copy)).to.equal(text);
    }
  });

  it('reads each accessor once', () => {
    const copier = new Copier();
    for (let times = 0; times < 2; times += 1) {
      let reads = 0;
      const copy = copier.copy({
        get n() {
          reads += 1;
          return [reads];
        },
      });
      expect(copy).to.deep.equal({ n: [1] });
      expect(Object.getOwnPropertyDescriptor(copy, 'n')).to.deep.include({ value: [1], writable: true });
    }
  });
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was thrown';
}
