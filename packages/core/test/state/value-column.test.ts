import { expect } from 'chai';
import fc from 'fast-check';
import { decode } from '../../src/codec/codec.js';
import { copyValue } from '../../src/codec/data-model.js';
import { encodeWithList } from '../../src/codec/list-form.js';
import { ValueColumn } from '../../src/state/value-column.js';
import { modelValue, sameValue } from '../codec/model-values.js';

/** Mostly short texts, as many records are; some large, so that there are several chunks. */
const values = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.string() },
    { weight: 4, arbitrary: modelValue },
    { weight: 1, arbitrary: fc.nat(20_000).map((length) => 'x'.repeat(length)) },
  ),
  { minLength: 1, maxLength: 60 },
);

function columnOf(list: readonly unknown[]): ValueColumn {
  const column = new ValueColumn();
  for (const value of list) column.push(value);
  return column;
}

function expectSame(column: ValueColumn, list: readonly unknown[]): void {
  expect(column.length).to.equal(list.length);
  if (list.length === 0) return;
  const read = column.reader(0, list.length);
  for (const [number, value] of list.entries()) expect(sameValue(read(number), copyValue(value))).to.equal(true);
}

describe('ValueColumn', () => {
  it('gives back what was added, by number', () => {
    fc.assert(fc.property(values, (list) => expectSame(columnOf(list), list)));
  });

  it('is independent of what was added', () => {
    const value = { list: [1] };
    const column = columnOf([value]);
    value.list.push(2);
    const read = column.reader(0, 1);
    expect(read(0)).to.deep.equal({ list: [1] });
    expect(read(0)).to.not.equal(read(0));
  });

  it('takes the values of another, and goes on', () => {
    fc.assert(
      fc.property(values, values, values, (first, second, third) => {
        const column = columnOf(first);
        column.append(columnOf(second));
        for (const value of third) column.push(value);
        expectSame(column, [...first, ...second, ...third]);
      }),
      { numRuns: 50 },
    );
  });

  it('comes in pieces that are the elements of a list, from any number on', () => {
    fc.assert(
      fc.property(values, fc.nat(), (list, number) => {
        const from = number % list.length;
        const pieces = [...columnOf(list).pieces(from)];
        const found: unknown[] = [];
        for (const { first, count, bytes } of pieces) {
          expect(first).to.equal(from + found.length);
          const item = decode(encodeWithList({ first, none: undefined }, 'values', count, bytes));
          expect(item).to.have.all.keys('first', 'none', 'values').and.include({ first, none: undefined });
          found.push(...(item as { values: unknown[] }).values);
        }
        expect(sameValue(found, copyValue(list.slice(from)))).to.equal(true);
      }),
      { numRuns: 50 },
    );
  });

  it('has no pieces where there is nothing', () => {
    expect([...new ValueColumn().pieces(0)]).to.deep.equal([]);
    expect([...columnOf(['a']).pieces(1)]).to.deep.equal([]);
  });
});
