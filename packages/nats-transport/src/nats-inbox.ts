import { type Inbox, StatefulFunctionsError } from '@stateful-functions/core';
import type { Connection } from './connection.js';
import { JetStreamApi, JetStreamRefusal } from './jetstream-api.js';
import { JetStreamSource } from './jetstream-source.js';
import { type NatsOptions, subjectPrefix } from './options.js';
import { ownStream } from './own-stream.js';

const patienceMs = 30_000;
const retryAfterMs = 200;

/**
 * An application's inbox: a work queue of JetStream, from which a call vanishes when a checkpoint holds it.
 *
 * The server drops an id that it has seen within the stream's duplicate window, 2 minutes; a call is tried for less. It
 * acknowledges before it has synced, see the gotchas of `JetStreamSink`.
 */
export class NatsInbox implements Inbox {
  readonly source: JetStreamSource<Uint8Array>;
  readonly #connection: Connection;
  readonly #api: JetStreamApi;
  readonly #subject: string;

  private constructor(connection: Connection, options: NatsOptions) {
    const { application } = options;
    this.#connection = connection;
    this.#api = new JetStreamApi(connection);
    this.#subject = subjectOf(options);
    this.source = new JetStreamSource<Uint8Array>({
      ...options,
      stream: streamOf(application),
      decode: 'binary',
      durable: 'inbox',
    });
  }

  /**
   * Makes the stream if there is none.
   *
   * @throws SF_UNSUPPORTED_SERVER, SF_FORBIDDEN, SF_INCOMPATIBLE, SF_UNREACHABLE
   */
  static async open(connection: Connection, options: NatsOptions, replicas: number): Promise<NatsInbox> {
    const name = streamOf(options.application);
    const subject = subjectOf(options);
    const api = new JetStreamApi(connection);
    const { config } = await ownStream(
      api,
      { name, subjects: [subject], retention: 'workqueue', num_replicas: replicas },
      {
        name: `stream ${name}`,
        command: `nats stream add ${name} --subjects ${subject} --retention work --storage file --discard new --defaults`,
      },
    );
    if (config.retention !== 'workqueue' || config.max_age !== 0 || !config.subjects?.includes(subject)) {
      throw new StatefulFunctionsError(
        'SF_INCOMPATIBLE',
        `the stream ${name} is no work queue of ${subject} that keeps what nobody has read. Remove it, and it is made as it must be.`,
      );
    }
    return new NatsInbox(connection, options);
  }

  /** @throws SF_FRAME_TOO_LARGE, SF_STORAGE_FULL, SF_FORBIDDEN, SF_UNREACHABLE */
  async put(id: string, record: Uint8Array): Promise<void> {
    const untilMs = performance.now() + patienceMs;
    for (;;) {
      try {
        await this.#api.publish(this.#subject, record, { 'Nats-Msg-Id': id });
        return;
      } catch (error) {
        if (error instanceof JetStreamRefusal) throw refused(error);
        const mayPass = error instanceof StatefulFunctionsError && passing.includes(error.code);
        if (!mayPass || performance.now() > untilMs || this.#connection.isClosed) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
      }
    }
  }
}

/** While a server starts, there is no JetStream, or nobody leads the stream. */
const passing: readonly string[] = ['SF_UNREACHABLE', 'SF_UNSUPPORTED_SERVER'];

function streamOf(application: string): string {
  return `sf_${application}_calls`;
}

function subjectOf(options: NatsOptions): string {
  return `${subjectPrefix(options)}.calls`;
}

function refused(cause: JetStreamRefusal): StatefulFunctionsError {
  const message = `JetStream does not take a call: ${cause.message}. Give the stream, or the server, more room.`;
  return new StatefulFunctionsError('SF_STORAGE_FULL', message, { cause });
}
