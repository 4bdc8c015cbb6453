import type { EgressSink } from '../../ports/egress-sink.js';
import type { IngressReader, IngressSource } from '../../ports/ingress-source.js';
import type { BoundIngress } from '../../worker/ingress-pump.js';
import type { WorkerBindings } from '../../worker/worker.js';
import type { CommittedLog } from './committed-log.js';
import { replaceEnds } from './replace-ends.js';

/** Where a record stands: index and number of its id. */
interface Place {
  readonly index: number;
  readonly number: number;
}

const idForm = /^(.*)-(\d+)-(\d+)-(\d+)$/;

/**
 * Watches what a cluster shows to the outside, whoever shows it. A worker that has lost its share and does not know may go on for a
 * while; what it may not do is show what could still be rolled back.
 *
 * Invariants, of all workers together:
 * - A record that is published belongs to a checkpoint that is in the log.
 * - Records of an egress are published in the order of the log, apart from those that were published before.
 * - A position that is acknowledged is that of a checkpoint which is in the log.
 */
export class WatchedEnds {
  readonly #log: CommittedLog;
  readonly #violate: (violation: string) => void;
  readonly #published = new Map<string, { readonly ids: Set<string>; last: Place }>();

  constructor(log: CommittedLog, violate: (violation: string) => void) {
    this.#log = log;
    this.#violate = violate;
  }

  /** What a worker's modules bind, watched. */
  watch(bindings: WorkerBindings): WorkerBindings {
    return replaceEnds(
      bindings,
      (bound, name) => this.#watchIngress(name, bound),
      (sink, name) => this.#watchSink(name, sink),
    );
  }

  #watchIngress(name: string, bound: BoundIngress): BoundIngress {
    const { source } = bound;
    const watched: IngressSource<unknown> = {
      open: async (position, services) => {
        const reader = await source.open(position, services);
        const { acknowledge } = reader;
        if (acknowledge === undefined) return reader;
        const checked: IngressReader<unknown> = {
          read: (max) => reader.read(max),
          acknowledge: (upTo) => {
            if (!this.#log.hasPosition(name, upTo))
              this.#violate(`ends: ${name} was told that ${JSON.stringify(upTo)} is done, which no checkpoint has`);
            return acknowledge.call(reader, upTo);
          },
          close: () => reader.close(),
        };
        return checked;
      },
    };
    return { ...bound, source: watched };
  }

  #watchSink(name: string, sink: EgressSink<unknown>): EgressSink<unknown> {
    return {
      open: (position, services) => sink.open(position, services),
      publish: (records) => {
        for (const { id } of records) this.#publish(name, id);
        return sink.publish(records);
      },
      close: () => sink.close(),
    };
  }

  #publish(egress: string, id: string): void {
    const [, logId = '', ...numbers] = idForm.exec(id) ?? [];
    const [index = 0, , number = 0] = numbers.map(Number);
    if (!this.#log.has(logId, index)) this.#violate(`ends: ${id} leaves by ${egress}, and is of no checkpoint`);
    const known = this.#published.get(egress) ?? { ids: new Set<string>(), last: { index: 0, number: 0 } };
    this.#published.set(egress, known);
    if (known.ids.has(id)) return;
    known.ids.add(id);
    const { last } = known;
    if (index < last.index || (index === last.index && number < last.number))
      this.#violate(`ends: ${id} leaves by ${egress} behind record ${last.number} of entry ${last.index}`);
    known.last = { index, number };
  }
}
