import type { DeadLetter } from '@stateful-functions/core';
import { type ConsumerMessages, connect, type JetStreamClient, type NatsConnection, RetentionPolicy } from 'nats';
import type { Tick } from '../simulator/simulator.js';
import type { Pickup } from '../src/driver.js';
import type { Notice } from '../src/passenger.js';
import type { Audience } from './deployment.js';
import { partitionOf, reportSubject, streams } from './streams.js';

const retryMs = 200;

/** The way of the city's phones to a cluster and back, by streams. */
export class Phones implements AsyncDisposable {
  readonly deadLetters: DeadLetter[] = [];
  /** Rejects when what comes out cannot be read any more. */
  readonly failed: Promise<never>;
  readonly #connection: NatsConnection;
  readonly #jetStream: JetStreamClient;
  readonly #listening: ConsumerMessages[] = [];
  #fail!: (error: unknown) => void;
  #ids = 0;

  private constructor(connection: NatsConnection) {
    this.#connection = connection;
    this.#jetStream = connection.jetstream();
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => undefined); // Whoever races with it sees the failure.
  }

  /** Makes the streams, which have to be there before the application starts. */
  static async connect(servers: string, audience: Audience): Promise<Phones> {
    const connection = await connect({ servers });
    const phones = new Phones(connection);
    const manager = await connection.jetstreamManager();
    const { requests, reports, notices, pickups, deadLetters } = streams;
    for (const { name, subject } of [requests, reports]) {
      // What a checkpoint holds is removed, so that a city may live for days.
      await manager.streams.add({ name, subjects: [subject], retention: RetentionPolicy.Workqueue });
    }
    for (const { name, subject } of [notices, pickups, deadLetters]) {
      await manager.streams.add({ name, subjects: [subject] });
    }
    await phones.#listen(notices.name, (notice) => audience.notice(notice as Notice));
    await phones.#listen(pickups.name, (pickup) => audience.pickup(pickup as Pickup));
    await phones.#listen(deadLetters.name, (letter) => void phones.deadLetters.push(letter as DeadLetter));
    return phones;
  }

  /** Resolves when everything is in the streams. At most one report of each driver is under way, so they stay in order. */
  async feed({ requests, reports }: Tick): Promise<void> {
    await Promise.all([
      ...requests.map((request) => this.#publish(streams.requests.subject, request)),
      ...reports.map((report) => this.#publish(reportSubject(partitionOf(report.driverId)), report)),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // They would look for what they miss for ever, on a connection that is closed.
    for (const messages of this.#listening) messages.stop();
    await this.#connection.close();
  }

  /** Tries until it is in the stream, under an id, so that it is there once. */
  async #publish(subject: string, value: unknown): Promise<void> {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    this.#ids += 1;
    const msgID = `${this.#ids}`;
    while (!this.#connection.isClosed()) {
      try {
        await this.#jetStream.publish(subject, bytes, { msgID });
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  async #listen(stream: string, hear: (value: unknown) => void): Promise<void> {
    const consumer = await this.#jetStream.consumers.get(stream);
    const messages = await consumer.consume();
    this.#listening.push(messages);
    const read = async () => {
      for await (const message of messages) hear(message.json());
    };
    read().catch((error: unknown) => {
      if (!this.#connection.isClosed()) this.#fail(error);
    });
  }
}
