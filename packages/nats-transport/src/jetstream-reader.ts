import {
  asError,
  type IngressReader,
  type IngressRecord,
  type Logger,
  type Position,
  type Scheduler,
  StatefulFunctionsError,
} from '@stateful-functions/core';
import type { Connection } from './connection.js';
import { malformed } from './decoding.js';
import { isPassing, isRefusal } from './jetstream-api.js';
import { invalid } from './options.js';
import { batchBytes, batchMessages, Pull, type PulledMessage } from './pull.js';
import {
  type Delivery,
  deliveryBehind,
  deliveryOf,
  type StreamConsumers,
  type StreamStart,
} from './stream-consumers.js';
import { type StreamPosition, verify } from './stream-position.js';

export interface ReaderOptions<T> {
  readonly start: StreamStart;
  readonly durable: string | undefined;
  readonly missing: 'refuse' | 'skip';
  readonly decode: (message: PulledMessage) => T;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

const retryMs = 200;

/**
 * Reads one stream through one consumer after another: whenever the connection or the consumer is lost, or a message is missing in
 * what it delivers, another consumer begins behind the last message that came.
 *
 * Invariant: what is in `#buffer` and was given out before is what the stream has, in order, without gap or repetition.
 */
export class JetStreamReader<T> implements IngressReader<T> {
  readonly #connection: Connection;
  readonly #consumers: StreamConsumers;
  readonly #options: ReaderOptions<T>;
  readonly #listening: { close(): void };
  #buffer: PulledMessage[] = [];
  #next = 0;
  #bufferBytes = 0;
  /** Of the last message that came. */
  #last: StreamPosition | undefined;
  #created = '';
  #delivery: Delivery = deliveryBehind(0);
  #retained = false;
  #committed = 0;
  /** What came and is not acknowledged, in order. Only where messages are acknowledged. */
  #unacknowledged: { readonly sequence: number; readonly reply: string }[] = [];
  #consumer: string | undefined;
  #pull: Pull | undefined;
  #delivered = 0;
  #recovering: Promise<void> | undefined;
  #failure: unknown;
  #isClosed = false;
  #wake: () => void = () => {};

  constructor(connection: Connection, consumers: StreamConsumers, options: ReaderOptions<T>) {
    this.#connection = connection;
    this.#consumers = consumers;
    this.#options = options;
    this.#listening = connection.onChange(() => {
      if (!connection.isConnected) this.#lost('the connection was lost');
    });
  }

  /** Called once, before the first read. */
  async begin(position: StreamPosition | undefined): Promise<void> {
    const { api, stream } = this.#consumers;
    this.#last = position;
    const { config, state } = await api.streamInfo(stream);
    this.#retained = config.retention !== 'limits';
    // What is not acknowledged is behind the position, or before it and was committed without being acknowledged.
    const isResumed = this.#retained && position !== undefined;
    this.#delivery = isResumed ? deliveryBehind(0) : deliveryOf(this.#options.start, state.last_seq);
    if (this.#retained && this.#options.durable === undefined) {
      throw invalid(`the stream ${stream} has the retention ${config.retention}`, 'Give its source a durable name');
    }
    if (config.retention === 'workqueue' && this.#options.start !== 'earliest') {
      throw invalid(`the stream ${stream} has the retention workqueue`, "It can only be read with start: 'earliest'");
    }
    this.#recovering = this.#resume();
    await this.#recovering;
    this.#recovering = undefined;
    if (this.#pull === undefined) this.#lost('the connection was lost');
  }

  async read(max: number): Promise<readonly IngressRecord<T>[] | undefined> {
    while (!this.#isClosed) {
      const records = this.#take(max);
      if (records.length > 0) return records;
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return undefined;
  }

  /** What is not acknowledged because there is no connection is delivered again, and then is. */
  async acknowledge(position: Position): Promise<void> {
    this.#committed = Math.max(this.#committed, (position as StreamPosition).sequence);
    const count = this.#unacknowledged.findIndex(({ sequence }) => sequence > this.#committed);
    const done = this.#unacknowledged.splice(0, count === -1 ? this.#unacknowledged.length : count);
    for (const { reply } of done) this.#acknowledge(reply);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listening.close();
    this.#pull?.stop();
    this.#wake();
    // The lasting one stands for what is not acknowledged. Of the other the server disposes in any case.
    if (!this.#retained && this.#consumer !== undefined) {
      await this.#consumers.delete(this.#consumer).catch(() => undefined);
    }
    await this.#connection.close();
  }

  #take(max: number): IngressRecord<T>[] {
    const taken = this.#buffer.slice(this.#next, this.#next + max);
    this.#next += taken.length;
    if (this.#next >= this.#buffer.length / 2) {
      this.#buffer = this.#buffer.slice(this.#next);
      this.#next = 0;
    }
    for (const { data } of taken) this.#bufferBytes -= data.length;
    this.#fill();
    return taken.map((message) => this.#record(message));
  }

  #record(message: PulledMessage): IngressRecord<T> {
    const { sequence, time } = message;
    const position: StreamPosition = { sequence, time, created: this.#created };
    try {
      return { position, value: this.#options.decode(message) };
    } catch (error) {
      return { position, ...malformed(this.#consumers.stream, message, error) };
    }
  }

  #fill(): void {
    if (this.#buffer.length - this.#next > batchMessages || this.#bufferBytes > batchBytes(this.#connection)) return;
    this.#pull?.more();
  }

  #received(message: PulledMessage): void {
    const { sequence, time, delivered, reply, data } = message;
    this.#delivered += 1;
    if (delivered !== this.#delivered) {
      this.#lost(`${delivered - this.#delivered} messages are missing`);
      return;
    }
    if (this.#retained) {
      if (sequence <= this.#committed) this.#acknowledge(reply);
      else this.#unacknowledged.push({ sequence, reply });
    }
    // A lasting consumer begins with what is not acknowledged.
    if (sequence > (this.#last?.sequence ?? 0)) {
      this.#last = { sequence, time, created: this.#created };
      this.#buffer.push(message);
      this.#bufferBytes += data.length;
      this.#wake();
    }
    this.#fill();
  }

  #acknowledge(reply: string): void {
    if (this.#connection.isConnected) this.#connection.nats.publish(reply);
  }

  #lost(why: string): void {
    this.#pull?.stop();
    this.#pull = undefined;
    if (this.#isClosed || this.#failure !== undefined || this.#recovering !== undefined) return;
    this.#options.logger.debug({ why }, 'reading is interrupted');
    this.#recovering = this.#recover();
  }

  async #recover(): Promise<void> {
    while (!this.#isClosed && this.#pull === undefined) {
      await this.#connection.whenConnected();
      try {
        await this.#checkStillOwned();
        await this.#resume();
      } catch (error) {
        if (this.#isClosed) break;
        if (!isPassing(error)) {
          this.#failure = isRefusal(error, 'streamNotFound') ? gone(this.#consumers.stream, error) : error;
          break;
        }
        this.#options.logger.warn({ error: asError(error).message }, 'reading cannot go on yet');
        await new Promise<void>((resolve) => void this.#options.scheduler.after(retryMs, resolve));
      }
    }
    this.#recovering = undefined;
    this.#wake();
  }

  /** Another reader has replaced the lasting consumer, if it is not there. */
  async #checkStillOwned(): Promise<void> {
    const { durable } = this.#options;
    if (!this.#retained || durable === undefined || this.#consumer === undefined) return;
    const names = await this.#consumers.lasting(durable);
    if (names.includes(this.#consumer)) return;
    throw new StatefulFunctionsError(
      'SF_SOURCE',
      `the consumer ${this.#consumer} of the stream ${this.#consumers.stream} was removed: another process reads with the ` +
        `durable name ${durable}. End one of them, or give it another name.`,
    );
  }

  /** Begins to read with a consumer of its own, behind the last message that came. */
  async #resume(): Promise<void> {
    const { api, stream } = this.#consumers;
    const info = await api.streamInfo(stream);
    if (this.#created !== '' && this.#last === undefined && info.created !== this.#created) {
      throw new StatefulFunctionsError('SF_SOURCE_POSITION', `the stream ${stream} was made anew while it was read.`);
    }
    if (this.#last !== undefined) await verify(api, info, this.#last, this.#options.missing, this.#options.logger);
    this.#created = info.created;
    this.#unacknowledged = [];
    this.#delivered = 0;
    const consumer = await this.#replaceConsumer(info.config.retention);
    this.#consumer = consumer;
    if (this.#isClosed || !this.#connection.isConnected) return;
    this.#pull = new Pull(this.#connection, this.#options.scheduler, stream, consumer, {
      received: (message) => this.#received(message),
      lost: (why) => this.#lost(why),
    });
    this.#fill();
  }

  async #replaceConsumer(retention: 'limits' | 'interest' | 'workqueue'): Promise<string> {
    const { durable } = this.#options;
    const consumers = this.#consumers;
    if (retention === 'limits' || durable === undefined) {
      return consumers.makePassing(this.#last === undefined ? this.#delivery : deliveryBehind(this.#last.sequence));
    }
    const former = await consumers.lasting(durable);
    // A work queue has one consumer for a subject, and keeps messages without any. The other keeps what some consumer wants.
    if (retention === 'workqueue') for (const name of former) await consumers.delete(name);
    const made = await consumers.makeLasting(durable, this.#delivery);
    if (retention === 'interest') for (const name of former) await consumers.delete(name);
    return made;
  }
}

function gone(stream: string, cause: unknown): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_SOURCE',
    `the stream ${stream} was removed while it was read. Restore it and start again; nothing is lost but what it held.`,
    { cause },
  );
}
