import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict';
import { decode, encode } from '../codec/codec.js';
import type { ConnectorServices, IngressReader, IngressRecord, IngressSource } from '../ports/ingress-source.js';
import type { Position } from '../ports/position.js';
import { StatefulFunctionsError } from '../sdk/errors.js';

/** What a suite needs of its test runner: mocha's globals, which Vitest and Jest can give too. */
declare const describe: (title: string, suite: () => void) => void;
declare const it: (title: string, test: () => Promise<void>) => void;

/** A source over a fresh medium that holds the values it was made with. The suite opens it several times. */
export interface IngressSourceUnderTest {
  readonly source: IngressSource<unknown>;
  readonly services: ConnectorServices;
  /** Adds values to the medium. Used with sources that wait. */
  append(values: readonly unknown[]): Promise<void>;
  /** Removes whatever is left; the suite has closed its readers by then. */
  cleanup?(): Promise<void>;
}

/**
 * Makes a source whose medium holds `values`.
 *
 * @param ends whether it ends behind the last value, or waits for more.
 */
export type MakeIngressSource = (values: readonly unknown[], ends: boolean) => Promise<IngressSourceUnderTest>;

export interface IngressSourceConformanceOptions {
  /** For sources that know no end, such as streams: they are made with `ends` false only. */
  readonly neverEnds?: boolean;
}

/** What the suite does with one source. */
interface Trial extends IngressSourceUnderTest {
  open(position?: Position): Promise<IngressReader<unknown>>;
}

const values = Array.from({ length: 25 }, (_, n) => ({ n, text: `välue ${n}`, list: [n, null, n % 2 === 0] }));

/**
 * Registers the tests that every exactly-once `IngressSource` passes, with the test runner's global `describe` and `it`.
 *
 * ```ts
 * ingressSourceConformance('MemorySource', async (values, ends) => {
 *   const source = new MemorySource(values);
 *   if (ends) source.end();
 *   return { source, services, append: async (more) => source.push(...more) };
 * });
 * ```
 */
export function ingressSourceConformance(
  name: string,
  make: MakeIngressSource,
  { neverEnds = false }: IngressSourceConformanceOptions = {},
): void {
  const test = (title: string, held: readonly unknown[], ends: boolean, body: (trial: Trial) => Promise<void>) =>
    it(title, async () => {
      const made = await make(held, ends);
      const readers: IngressReader<unknown>[] = [];
      const open = async (position?: Position) => {
        const reader = await made.source.open(position, made.services);
        readers.push(reader);
        return reader;
      };
      try {
        await body({ ...made, append: (more) => made.append(more), open });
      } finally {
        for (const reader of readers) await reader.close();
        await made.cleanup?.();
      }
    });

  describe(`${name} as an ingress source`, () => {
    test('gives all records, in order', values, false, async ({ open }) => {
      deepStrictEqual(valuesOf(await readCount(await open(), values.length)), values);
    });

    test('gives at least one record and no more than asked for', values, false, async ({ open }) => {
      const reader = await open();
      for (let left = values.length, max = 1; left > 0; max++) {
        const records = (await reader.read(max)) ?? [];
        ok(records.length >= 1 && records.length <= max, `${records.length} records, ${max} were asked for`);
        left -= records.length;
      }
    });

    test('gives the same from every position, in every process', values, false, async ({ open }) => {
      const all = await readCount(await open(), values.length);
      // Readers stay open, as a crash leaves them.
      for (const [at, { position }] of all.entries()) {
        const again = await readCount(await open(stored(position)), all.length - at - 1, 7);
        deepStrictEqual(again, all.slice(at + 1), `read again behind record ${at}`);
      }
      deepStrictEqual(await readCount(await open(), values.length, 3), all, 'read again from the beginning');
    });

    test('goes on behind what was acknowledged', values, false, async ({ open }) => {
      const reader = await open();
      const all = await readCount(reader, values.length);
      for (const at of [0, 9, 17]) {
        const position = stored(all[at]?.position);
        await reader.acknowledge?.(position);
        deepStrictEqual(await readCount(await open(position), all.length - at - 1), all.slice(at + 1));
      }
    });

    test('waits for records that come later', [], false, async ({ open, append }) => {
      const reader = await open();
      const first = readCount(reader, 1);
      await append(values.slice(0, 1));
      const [record] = await first;
      deepStrictEqual(valuesOf(record === undefined ? [] : [record]), values.slice(0, 1));
      await append(values.slice(1, 3));
      await append(values.slice(3));
      deepStrictEqual(valuesOf(await readCount(reader, values.length - 1)), values.slice(1));
      deepStrictEqual(valuesOf(await readCount(await open(stored(record?.position)), 24)), values.slice(1));
    });

    test('ends a waiting read when it is closed, and closes twice', [], false, async ({ open }) => {
      const reader = await open();
      const waiting = reader.read(10);
      await reader.close();
      await reader.close();
      strictEqual(await waiting, undefined);
      strictEqual(await reader.read(10), undefined);
    });

    it('refuses a position that its medium does not have', async () => {
      const long = await make(values, false);
      const short = await make(values.slice(0, 3), false);
      try {
        const reader = await long.source.open(undefined, long.services);
        const all = await readCount(reader, values.length);
        await reader.close();
        const lost = short.source.open(stored(all.at(-1)?.position), short.services);
        await rejects(lost, (error) => error instanceof StatefulFunctionsError && error.code === 'SF_SOURCE_POSITION');
      } finally {
        await long.cleanup?.();
        await short.cleanup?.();
      }
    });

    if (neverEnds) return;

    test('ends behind the last record, at every position', values, true, async ({ open }) => {
      const all = await readToEnd(await open());
      deepStrictEqual(valuesOf(all), values);
      for (const [at, { position }] of all.entries()) {
        deepStrictEqual(await readToEnd(await open(stored(position))), all.slice(at + 1));
      }
    });

    test('ends at once when there is nothing', [], true, async ({ open }) => {
      const reader = await open();
      strictEqual(await reader.read(10), undefined);
      strictEqual(await reader.read(10), undefined);
    });
  });
}

async function readCount(reader: IngressReader<unknown>, count: number, max = 1000): Promise<IngressRecord<unknown>[]> {
  const records: IngressRecord<unknown>[] = [];
  while (records.length < count) {
    const batch = await reader.read(Math.min(max, count - records.length));
    ok(batch !== undefined, `the source ended after ${records.length} of ${count} records`);
    records.push(...batch);
  }
  return records;
}

async function readToEnd(reader: IngressReader<unknown>): Promise<IngressRecord<unknown>[]> {
  const records: IngressRecord<unknown>[] = [];
  for (;;) {
    const batch = await reader.read(4);
    if (batch === undefined) return records;
    records.push(...batch);
  }
}

function valuesOf(records: readonly IngressRecord<unknown>[]): unknown[] {
  return records.map((record) => ('value' in record ? record.value : record.malformed));
}

/** A position as a checkpoint gives it back. */
function stored(position: Position): Position {
  return decode(encode(position));
}
