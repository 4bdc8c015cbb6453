import {
  Application,
  type Client,
  defineFunction,
  type StatefulFunctionModule,
  silentLogger,
} from '@stateful-functions/core';
import { JetStreamSource } from '@stateful-functions/nats-transport';
import { connect, type NatsConnection } from 'nats';
import { amountOf, amounts, type Count, Counter, counterIds, totalOf } from './counting.js';
import { inTurn } from './in-turn.js';
import { freshName, type Site } from './site.js';
import { storeOf } from './store.js';

const subject = (stream: string) => stream.toLowerCase();
const publishTogether = 10_000;
const patienceMs = 120_000;

/** A stream with so many amounts to be read again and again, made by whoever comes first. Resolves with its name. */
export async function filledStream(connection: NatsConnection, messages: number): Promise<string> {
  const name = `BENCH_AMOUNTS_${messages}`;
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ name, subjects: [subject(name)] });
  let { last_seq: there } = (await manager.streams.info(name)).state;
  while (there < messages) {
    const until = Math.min(messages, there + publishTogether);
    for (; there < until; there += 1) connection.publish(subject(name), JSON.stringify(amountOf(there)));
    // The server takes what was published in its order: all of it is there when this one is.
    await connection.flush();
    while ((await manager.streams.info(name)).state.last_seq < until);
  }
  return name;
}

/** Messages a second that the client's own ordered consumer brings, of which nothing is decoded. */
export async function runConsume(site: Site, messages: number): Promise<number> {
  const connection = await connect({ servers: site.nats });
  try {
    const stream = await filledStream(connection, messages);
    const consumer = await connection.jetstream().consumers.get(stream);
    let firstMs = 0;
    let consumed = 0;
    for await (const message of await consumer.consume()) {
      if (consumed === 0) firstMs = performance.now();
      consumed += 1;
      if (message.seq !== consumed) throw new Error(`message ${message.seq} came where ${consumed} was to come`);
      if (consumed === messages) break;
    }
    return (messages * 1_000) / (performance.now() - firstMs);
  } finally {
    await connection.close();
  }
}

/** Messages a second that an application reads and counts, with checkpoints on S3 every second. */
export async function runSource(site: Site, messages: number): Promise<number> {
  const connection = await connect({ servers: site.nats });
  try {
    const stream = await filledStream(connection, messages);
    const counted = new Counted(messages);
    const application = freshName();
    const source = new JetStreamSource<{ id: string; amount: number }>({ servers: site.nats, application, stream });
    await using app = await Application.from(moduleOf(source, counted)).start({
      checkpoints: { store: storeOf(site, application) },
      logger: silentLogger,
      handleSignals: false,
    });
    const elapsedMs = await counted.all;
    await check(app.client, messages);
    return (messages * 1_000) / elapsedMs;
  } finally {
    await connection.close();
  }
}

/** Notices when so many have been handled. */
class Counted {
  /** Resolves with the milliseconds from the first to the last. */
  readonly all: Promise<number>;
  readonly #messages: number;
  #count = 0;
  #firstMs = 0;
  #resolve!: (elapsedMs: number) => void;

  constructor(messages: number) {
    this.#messages = messages;
    this.all = new Promise((resolve, reject) => {
      const giveUp = () => reject(new Error(`${this.#count} messages of ${messages} came within ${patienceMs} ms`));
      const patience = setTimeout(giveUp, patienceMs);
      this.#resolve = (elapsedMs) => {
        clearTimeout(patience);
        resolve(elapsedMs);
      };
    });
  }

  another(): void {
    if (this.#count === 0) this.#firstMs = performance.now();
    this.#count += 1;
    if (this.#count === this.#messages) this.#resolve(performance.now() - this.#firstMs);
  }
}

function moduleOf(source: JetStreamSource<{ id: string; amount: number }>, counted: Counted): StatefulFunctionModule {
  const CounterFn = defineFunction(Counter, {
    state: () => ({ counted: 0, sum: 0 }),
    handlers: {
      add(_ctx, { amount }) {
        this.counted += 1;
        this.sum += amount;
        counted.another();
      },
      count() {
        return { count: this.counted, sum: this.sum };
      },
    },
  });
  return {
    configure(_config, binder) {
      binder.bindIngress(amounts, source);
      binder.bindFunctions(CounterFn);
      binder.bindRouter(amounts, (amount, downstream) => downstream.to(Counter.at(amount.id)).add(amount));
    },
  };
}

/** Every amount was counted once. @throws if not */
async function check(client: Client, messages: number): Promise<void> {
  const counts = await inTurn(counterIds, (number) => client.query(Counter.at(amountOf(number).id)).count());
  const found = counts.reduce((all, { count, sum }) => ({ count: all.count + count, sum: all.sum + sum }));
  const expected: Count = totalOf(messages);
  if (found.count !== expected.count || found.sum !== expected.sum) {
    throw new Error(
      `${found.count} messages were counted that come to ${found.sum}, not ${expected.count} and ${expected.sum}`,
    );
  }
}
