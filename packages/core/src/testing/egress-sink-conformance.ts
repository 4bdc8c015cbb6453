import { deepStrictEqual } from 'node:assert/strict';
import { decode, encode } from '../codec/codec.js';
import type { EgressRecord, EgressSink } from '../ports/egress-sink.js';
import type { ConnectorServices } from '../ports/ingress-source.js';
import type { Position } from '../ports/position.js';

/** What a suite needs of its test runner: mocha's globals, which Vitest and Jest can give too. */
declare const describe: (title: string, suite: () => void) => void;
declare const it: (title: string, test: () => Promise<void>) => void;

/** A fresh, empty medium. */
export interface EgressSinkUnderTest {
  readonly services: ConnectorServices;
  /** A new sink on the medium: what a restarted process has. */
  sink(): EgressSink<unknown>;
  /** Ends the process that has the sink: no `close`. Left out, the sink is just given up. */
  crash?(): void;
  /** The values that whoever reads the medium sees, in order. */
  shown(): Promise<unknown[]>;
  /** Removes whatever is left. */
  cleanup?(): Promise<void>;
}

export interface EgressSinkConformanceOptions {
  /** For sinks documented as such: what is published again may be shown again. */
  readonly atLeastOnce?: boolean;
}

interface Trial extends EgressSinkUnderTest {
  /** Opens a new sink, as a restarted process does. */
  start(position?: Position): Promise<{ readonly sink: EgressSink<unknown>; readonly position: Position }>;
  /** Fails unless these values are shown: once and in this order, or at least once. */
  shows(expected: readonly EgressRecord<unknown>[]): Promise<void>;
}

const records = Array.from({ length: 23 }, (_, n) => recordOf(n));
const batches = [
  records.slice(0, 1),
  records.slice(1, 8),
  records.slice(8, 9),
  records.slice(9, 20),
  records.slice(20),
];

/**
 * Registers the tests that every `EgressSink` passes, with the test runner's global `describe` and `it`.
 *
 * ```ts
 * egressSinkConformance('MemorySink', async () => {
 *   const sink = new MemorySink();
 *   return { services, sink: () => sink, shown: async () => sink.values };
 * });
 * ```
 */
export function egressSinkConformance(
  name: string,
  make: () => Promise<EgressSinkUnderTest>,
  { atLeastOnce = false }: EgressSinkConformanceOptions = {},
): void {
  const test = (title: string, body: (trial: Trial) => Promise<void>) =>
    it(title, async () => {
      const made = await make();
      const sinks: EgressSink<unknown>[] = [];
      const start = async (position?: Position) => {
        const sink = made.sink();
        sinks.push(sink);
        return { sink, position: stored(await sink.open(position, made.services)) };
      };
      const shows = async (expected: readonly EgressRecord<unknown>[]) => {
        const shown = await made.shown();
        deepStrictEqual(
          atLeastOnce ? firstOfEach(shown) : shown,
          expected.map(({ value }) => value),
        );
      };
      try {
        await body({
          services: made.services,
          sink: () => made.sink(),
          crash: () => made.crash?.(),
          shown: () => made.shown(),
          start,
          shows,
        });
      } finally {
        // Those given up in a crash too: they hold files open. A medium that crashed may refuse it.
        for (const sink of sinks) await sink.close().catch(() => undefined);
        await made.cleanup?.();
      }
    });

  describe(`${name} as an egress sink`, () => {
    test('shows what was published, in order', async ({ start, shows }) => {
      const { sink } = await start();
      for (const batch of batches) await sink.publish(batch);
      await shows(records);
    });

    test('takes a batch of nothing', async ({ start, shows }) => {
      const { sink } = await start();
      await sink.publish([]);
      await sink.publish(records.slice(0, 2));
      await sink.publish([]);
      await shows(records.slice(0, 2));
    });

    test('goes on where it was closed', async ({ start, shows }) => {
      let { sink, position } = await start();
      for (const batch of batches) {
        position = stored(await sink.publish(batch));
        await sink.close();
        ({ sink, position } = await start(position));
      }
      await shows(records);
    });

    for (let known = 0; known <= batches.length; known++) {
      test(`shows each record after a crash with ${known} batches known to be published`, async (trial) => {
        let { sink, position } = await trial.start();
        for (const [at, batch] of batches.entries()) {
          const behind = stored(await sink.publish(batch));
          if (at < known) position = behind;
        }
        trial.crash?.();
        // What comes again has the same order and ids, and need not have the same batches.
        ({ sink } = await trial.start(position));
        await sink.publish(batches.slice(known).flat());
        await trial.shows(records);
      });
    }

    test('shows each record after crashes that follow each other', async (trial) => {
      let { position } = await trial.start();
      for (let attempt = 0; attempt < 4; attempt++) {
        const { sink } = await trial.start(position);
        await sink.publish(records.slice(0, 5));
        trial.crash?.();
      }
      const { sink } = await trial.start(position);
      position = stored(await sink.publish(records.slice(0, 5)));
      trial.crash?.();
      const last = await trial.start(position);
      await last.sink.publish(records.slice(5));
      await trial.shows(records);
    });

    test('starts anew after a crash before the first checkpoint', async (trial) => {
      await trial.start();
      trial.crash?.();
      const { sink } = await trial.start();
      await sink.publish(records);
      await trial.shows(records);
    });
  });
}

function recordOf(n: number): EgressRecord<unknown> {
  return { id: `log-7-0-${n}`, value: { n, text: `välue ${n}`, list: [n, null, n % 2 === 0] }, headers: {} };
}

/** Each value where it is first seen. */
function firstOfEach(shown: readonly unknown[]): unknown[] {
  const seen = new Map(shown.map((value) => [JSON.stringify(value), value]));
  return [...seen.values()];
}

/** A position as a checkpoint gives it back. */
function stored(position: Position): Position {
  return decode(encode(position));
}
