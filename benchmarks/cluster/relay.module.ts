import {
  type Binder,
  type Context,
  Module,
  Persisted,
  StatefulFunction,
  type StatefulFunctionModule,
} from '@stateful-functions/core';
import { JetStreamSink, JetStreamSource } from '@stateful-functions/nats-transport';
import { type Delivery, Desk, deliveries, deskCount, type Parcel, parcels, type RelayConfig } from './relay.js';

@StatefulFunction(Desk)
class DeskFn implements StatefulFunction<Parcel> {
  @Persisted() seen = 0;

  invoke(ctx: Context, { number }: Parcel): void {
    this.seen += 1;
    ctx.send(deliveries, { number, seen: this.seen });
  }
}

@Module()
export class RelayModule implements StatefulFunctionModule {
  configure(config: ReadonlyMap<string, string>, binder: Binder): void {
    const { servers, application, inbound, outbound } = Object.fromEntries(config) as unknown as RelayConfig;
    const nats = { servers, application };
    binder.bindIngress(parcels, new JetStreamSource<Parcel>({ ...nats, stream: inbound }));
    binder.bindEgress(
      deliveries,
      new JetStreamSink<Delivery>({ ...nats, stream: outbound, subject: outbound, exclusive: true }),
    );
    binder.bindFunctions(DeskFn);
    binder.bindRouter(parcels, (parcel, downstream) =>
      downstream.forward(Desk.at(`desk-${parcel.number % deskCount}`), parcel),
    );
  }
}
