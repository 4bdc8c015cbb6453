import type { ConnectorServices } from '../ports/ingress-source.js';
import type { EgressRecord, EgressSink } from '../ports/egress-sink.js';
import type { Position } from '../ports/position.js';
import type { Headers } from '../sdk/context.js';
import { asError, StatefulFunctionsError } from '../sdk/errors.js';

/** A record that is not known to be published. */
export interface PendingRecord {
  readonly value: unknown;
  readonly headers: Headers;
  /** `undefined` until the checkpoint that holds it is committed. */
  readonly id: string | undefined;
}

/** What a cut finds at an egress. */
export interface EgressCut {
  readonly position: Position;
  /** Of earlier checkpoints, not known to be published. */
  readonly unpublished: readonly EgressRecord<unknown>[];
  /** New since the last cut. */
  readonly fresh: readonly FreshRecord[];
}

export interface FreshRecord {
  readonly value: unknown;
  readonly headers: Headers;
}

const batchSize = 4_096;

/**
 * One egress: holds records back until the checkpoint that has them is committed, then publishes them in order.
 *
 * Invariants: only records of committed checkpoints are published; the position is that of the last batch known to be
 * published, and every record behind it is either here or in a later checkpoint's part.
 */
export class EgressOutlet {
  #fresh: FreshRecord[] = [];
  #cut: FreshRecord[] = [];
  #unpublished: EgressRecord<unknown>[] = [];
  #position: Position;
  #published = 0;
  #publishing: Promise<void> | undefined;
  #closed = false;

  constructor(
    readonly name: string,
    readonly sink: EgressSink<unknown>,
    position: Position | undefined,
    readonly services: ConnectorServices,
    readonly failed: (error: unknown) => void,
  ) {
    this.#position = position;
  }

  /** Records not known to be published. */
  get pending(): number {
    return this.#fresh.length + this.#cut.length + this.#unpublished.length;
  }

  /** Records published since the start. */
  get published(): number {
    return this.#published;
  }

  get hasFresh(): boolean {
    return this.#fresh.length > 0;
  }

  get position(): Position {
    return this.#position;
  }

  async open(): Promise<void> {
    this.#position = await this.sink.open(this.#position, this.services);
  }

  /** Puts back a record of a recovered checkpoint. */
  restore(record: EgressRecord<unknown>): void {
    this.#unpublished.push(record);
  }

  add(value: unknown, headers: Headers): void {
    this.#fresh.push({ value, headers });
  }

  cut(): EgressCut {
    const { position } = this;
    this.#cut = this.#fresh;
    this.#fresh = [];
    return { position, unpublished: [...this.#unpublished], fresh: this.#cut };
  }

  /** The cut is committed: its records have ids now and may leave. */
  committed(idOf: (record: FreshRecord) => string): void {
    for (const record of this.#cut) this.#unpublished.push({ id: idOf(record), value: record.value, headers: record.headers });
    this.#cut = [];
    this.publish();
  }

  abandon(): void {
    this.#fresh = [...this.#cut, ...this.#fresh];
    this.#cut = [];
  }

  /** Starts to publish what may leave. */
  publish(): void {
    this.#publishing ??= this.#run().finally(() => {
      this.#publishing = undefined;
    });
  }

  /** Resolves when all that may leave has left, or publishing failed. */
  async drained(): Promise<void> {
    while (this.#publishing !== undefined) await this.#publishing;
  }

  /** Stops after the batch under way, and releases the sink. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.drained();
    await this.sink.close();
  }

  async #run(): Promise<void> {
    try {
      while (!this.#closed && this.#unpublished.length > 0) {
        const batch = this.#unpublished.slice(0, batchSize);
        const position = await this.sink.publish(batch);
        this.#position = position;
        this.#unpublished.splice(0, batch.length);
        this.#published += batch.length;
      }
    } catch (cause) {
      const message = `the sink of ${this.name} failed: ${asError(cause).message}. Mend it and start again; nothing is lost.`;
      this.failed(cause instanceof StatefulFunctionsError ? cause : new StatefulFunctionsError('SF_SINK', message, { cause }));
    }
  }
}
