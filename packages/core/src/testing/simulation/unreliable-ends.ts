import type { EgressSink } from '../../ports/egress-sink.js';
import type { IngressReader, IngressSource } from '../../ports/ingress-source.js';
import type { BoundIngress } from '../../worker/ingress-pump.js';
import type { WorkerBindings } from '../../worker/worker.js';
import type { SeededRandom } from '../seeded-random.js';
import { replaceEnds } from './replace-ends.js';
import type { Strikes } from './strikes.js';

/** The probability that a call fails, in the runs in which calls do. */
const failure = 0.1;

/**
 * Has sources and sinks fail now and then, as what is reached over a network does: before they have done anything, or when a reader
 * has gone on, or a part of a batch is out. They fail with errors of no code, which may pass.
 */
export class UnreliableEnds {
  readonly #random: SeededRandom;
  readonly #strikes: Strikes;
  #failure: number;

  constructor(random: SeededRandom, strikes: Strikes) {
    this.#random = random;
    this.#strikes = strikes;
    this.#failure = random.chance(0.3) ? failure : 0;
  }

  /** From now on nothing fails. */
  heal(): void {
    this.#failure = 0;
  }

  /** What a worker's modules bind, made unreliable. */
  spoil(bindings: WorkerBindings): WorkerBindings {
    return replaceEnds(
      bindings,
      (bound) => this.#spoilIngress(bound),
      (sink) => this.#spoilSink(sink),
    );
  }

  #spoilIngress(bound: BoundIngress): BoundIngress {
    const source: IngressSource<unknown> = {
      open: async (position, services) => {
        const reader = await bound.source.open(position, services);
        const spoilt: IngressReader<unknown> = {
          read: async (max) => {
            this.#mayFail('source failed');
            const records = await reader.read(max);
            if (records !== undefined) this.#mayFail('source failed behind what it read');
            return records;
          },
          close: () => reader.close(),
        };
        const { acknowledge } = reader;
        if (acknowledge === undefined) return spoilt;
        return {
          ...spoilt,
          acknowledge: async (position) => {
            this.#mayFail('source failed to take an acknowledgement');
            await acknowledge.call(reader, position);
          },
        };
      },
    };
    return { ...bound, source };
  }

  #spoilSink(sink: EgressSink<unknown>): EgressSink<unknown> {
    return {
      open: (position, services) => sink.open(position, services),
      publish: async (records) => {
        this.#mayFail('sink failed');
        if (!this.#random.chance(this.#failure)) return sink.publish(records);
        await sink.publish(records.slice(0, this.#random.below(records.length) + 1));
        throw this.#fail('sink failed in the middle of a batch');
      },
      close: () => sink.close(),
    };
  }

  #mayFail(kind: string): void {
    if (this.#random.chance(this.#failure)) throw this.#fail(kind);
  }

  #fail(kind: string): Error {
    this.#strikes.add(kind);
    return new Error(kind);
  }
}
