import {
  asError,
  type ConnectorServices,
  type EgressRecord,
  type EgressSink,
  invariant,
  type Logger,
  type Position,
  type Scheduler,
  StatefulFunctionsError,
  toJson,
} from '@stateful-functions/core';
import { headers as natsHeaders } from 'nats';
import { Connection } from './connection.js';
import { isPassing, isRefusal, JetStreamApi, type StreamInfo, withoutStream } from './jetstream-api.js';
import { invalid, type NatsOptions, subjectPrefix } from './options.js';
import { type OutgoingMessage, Publisher } from './publisher.js';
import { StreamConsumers } from './stream-consumers.js';
import { readTail } from './stream-tail.js';
import { checkStreamName, isSubject } from './subject.js';

export interface JetStreamSinkOptions<T> extends NatsOptions {
  readonly stream: string;
  /** Of the stream's subjects: one for all, or one for each record. Put ids into it by `subjectToken`. */
  readonly subject: string | ((record: EgressRecord<T>) => string);
  /** JSON by default, as `toJson` of the core writes it. */
  readonly encode?: (value: T) => Uint8Array | string;
  /**
   * Says that nobody else writes to the stream: then the server refuses what is not exactly next, so that records can never be out of
   * order, nor a process that was replaced add any. `false` by default.
   */
  readonly exclusive?: boolean;
  /** For how long it is tried to publish a batch before the sink fails. 60,000 by default. */
  readonly patienceMs?: number;
}

/** The last message that is known to be published, or was there before. */
interface SinkPosition {
  readonly sequence: number;
  readonly created: string;
}

const retryMs = 200;
const acknowledgeTimeoutMs = 5_000;

/**
 * Publishes to a stream of JetStream, each record exactly once, under its id as `Nats-Msg-Id`.
 *
 * **Details**
 * - The server drops an id that it has seen within the stream's duplicate window. Beyond that, whatever the stream holds behind the
 *   position was published without being known: when the sink is opened, and after each failure, the ids in it are read, and
 *   records that have one of them are not published again.
 * - One process publishes at a time. What its predecessor still had under way comes before the record is published again, and
 *   then is found by the server, or after it, within the duplicate window, and then is dropped.
 *
 * **Gotchas**
 * - A stream that loses messages sooner than an application comes back, by `workqueue` or `interest` retention or by its limits, has
 *   only the duplicate window.
 * - Without `exclusive`, a server that refuses one record (for its size, or a limit) and takes the next has them out of order
 *   once the first is published.
 * - JetStream acknowledges before it syncs: see the README.
 */
export class JetStreamSink<T> implements EgressSink<T> {
  #opened: OpenSink | undefined;

  /** @throws SF_INVALID_OPTION */
  constructor(readonly options: JetStreamSinkOptions<T>) {
    const { stream, subject, patienceMs = 60_000 } = options;
    subjectPrefix(options);
    checkStreamName('stream', stream);
    if (typeof subject !== 'function' && !isSubject(subject)) {
      throw invalid(`the subject is ${JSON.stringify(subject)}`, 'Use tokens joined by dots, without wildcards');
    }
    if (!(patienceMs >= 0)) throw invalid(`patienceMs is ${patienceMs}`, 'Use a number of milliseconds');
  }

  /**
   * @throws SF_SINK when there is no such stream; SF_SINK_POSITION when it is not the one that was written
   * @throws SF_CREDENTIALS, SF_UNREACHABLE, SF_UNAUTHORIZED, SF_TLS, SF_UNSUPPORTED_SERVER, SF_FORBIDDEN
   */
  async open(position: Position | undefined, { platform, logger }: ConnectorServices): Promise<Position> {
    invariant(this.#opened === undefined, `the sink of the stream ${this.options.stream} is open already`);
    const connection = await Connection.open({ logger, ...this.options });
    const { stream, subject } = this.options;
    const filter = typeof subject === 'string' ? subject : undefined;
    const consumers = new StreamConsumers(new JetStreamApi(connection), stream, filter);
    const { exclusive = false, patienceMs = 60_000 } = this.options;
    const settings = { exclusive, patienceMs, scheduler: platform.scheduler, logger: logger.child({ stream }) };
    const opened = new OpenSink(connection, consumers, settings);
    try {
      await opened.begin(position as SinkPosition | undefined);
    } catch (error) {
      await opened.close();
      throw withoutStream('SF_SINK', stream, error);
    }
    this.#opened = opened;
    return opened.position;
  }

  /** @throws SF_SINK, SF_SINK_POSITION */
  async publish(records: readonly EgressRecord<T>[]): Promise<Position> {
    const opened = this.#opened;
    if (opened === undefined) throw sinkError(this.options.stream, 'is not open', 'Open it first', undefined);
    await opened.publish(records.map((record) => this.#messageOf(record)));
    return opened.position;
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.close();
  }

  #messageOf(record: EgressRecord<T>): IdentifiedMessage {
    const { subject, encode = toJson, stream } = this.options;
    const to = typeof subject === 'string' ? subject : subject(record);
    if (!isSubject(to)) {
      throw sinkError(
        stream,
        `was given the subject ${JSON.stringify(to)}`,
        'Use subjectToken for its parts',
        undefined,
      );
    }
    const headers = natsHeaders();
    for (const [name, value] of Object.entries(record.headers)) headers.set(headerName(name), headerValue(value));
    headers.set('Nats-Msg-Id', record.id);
    const encoded = encode(record.value);
    const data = typeof encoded === 'string' ? new TextEncoder().encode(encoded) : encoded;
    return { id: record.id, subject: to, headers, data };
  }
}

interface IdentifiedMessage extends OutgoingMessage {
  readonly id: string;
}

interface OpenSinkOptions {
  readonly exclusive: boolean;
  readonly patienceMs: number;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/** A sink with a connection. */
class OpenSink {
  readonly #publisher: Publisher;
  #sequence = 0;
  #created = '';
  /** The end of the stream, if nobody else writes to it. */
  #end = 0;
  /** Ids in the stream behind the position, with their sequences. */
  readonly #there = new Map<string, number>();

  constructor(
    readonly connection: Connection,
    readonly consumers: StreamConsumers,
    readonly options: OpenSinkOptions,
  ) {
    this.#publisher = new Publisher(connection);
  }

  get position(): SinkPosition {
    return { sequence: this.#sequence, created: this.#created };
  }

  async begin(position: SinkPosition | undefined): Promise<void> {
    const info = await this.#info();
    this.#created = position?.created ?? info.created;
    this.#sequence = position?.sequence ?? info.state.last_seq;
    await this.#look();
  }

  async publish(messages: readonly IdentifiedMessage[]): Promise<void> {
    let left = messages;
    const { scheduler, patienceMs, logger } = this.options;
    let isPatient = true;
    const waiting = scheduler.after(patienceMs, () => {
      isPatient = false;
    });
    try {
      for (;;) {
        try {
          left = this.#withoutThose(left);
          await this.#publish(left);
          return;
        } catch (error) {
          left = left.slice(this.#publisher.acknowledged);
          const why = asError(error).message;
          if (!isPatient || isFinal(error) || this.connection.isClosed) {
            throw sinkError(this.consumers.stream, `could not publish: ${why}`, 'Mend it and start again', error);
          }
          logger.warn({ error: why }, 'a batch could not be published, and is tried again');
        }
        await this.#lookWhenPossible(() => isPatient);
      }
    } finally {
      waiting.cancel();
    }
  }

  async close(): Promise<void> {
    this.#publisher.close();
    await this.connection.close();
  }

  /** Leaves out what is in the stream already. */
  #withoutThose(messages: readonly IdentifiedMessage[]): readonly IdentifiedMessage[] {
    return messages.filter(({ id }) => {
      const sequence = this.#there.get(id);
      if (sequence === undefined) return true;
      this.#there.delete(id);
      this.#sequence = Math.max(this.#sequence, sequence);
      return false;
    });
  }

  async #publish(messages: readonly IdentifiedMessage[]): Promise<void> {
    if (this.options.exclusive) this.#expect(messages);
    const last = await this.#stoppable((stop) => this.#publisher.publish(messages, stop));
    this.#sequence = Math.max(this.#sequence, last);
    this.#end = Math.max(this.#end, last);
  }

  /** Has each message refused that does not follow the one before it: by number, and by its id should a stranger have come between. */
  #expect(messages: readonly IdentifiedMessage[]): void {
    for (const [at, { headers }] of messages.entries()) {
      headers.set('Nats-Expected-Last-Sequence', `${this.#end + at}`);
      headers.delete('Nats-Expected-Last-Msg-Id');
      const former = messages[at - 1];
      if (former !== undefined) headers.set('Nats-Expected-Last-Msg-Id', former.id);
    }
  }

  /** Gives up when the connection is lost, and when nothing is acknowledged for long. */
  async #stoppable(publish: (stop: Promise<never>) => Promise<number>): Promise<number> {
    const { scheduler } = this.options;
    let progress = -1;
    let stop: (error: Error) => void = () => {};
    const stopped = new Promise<never>((_, reject) => {
      stop = reject;
    });
    stopped.catch(() => {}); // There may be nothing to publish.
    const check = () => {
      if (this.#publisher.acknowledged === progress) stop(new Error('no acknowledgement came'));
      progress = this.#publisher.acknowledged;
      timer = scheduler.after(acknowledgeTimeoutMs, check);
    };
    let timer = scheduler.after(0, check);
    const lost = () => {
      if (!this.connection.isConnected) stop(new Error('the connection was lost'));
    };
    const listening = this.connection.onChange(lost);
    lost();
    try {
      return await publish(stopped);
    } finally {
      listening.close();
      timer.cancel();
    }
  }

  async #lookWhenPossible(isPatient: () => boolean): Promise<void> {
    for (;;) {
      await new Promise<void>((resolve) => void this.options.scheduler.after(retryMs, resolve));
      if (!this.connection.isConnected && isPatient() && !this.connection.isClosed) continue;
      try {
        await this.#look();
        return;
      } catch (error) {
        if (!isPassing(error) || !isPatient() || this.connection.isClosed) throw error;
      }
    }
  }

  /** Reads which ids are behind the position, where nobody knows yet that they were published. */
  async #look(): Promise<void> {
    const info = await this.#info();
    const { stream } = this.consumers;
    const { last_seq } = info.state;
    if (info.created !== this.#created) {
      throw foreign(stream, `was made at ${info.created}, and that one at ${this.#created}`);
    }
    if (last_seq < this.#sequence) throw foreign(stream, `ends at ${last_seq}, and ${this.#sequence} was published`);
    this.#there.clear();
    if (last_seq > this.#sequence) {
      await readTail(
        this.connection,
        this.options.scheduler,
        this.consumers,
        this.#sequence,
        ({ headers, sequence }) => {
          const id = headers?.get('Nats-Msg-Id');
          if (id !== undefined && id !== '') this.#there.set(id, sequence);
        },
      );
    }
    this.#end = last_seq;
  }

  #info(): Promise<StreamInfo> {
    return this.consumers.api.streamInfo(this.consumers.stream);
  }
}

function isFinal(error: unknown): boolean {
  return isRefusal(error, 'wrongLastSequence') || String((error as { code?: unknown }).code) === 'MAX_PAYLOAD_EXCEEDED';
}

/** What ends a line or a name would be another header. */
function headerName(name: string): string {
  return name.replace(/[^A-Za-z0-9!#$&'*+.^_`|~-]/g, encodeURIComponent);
}

function headerValue(value: string): string {
  return value.toWellFormed().replace(/[\r\n\0]/g, encodeURIComponent);
}

function sinkError(stream: string, why: string, fix: string, cause: unknown): StatefulFunctionsError {
  return new StatefulFunctionsError('SF_SINK', `the sink of the stream ${stream} ${why}. ${fix}; nothing is lost.`, {
    cause,
  });
}

function foreign(stream: string, why: string): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_SINK_POSITION',
    `the stream ${stream} is not the one that the last checkpoint wrote: it ${why}. ` +
      'Restore the stream, or start with an empty checkpoint store.',
  );
}
