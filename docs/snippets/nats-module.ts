import type { Binder, StatefulFunctionModule } from '@stateful-functions/core';
import { JetStreamSink, JetStreamSource } from '@stateful-functions/nats-transport';

const nats = {
  servers: ['nats-1.internal:4222', 'nats-2.internal:4222'],
  application: 'rides',
  user: 'rides',
  password,
};

export class RidesModule implements StatefulFunctionModule {
  configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
    binder.bindIngress(orders, new JetStreamSource({ ...nats, stream: 'ORDERS' }));
    binder.bindEgress(
      trips,
      new JetStreamSink({ ...nats, stream: 'TRIPS', subject: 'trips.finished', exclusive: true }),
    );
    // …
  }
}

export function bindPartitions(binder: Binder): void {
  const partition = (n: number) => new JetStreamSource<Order>({ ...nats, stream: 'ORDERS', filter: `orders.${n}.>` });
  binder.bindPartitions(orders, { 0: partition(0), 1: partition(1), 2: partition(2), 3: partition(3) });
}

interface Order {
  readonly customer: string;
}

declare const orders: import('@stateful-functions/core').Ingress<Order>;
declare const trips: import('@stateful-functions/core').Egress<Order>;
declare const password: string;
