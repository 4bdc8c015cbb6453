import {
  type ConnectorServices,
  type IngressReader,
  type IngressSource,
  type Position,
} from '@stateful-functions/core';
import { Connection } from './connection.js';
import { type Decoding, decoderOf } from './decoding.js';
import { JetStreamApi, withoutStream } from './jetstream-api.js';
import { JetStreamReader } from './jetstream-reader.js';
import { invalid, type NatsOptions, subjectPrefix } from './options.js';
import { StreamConsumers, type StreamStart } from './stream-consumers.js';
import type { StreamPosition } from './stream-position.js';
import { checkFilter, checkStreamName } from './subject.js';

export interface JetStreamSourceOptions<T> extends NatsOptions {
  readonly stream: string;
  /** Reads only messages with such subjects. All by default. */
  readonly filter?: string;
  /** `earliest` by default. */
  readonly start?: StreamStart;
  /** `json` by default. */
  readonly decode?: Decoding<T>;
  /** Begins the names of consumers on streams with the retention `interest` or `workqueue`, which need it. */
  readonly durable?: string;
  /** What to do when a stream has removed messages before they were read: an error, the default, or a warning. */
  readonly missing?: 'refuse' | 'skip';
}

/**
 * Reads a stream of JetStream, exactly once.
 *
 * A position is the sequence of a message, with its time and that of the stream's making; reading goes on behind it, whatever
 * becomes of connection and server meanwhile.
 *
 * **Details**
 * - A stream with the retention `limits` is left alone: each reader has a consumer that acknowledges nothing.
 * - From `interest` and `workqueue` streams messages vanish once they are acknowledged, which happens when a checkpoint holds them. A
 *   lasting consumer stands for the messages that are not. Each reader replaces it by another, since a server gives what one
 *   consumer has delivered to nobody else for a while, and then out of order.
 * - Several partitions are several sources, each with another `filter`: see `Binder.bindPartitions`.
 *
 * **Gotchas**
 * - A stream that was made anew, restored to an earlier state or purged is `SF_SOURCE_POSITION`. So is one that removed messages before
 *   they were read, unless `missing` is `skip`. With a `filter`, messages that nobody would have read count as well.
 * - With `latest` and `time` there is no position before the first checkpoint, so a crash before it begins anew.
 * - On `interest` and `workqueue` streams, what was acknowledged is gone: an older savepoint does not bring it back. An `interest`
 *   stream keeps nothing for a source that was never opened.
 */
export class JetStreamSource<T> implements IngressSource<T> {
  /** @throws SF_INVALID_OPTION */
  constructor(readonly options: JetStreamSourceOptions<T>) {
    const { stream, filter, start = 'earliest', durable } = options;
    subjectPrefix(options);
    checkStreamName('stream', stream);
    if (filter !== undefined) checkFilter(filter);
    if (durable !== undefined) checkStreamName('durable', durable);
    const isValid =
      start === 'earliest' ||
      start === 'latest' ||
      ('sequence' in start
        ? Number.isSafeInteger(start.sequence) && start.sequence > 0
        : !Number.isNaN(start.time?.getTime()));
    if (!isValid)
      throw invalid(`start is ${JSON.stringify(start)}`, "Use 'earliest', 'latest', { sequence } or { time }");
  }

  /**
   * @throws SF_SOURCE when there is no such stream; SF_SOURCE_POSITION when it is not the one that was read
   * @throws SF_CREDENTIALS, SF_UNREACHABLE, SF_UNAUTHORIZED, SF_TLS, SF_UNSUPPORTED_SERVER, SF_FORBIDDEN
   */
  async open(position: Position | undefined, { platform, logger }: ConnectorServices): Promise<IngressReader<T>> {
    const { stream, filter, start = 'earliest', decode = 'json', durable, missing = 'refuse' } = this.options;
    const connection = await Connection.open({ logger, ...this.options });
    try {
      const consumers = new StreamConsumers(new JetStreamApi(connection), stream, filter);
      const reader = new JetStreamReader<T>(connection, consumers, {
        start,
        durable,
        missing,
        decode: decoderOf(decode),
        scheduler: platform.scheduler,
        logger: logger.child({ stream }),
      });
      await reader.begin(position as StreamPosition | undefined);
      return reader;
    } catch (error) {
      await connection.close();
      throw withoutStream('SF_SOURCE', stream, error);
    }
  }
}
