import { setTimeout as wait } from 'node:timers/promises';
import { type ConsumerMessages, connect, type JetStreamClient, type NatsConnection } from 'nats';
import type { Latencies } from '../latency-histogram.js';
import { SteadyLoad } from '../steady-load.js';
import { Nodes } from './nodes.js';
import { type Delivery, deskCount, type RelayConfig } from './relay.js';
import { freshName, type Site } from './site.js';

export interface EndToEndRun {
  readonly intervalMs: number;
  /** Records a second. */
  readonly rate: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

const module = new URL('./relay.module.js', import.meta.url);
const patienceMs = 30_000;

/**
 * From when a record is due to go into a stream until what two nodes made of it can be read from another: exactly once, so behind a
 * checkpoint. Milliseconds.
 */
export async function runEndToEnd(site: Site, run: EndToEndRun): Promise<Latencies> {
  const connection = await connect({ servers: site.nats });
  const name = freshName();
  const [inbound, outbound] = [`${name}-in`, `${name}-out`];
  const manager = await connection.jetstreamManager();
  try {
    for (const stream of [inbound, outbound]) await manager.streams.add({ name: stream, subjects: [stream] });
    const config: RelayConfig = { servers: site.nats, application: name, inbound, outbound };
    const nodes = { site, count: 2, module, config: { ...config }, intervalMs: run.intervalMs };
    return await Nodes.during(nodes, async () => {
      const deliveries = await Deliveries.of(connection, outbound);
      try {
        return await measure(connection.jetstream(), inbound, deliveries, run);
      } finally {
        await deliveries.close();
      }
    });
  } finally {
    for (const stream of [inbound, outbound]) await manager.streams.delete(stream);
    await connection.close();
  }
}

async function measure(
  jetStream: JetStreamClient,
  inbound: string,
  deliveries: Deliveries,
  { rate, warmUpMs, measuredMs }: EndToEndRun,
): Promise<Latencies> {
  const load = new SteadyLoad(rate, async (number) => {
    const delivered = deliveries.next(number);
    await jetStream.publish(inbound, JSON.stringify({ number }));
    await delivered;
  });
  await wait(warmUpMs);
  const fromMs = performance.now();
  await wait(measuredMs);
  const toMs = performance.now();
  await Promise.race([load.stop(), deliveries.failed(patienceMs)]);
  deliveries.check();
  return load.between(fromMs, toMs);
}

/** Reads what comes out, and checks that it is what went in. */
class Deliveries {
  readonly #messages: ConsumerMessages;
  readonly #awaited = new Map<number, () => void>();
  #published = 0;
  #delivered = 0;
  #reading: Promise<void> = Promise.resolve();
  #failure: string | undefined;

  private constructor(messages: ConsumerMessages) {
    this.#messages = messages;
  }

  static async of(connection: NatsConnection, stream: string): Promise<Deliveries> {
    const consumer = await connection.jetstream().consumers.get(stream);
    const deliveries = new Deliveries(await consumer.consume());
    deliveries.#reading = deliveries.#read();
    return deliveries;
  }

  /** Resolves when it has come out. */
  next(number: number): Promise<void> {
    this.#published += 1;
    return new Promise((resolve) => this.#awaited.set(number, resolve));
  }

  /** @throws if not all has come out, once and in order */
  check(): void {
    if (this.#failure !== undefined) throw new Error(this.#failure);
    if (this.#delivered !== this.#published) {
      throw new Error(`${this.#delivered} records of ${this.#published} came out`);
    }
  }

  /** Rejects after so long. */
  async failed(afterMs: number): Promise<never> {
    await wait(afterMs, undefined, { ref: false });
    throw new Error(this.#failure ?? `${this.#delivered} records of ${this.#published} came out within ${afterMs} ms`);
  }

  async close(): Promise<void> {
    await this.#messages.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const message of this.#messages) this.#received(message.json<Delivery>());
  }

  #received({ number, seen }: Delivery): void {
    const answer = this.#awaited.get(number);
    if (answer === undefined) this.#failure ??= `record ${number} came out, and nobody waited for it any more`;
    if (seen !== Math.floor(number / deskCount) + 1) this.#failure ??= `record ${number} was the ${seen}th of its desk`;
    this.#awaited.delete(number);
    this.#delivered += 1;
    answer?.();
  }
}
