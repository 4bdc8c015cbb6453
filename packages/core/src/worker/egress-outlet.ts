import { noHeaders } from '../dispatch/envelope.js';
import type { EgressRecord, EgressSink } from '../ports/egress-sink.js';
import type { ConnectorServices } from '../ports/ingress-source.js';
import type { Position } from '../ports/position.js';
import type { Headers } from '../sdk/context.js';
import { asError, StatefulFunctionsError } from '../sdk/errors.js';
import { ValueColumn } from '../state/value-column.js';
import { Patience } from './patience.js';

/** Records of one checkpoint, in order: the id of each is the prefix and its number. */
export interface EgressRun {
  /** `undefined` until the checkpoint is committed: the prefix names its place in the log. */
  readonly prefix: string | undefined;
  /** The number of the first record. */
  readonly first: number;
  /** How many of them, from the first on, are published. */
  readonly done: number;
  readonly values: ValueColumn;
  /** Of each record; `undefined` if none has any. */
  readonly headers: readonly Headers[] | undefined;
}

/** What a cut finds at an egress. */
export interface EgressCut {
  readonly position: Position;
  /** Not known to be published, of earlier checkpoints; then those that are new since the last cut. */
  readonly runs: readonly EgressRun[];
}

/** A record on its way to the sink. Its value, and its id that few sinks look at, are made when they are asked for. */
class OutgoingRecord implements EgressRecord<unknown> {
  private made: { readonly value: unknown } | undefined = undefined;

  constructor(
    private readonly prefix: string,
    private readonly number: number,
    private readonly index: number,
    private readonly read: (index: number) => unknown,
    readonly headers: Headers,
  ) {}

  get value(): unknown {
    this.made ??= { value: this.read(this.index) };
    return this.made.value;
  }

  get id(): string {
    return `${this.prefix}-${this.number}`;
  }
}

/** What an outlet needs of its worker. */
export interface OutletServices extends ConnectorServices {
  /** Whether this worker may still publish. */
  isCurrent(): boolean;
  /** The position has advanced. */
  moved(): void;
  failed(error: unknown): void;
}

const batchSize = 4_096;

/**
 * One egress: holds records back until the checkpoint that has them is committed, then publishes them in order.
 *
 * Invariants: only records of committed checkpoints are published; the position is that of the last batch known to be
 * published, and every record behind it is either here or in a later checkpoint's part.
 *
 * **Details** A sink that fails may have published part of a batch. It is opened anew at the position, as after a crash, and gets
 * the batch again. What a coded error says does not pass by itself, and is not tried again.
 */
export class EgressOutlet {
  #values = new ValueColumn();
  #headers: Headers[] | undefined;
  /** What the checkpoint under way has frozen. */
  #cut: EgressRun | undefined;
  readonly #unpublished: EgressRun[] = [];
  /** Records of the first unpublished run that are published. Restored runs begin with none. */
  #done = 0;
  #waiting = 0;
  #position: Position;
  #published = 0;
  #opening: Promise<Position> | undefined;
  #publishing: Promise<void> | undefined;
  readonly #patience: Patience;
  /** Whether the sink has failed and was not opened anew yet. */
  #hasFailed = false;
  #closed = false;

  constructor(
    readonly name: string,
    readonly sink: EgressSink<unknown>,
    position: Position | undefined,
    readonly services: OutletServices,
  ) {
    this.#position = position;
    this.#patience = new Patience(services.platform.scheduler);
  }

  /** Records not known to be published. */
  get pending(): number {
    return this.#values.length + (this.#cut?.values.length ?? 0) + this.#waiting;
  }

  /** Records published since the start. */
  get published(): number {
    return this.#published;
  }

  get hasFresh(): boolean {
    return this.#values.length > 0;
  }

  get position(): Position {
    return this.#position;
  }

  async open(): Promise<void> {
    const { platform, logger } = this.services;
    this.#opening = this.sink.open(this.#position, { platform, logger });
    this.#position = await this.#opening;
  }

  /** Puts back records of a recovered checkpoint. */
  restore(run: EgressRun): void {
    this.#unpublished.push(run);
    this.#waiting += run.values.length - run.done;
  }

  add(value: unknown, headers: Headers): void {
    this.#values.push(value);
    if (headers !== noHeaders && this.#headers === undefined)
      this.#headers = new Array<Headers>(this.#values.length - 1).fill(noHeaders);
    this.#headers?.push(headers);
  }

  /** @param first the number of the first record that is new since the last cut. */
  cut(first: number): EgressCut {
    const runs: EgressRun[] = this.#unpublished.map((run, index) => (index === 0 ? { ...run, done: this.#done } : run));
    this.#cut = { prefix: undefined, first, done: 0, values: this.#values, headers: this.#headers };
    this.#values = new ValueColumn();
    this.#headers = undefined;
    if (this.#cut.values.length > 0) runs.push(this.#cut);
    return { position: this.#position, runs };
  }

  /** The cut is committed: its records have ids now and may leave. */
  committed(prefix: string): void {
    if (this.#cut !== undefined && this.#cut.values.length > 0) this.restore({ ...this.#cut, prefix });
    this.#cut = undefined;
    this.publish();
  }

  abandon(): void {
    const cut = this.#cut;
    this.#cut = undefined;
    if (cut === undefined) return;
    const { values, headers } = cut;
    if (headers !== undefined || this.#headers !== undefined) {
      this.#headers = [...headersOf(values, headers), ...headersOf(this.#values, this.#headers)];
    }
    values.append(this.#values);
    this.#values = values;
  }

  /** Starts to publish what may leave, if there is anything. */
  publish(): void {
    if (this.#publishing === undefined && this.#mayPublish) this.#publishing = this.#run();
  }

  /** Whether something leaves that may. */
  get isPublishing(): boolean {
    return this.#publishing !== undefined;
  }

  /** Resolves when all that may leave has left, or publishing failed. */
  async drained(): Promise<void> {
    while (this.#publishing !== undefined) await this.#publishing;
  }

  /** From now on a sink that fails is not tried again. */
  endPatience(): void {
    this.#patience.end();
  }

  /** Stops after the batch under way, and releases the sink. */
  async close(): Promise<void> {
    this.#closed = true;
    this.endPatience();
    await this.#opening?.catch(() => undefined); // Whoever opens it is told.
    await this.drained();
    await this.sink.close();
  }

  get #mayPublish(): boolean {
    return this.#waiting > 0 && !this.#closed && this.services.isCurrent();
  }

  async #run(): Promise<void> {
    while (this.#mayPublish) {
      const batch = this.#nextBatch();
      try {
        if (this.#hasFailed) await this.#openAnew();
        this.#position = await this.sink.publish(batch);
      } catch (error) {
        this.#hasFailed = true;
        if (await this.#mayPass(error)) continue;
        break;
      }
      this.#patience.succeeded();
      this.#account(batch.length);
      this.services.moved();
    }
    this.#publishing = undefined;
  }

  #account(published: number): void {
    this.#done += published;
    this.#waiting -= published;
    this.#published += published;
    if (this.#done !== this.#unpublished[0]?.values.length) return;
    this.#unpublished.shift();
    this.#done = 0;
  }

  async #openAnew(): Promise<void> {
    await this.sink.close().catch(() => undefined); // It has failed, and nobody relies on it: what counts is whether it opens.
    await this.open();
    this.#hasFailed = false;
  }

  /** Waits until the sink is to be tried again; whether it is. If not, and the outlet was not closed, the failure is told. */
  async #mayPass(cause: unknown): Promise<boolean> {
    const { message } = asError(cause);
    if (!(cause instanceof StatefulFunctionsError)) {
      this.services.logger.warn({ err: cause, egress: this.name }, 'a sink failed; will open it anew');
      if (await this.#patience.pause()) return true;
    }
    if (this.#closed) return false;
    const told = `the sink of ${this.name} failed: ${message}. Mend it and start again; nothing is lost.`;
    this.services.failed(
      cause instanceof StatefulFunctionsError ? cause : new StatefulFunctionsError('SF_SINK', told, { cause }),
    );
    return false;
  }

  #nextBatch(): EgressRecord<unknown>[] {
    const { prefix, first, values, headers } = this.#unpublished[0] as EgressRun;
    const from = this.#done;
    const to = Math.min(values.length, from + batchSize);
    const read = values.reader(from, to);
    const batch: EgressRecord<unknown>[] = [];
    for (let index = from; index < to; index += 1) {
      batch.push(new OutgoingRecord(prefix as string, first + index, index, read, headers?.[index] ?? noHeaders));
    }
    return batch;
  }
}

function headersOf(values: ValueColumn, headers: readonly Headers[] | undefined): readonly Headers[] {
  return headers ?? new Array<Headers>(values.length).fill(noHeaders);
}
