import { expect } from 'chai';
import fc from 'fast-check';
import {
  compareBytes,
  dueOf,
  entryKey,
  entryPrefix,
  ownerOf,
  parseKey,
  prefixEnd,
  recordKey,
  startsWith,
  sweepEnd,
  timerKey,
  timerRange,
  typeRange,
} from '../../src/state/key.js';

const keyGroup = fc.nat(0xffff);
/** Texts with many zeros, ones, escapes and common beginnings. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('\0', '\u0001', 'a', 'b', '\u00ff', '\uffff', '😀') }),
  fc.string({ unit: 'binary' }).filter((string) => string.isWellFormed()),
);
const generation = fc.uint8Array({ minLength: 8, maxLength: 8 });
const sub = fc.uint8Array({ maxLength: 5 });
const dueMs = fc.oneof(fc.double({ noNaN: true }), fc.integer(), fc.constantFrom(0, Infinity, 1.5, 2 ** 53));
const timerId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'));

const recordParts = fc.tuple(keyGroup, text, text);
const entryParts = fc.tuple(keyGroup, text, text, text, generation, sub);

function entryKeyOf([group, type, id, field, gen, rest]: [number, string, string, string, Uint8Array, Uint8Array]) {
  return entryKey(entryPrefix(recordKey(group, type, id), field, gen), rest);
}

describe('key', () => {
  it('orders records by key group, type and id, each as UTF-8 bytes', () => {
    fc.assert(
      fc.property(recordParts, recordParts, (a, b) => {
        const order = a[0] - b[0] || compareTexts(a[1], b[1]) || compareTexts(a[2], b[2]);
        expect(Math.sign(compareBytes(recordKey(...a), recordKey(...b)))).to.equal(Math.sign(order));
      }),
    );
  });

  it('orders entries by record, field, generation and sub key', () => {
    fc.assert(
      fc.property(entryParts, entryParts, (a, b) => {
        const order =
          compareBytes(recordKey(a[0], a[1], a[2]), recordKey(b[0], b[1], b[2])) ||
          compareTexts(a[3], b[3]) ||
          compareBytes(a[4], b[4]) ||
          compareBytes(a[5], b[5]);
        expect(Math.sign(compareBytes(entryKeyOf(a), entryKeyOf(b)))).to.equal(Math.sign(order));
      }),
    );
  });

  it('has the records and entries of a type, and no others, in its range', () => {
    fc.assert(
      fc.property(recordParts, entryParts, fc.boolean(), ([group, type], other, isSame) => {
        const parts: typeof other = isSame ? [group, type, other[2], other[3], other[4], other[5]] : other;
        const { from, to } = typeRange(group, type);
        for (const key of [recordKey(parts[0], parts[1], parts[2]), entryKeyOf(parts)]) {
          const isInside = compareBytes(from, key) <= 0 && compareBytes(key, to) < 0;
          expect(isInside).to.equal(parts[0] === group && parts[1] === type);
        }
      }),
    );
  });

  it('sorts the entries of a record directly behind it', () => {
    fc.assert(
      fc.property(entryParts, recordParts, (entry, other) => {
        const owner = recordKey(entry[0], entry[1], entry[2]);
        const key = entryKeyOf(entry);
        expect(ownerOf(key)).to.deep.equal(owner);
        expect(ownerOf(owner)).to.deep.equal(owner);
        const between = recordKey(...other);
        expect(compareBytes(owner, between) < 0 && compareBytes(between, key) < 0).to.equal(false);
      }),
    );
  });

  it('orders timers by when they are due, whatever the time', () => {
    fc.assert(
      fc.property(keyGroup, dueMs, dueMs, timerId, timerId, (group, a, b, idA, idB) => {
        const order = a === b ? compareTexts(idA, idB) : a - b;
        const keys = [timerKey(group, a, idA), timerKey(group, b, idB)] as const;
        expect(Math.sign(compareBytes(...keys))).to.equal(Math.sign(order));
        expect(dueOf(keys[0])).to.equal(a + 0);
        const { from, to } = timerRange(group, a, b);
        expect(compareBytes(from, keys[0])).to.be.lessThan(0);
        expect(compareBytes(keys[1], to)).to.be.greaterThan(0);
        expect(compareBytes(keys[0], to) < 0).to.equal(a < b);
      }),
    );
  });

  it('is taken apart into what it was made of', () => {
    fc.assert(
      fc.property(entryParts, dueMs, timerId, (parts, due, timer) => {
        const [group, type, id, field, gen, rest] = parts;
        expect(parseKey(recordKey(group, type, id))).to.deep.equal({ kind: 'record', keyGroup: group, type, id });
        const entry = { kind: 'entry', keyGroup: group, type, id, field, generation: gen, sub: rest };
        expect(parseKey(entryKeyOf(parts))).to.deep.equal(entry);
        const timerParts = { kind: 'timer', keyGroup: group, dueMs: due + 0, timerId: timer };
        expect(parseKey(timerKey(group, due, timer))).to.deep.equal(timerParts);
      }),
    );
  });

  it('shares its sweep with all keys of one generation, and with the timers of a key group', () => {
    fc.assert(
      fc.property(entryParts, dueMs, timerId, (parts, due, timer) => {
        const record = recordKey(parts[0], parts[1], parts[2]);
        expect(sweepEnd(record)).to.equal(0);
        expect(sweepEnd(entryKeyOf(parts))).to.equal(entryPrefix(record, parts[3], parts[4]).length);
        expect(sweepEnd(timerKey(parts[0], due, timer))).to.equal(3);
      }),
    );
  });

  it('knows where the keys of a prefix end', () => {
    const bytes = fc.array(fc.constantFrom(0, 1, 0xfe, 0xff), { maxLength: 4 }).map((list) => Uint8Array.from(list));
    fc.assert(
      fc.property(bytes, bytes, (prefix, key) => {
        const end = prefixEnd(prefix);
        const isWithin = compareBytes(key, prefix) >= 0 && (end === undefined || compareBytes(key, end) < 0);
        expect(isWithin).to.equal(startsWith(key, prefix));
      }),
    );
  });
});

function compareTexts(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
