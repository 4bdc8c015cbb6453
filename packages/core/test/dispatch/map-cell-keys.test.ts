import { expect } from 'chai';
import { type CellStorage, MapCell } from '../../src/dispatch/map-cell.js';
import type { MapKey } from '../../src/sdk/persisted-map.js';

describe('MapCell', () => {
  it('finds in storage each key that it stored, as a Map would: one zero, one NaN, and types kept apart', async () => {
    const keys: MapKey[] = [
      -0,
      Number.NaN,
      1,
      1n,
      '1',
      true,
      'true',
      '',
      '\0',
      0n,
      2n ** 70n,
      '\ud800',
      'x'.repeat(70_000),
    ];
    const generation = new Uint8Array(8);
    const stored = new Map<string, Uint8Array>();
    const storage: CellStorage = {
      async findEntry(_, sub) {
        const value = stored.get(Buffer.from(sub).toString('hex'));
        return value === undefined ? undefined : { value, expiresAtMs: undefined };
      },
      async *scanEntries() {},
    };
    const written = new MapCell(storage, Number.POSITIVE_INFINITY, false, undefined);
    written.startGeneration(generation);
    for (const [at, key] of keys.entries()) written.put(key, at, 0, 1);
    for (const { sub, value } of written.takeChanges().changes) {
      stored.set(Buffer.from(sub).toString('hex'), value as Uint8Array);
    }
    expect(stored.size).to.equal(keys.length);
    for (const [at, key] of keys.entries()) {
      for (const same of key === 0 ? [0, -0] : [key]) {
        const read = new MapCell(storage, Number.POSITIVE_INFINITY, false, generation);
        await read.load(same);
        expect(read.find(same)?.value, `${at}`).to.equal(at);
      }
    }
  });
});
