import { nodePlatform, silentLogger } from '@stateful-functions/core';
import type { NatsServer } from '@stateful-functions/servers';
import { connect, type JetStreamManager, type NatsConnection, type StreamConfig } from 'nats';

export const services = { platform: nodePlatform(), logger: silentLogger };

/** Streams made and looked at with the plain client, as other programs do. */
export class Streams {
  private constructor(
    readonly nats: NatsConnection,
    readonly manager: JetStreamManager,
  ) {}

  static async on(server: NatsServer): Promise<Streams> {
    const nats = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
    return new Streams(nats, await nats.jetstreamManager());
  }

  /** A stream with the subjects `NAME.>`. */
  async make(name: string, config: Partial<StreamConfig> = {}): Promise<void> {
    await this.manager.streams.add({ name, subjects: [`${name}.>`], ...config });
  }

  async publish(subject: string, values: readonly unknown[]): Promise<void> {
    const stream = this.nats.jetstream();
    await Promise.all(values.map((value) => stream.publish(subject, JSON.stringify(value))));
  }

  /** Resolves when the plain client has its connection again, too. */
  async connected(): Promise<void> {
    for (;;) {
      try {
        return await this.nats.flush();
      } catch {
        // It was lost just now, and is made again.
      }
    }
  }

  /** The messages of a stream that is still there from its first, in order. */
  async messages(name: string) {
    const { state } = await this.manager.streams.info(name);
    const messages = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      messages.push(await this.manager.streams.getMessage(name, { seq }));
    }
    return messages;
  }
}
