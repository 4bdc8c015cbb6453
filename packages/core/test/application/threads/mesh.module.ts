import { existsSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import {
  type Binder,
  CallbackSink,
  type Context,
  type Handlers,
  JsonLinesSink,
  JsonLinesSource,
  Module,
  Persisted,
  type QueryContext,
  type Reply,
  StatefulFunction,
  type StatefulFunctionModule,
  StatefulFunctionsError,
} from '../../../src/index.js';
import {
  type Delivery,
  deliveries,
  Echo,
  failing,
  Inbox,
  type InboxReport,
  type Mischief,
  type Order,
  orders,
  Relay,
  type RelayReport,
} from './mesh.js';

@StatefulFunction(Relay)
class RelayFn implements Handlers<typeof Relay> {
  @Persisted() sentTo = new Map<string, number>();
  @Persisted() answers = 0;
  @Persisted() ticks = 0;

  relay(ctx: Context, { to }: Order): void {
    const n = (this.sentTo.get(to) ?? 0) + 1;
    this.sentTo.set(to, n);
    ctx.to(Inbox.at(to)).take({ from: ctx.self.id, to, n });
    if (n % 5 === 0) ctx.ask(Inbox.at(to)).count(ctx.replyTo(Relay, 'counted'));
    if (n % 7 === 0) ctx.after(5).to(Relay.at(ctx.self.id)).tick();
  }

  counted(_ctx: Context, reply: Reply<number>): void {
    if (reply.ok) this.answers += 1;
  }

  tick(): void {
    this.ticks += 1;
  }

  misbehave(ctx: Context, how: Mischief): void {
    ctx.metrics.count('mischief', 1, { how });
    if (how === 'exit') process.exit(0);
    if (how === 'throw-later') setTimeout(() => raise('nobody catches this'), 0);
    if (how === 'spin') {
      ctx.logger.warn({}, 'spins');
      for (;;);
    }
    if (how === 'log') ctx.logger.warn({ err: new RangeError('of no matter'), how: () => how }, 'up to mischief');
    if (how === 'sink') ctx.send(failing, 'to be refused');
  }

  report(_ctx: QueryContext): RelayReport {
    let sent = 0;
    for (const count of this.sentTo.values()) sent += count;
    return { sent, answers: this.answers, ticks: this.ticks };
  }
}

@StatefulFunction(Inbox)
class InboxFn implements Handlers<typeof Inbox> {
  @Persisted() heardFrom = new Map<string, number>();
  @Persisted() total = 0;
  @Persisted() disorders = 0;

  take(ctx: Context, delivery: Delivery): void {
    const { from, n } = delivery;
    if (n !== (this.heardFrom.get(from) ?? 0) + 1) this.disorders += 1;
    this.heardFrom.set(from, n);
    this.total += 1;
    ctx.send(deliveries, delivery);
  }

  count(): number {
    return this.total;
  }

  report(_ctx: QueryContext): InboxReport {
    return { total: this.total, disorders: this.disorders };
  }
}

@StatefulFunction(Echo)
class EchoFn implements Handlers<typeof Echo> {
  say(_ctx: Context, anything: unknown): unknown {
    return anything;
  }
}

/** Orders in, deliveries out, in a folder. */
@Module()
export class MeshModule implements StatefulFunctionModule {
  configure(config: ReadonlyMap<string, string>, binder: Binder): void {
    const folder = config.get('folder') ?? '.';
    const follow = config.get('follow') === 'true';
    if (!isMainThread) failAt(`${folder}/fail`);
    const source = (name: string) => new JsonLinesSource<Order>({ path: `${folder}/${name}.jsonl`, follow });
    const partitions = config.get('partitions')?.split(' ');
    if (partitions === undefined) binder.bindIngress(orders, source('orders'));
    else binder.bindPartitions(orders, Object.fromEntries(partitions.map((name) => [name, source(name)])));
    binder.bindRouter(orders, (order, downstream) => downstream.to(Relay.at(order.from)).relay(order));
    binder.bindEgress(deliveries, new JsonLinesSink({ path: `${folder}/deliveries.jsonl` }));
    binder.bindEgress(
      failing,
      new CallbackSink(() => {
        throw new StatefulFunctionsError('SF_SINK', 'the outside is gone for good.');
      }),
    );
    binder.bindFunctions(RelayFn, InboxFn, EchoFn);
  }
}

/** Ends this thread with an error as soon as there is such a file. */
function failAt(path: string): void {
  setInterval(() => {
    if (existsSync(path)) raise('there is a file that says so');
  }, 5).unref();
}

function raise(message: string): never {
  throw new Error(message);
}
