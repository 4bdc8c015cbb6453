import type { DeadLetter } from '@stateful-functions/core';
import { type Arrival, intakes, type Trace, traces } from '@stateful-functions/verification';
import { connect, type JetStreamClient, type JetStreamManager, type NatsConnection, nanos } from 'nats';

/** The names of the streams by which the cluster is fed, and into which it publishes. */
export const streams = {
  intake: (index: number) => `CHAOS_INTAKE_${index}`,
  traces: (index: number) => `CHAOS_TRACES_${index}`,
  deadLetters: 'CHAOS_DEAD_LETTERS',
  subject: (stream: string) => stream.toLowerCase().replaceAll('_', '.'),
} as const;

const windowMs = 120_000;
const retryMs = 200;

/** What is outside of the cluster: its way in and out, over a connection that outlives every server. */
export class Streams implements AsyncDisposable {
  readonly #connection: NatsConnection;
  readonly #jetStream: JetStreamClient;
  readonly #manager: JetStreamManager;
  /** All that has come out, by stream, in order. */
  readonly #shown = new Map<string, unknown[]>();

  private constructor(connection: NatsConnection, manager: JetStreamManager) {
    this.#connection = connection;
    this.#jetStream = connection.jetstream({ timeout: 2_000 });
    this.#manager = manager;
  }

  static async make(servers: string): Promise<Streams> {
    const connection = await connect({
      servers,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      pingInterval: 2_000,
    });
    const made = new Streams(connection, await connection.jetstreamManager({ timeout: 2_000 }));
    const names = [...intakes.keys()].map(streams.intake);
    names.push(...[...traces.keys()].map(streams.traces), streams.deadLetters);
    for (const name of names) {
      await made.#manager.streams.add({
        name,
        subjects: [streams.subject(name)],
        duplicate_window: nanos(windowMs),
      });
    }
    return made;
  }

  /** Publishes a record; tries until it is in the stream. */
  async feed(intake: number, arrival: Arrival): Promise<void> {
    const bytes = new TextEncoder().encode(JSON.stringify(arrival));
    const subject = streams.subject(streams.intake(intake));
    await persistently(() => this.#jetStream.publish(subject, bytes, { msgID: arrival.id }));
  }

  get traces(): readonly Trace[][] {
    return traces.map((_, index) => this.#of(streams.traces(index)) as Trace[]);
  }

  get deadLetters(): readonly DeadLetter[] {
    return this.#of(streams.deadLetters) as DeadLetter[];
  }

  /** Reads what has come out since. */
  async look(): Promise<void> {
    for (const stream of [...[...traces.keys()].map(streams.traces), streams.deadLetters]) {
      const shown = this.#of(stream);
      const { state } = await persistently(() => this.#manager.streams.info(stream));
      while (shown.length < state.last_seq) {
        const message = await persistently(() => this.#manager.streams.getMessage(stream, { seq: shown.length + 1 }));
        shown.push(message.json());
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }

  #of(stream: string): unknown[] {
    const shown = this.#shown.get(stream) ?? [];
    this.#shown.set(stream, shown);
    return shown;
  }
}

/** The server may be away for a while; what was published under an id may be published again. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}
