import {
  type Binder,
  type Context,
  FunctionType,
  Ingress,
  JsonLinesSource,
  Module,
  Persisted,
  PersistedList,
  PersistedMap,
  StatefulFunction,
  type StatefulFunctionModule,
} from '@stateful-functions/core';

interface Trip {
  readonly driver: string;
  readonly to: string;
  /** Whether its handler never ends. */
  readonly isEndless?: boolean;
}

const Driver = FunctionType.of<Trip>('ride/driver');
const trips = Ingress.of<Trip>('ride/trips');

/** Remembers where a driver went. */
@StatefulFunction(Driver)
export class DriverFn implements StatefulFunction<Trip> {
  @Persisted() trips = 0;
  @Persisted() readonly visits = PersistedMap.of<string, number>();
  @Persisted() readonly route = PersistedList.of<string>();

  async invoke(_ctx: Context, { to, isEndless = false }: Trip): Promise<void> {
    await this.visits.load([to]);
    this.trips += 1;
    this.visits.set(to, (this.visits.get(to) ?? 0) + 1);
    this.route.append(to);
    if (isEndless) await new Promise(() => {});
  }
}

/** Reads trips from a file, and waits for more. */
@Module()
export class RideModule implements StatefulFunctionModule {
  configure(config: ReadonlyMap<string, string>, binder: Binder): void {
    binder.bindIngress(trips, new JsonLinesSource({ path: config.get('trips') ?? 'trips.jsonl', follow: true }));
    binder.bindFunctions(DriverFn);
    if (config.get('leaveOpen') === 'yes') setInterval(() => {}, 1_000);
    binder.bindRouter(trips, (trip, downstream) => downstream.forward(Driver.at(trip.driver), trip));
  }
}
