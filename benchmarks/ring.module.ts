import {
  type Binder,
  type Context,
  FunctionType,
  Inject,
  Module,
  Persisted,
  StatefulFunction,
  type StatefulFunctionModule,
  Token,
} from '@stateful-functions/core';

/** A message that goes on for ever. */
export interface Hop {
  /** The number of the address that it is at. */
  readonly at: number;
  readonly hops: number;
  readonly text: string;
}

/** How a load looks. */
export interface RingLoad {
  /** One hop in so many goes to some other id, the rest to a neighbour: another function of the same id, on the same worker. */
  readonly farEvery: number;
  /** Rounds of a loop that each handler works. */
  readonly spins: number;
}

export const idCount = 4_096;
export const Ring = FunctionType.of<Hop>('bench/ring');
const Neighbour = FunctionType.of<Hop>('bench/neighbour');
const Load = new Token<RingLoad>('bench/ring-load');

/** The id of an address by number. */
export function ringId(at: number): string {
  return `account-${at}`;
}

/** Handles a hop, works, and sends it on: each worker makes its own load. */
abstract class Hopper implements StatefulFunction<Hop> {
  abstract seen: number;
  abstract readonly load: RingLoad;
  abstract readonly neighbour: FunctionType<Hop>;

  invoke(ctx: Context, { at, hops, text }: Hop): void {
    const { farEvery, spins } = this.load;
    this.seen += spin(spins);
    if (hops % farEvery === 0) {
      const to = (Math.imul(at, 1_103) + hops * 7 + 1_009) & (idCount - 1);
      ctx.send(Ring.at(ringId(to)), { at: to, hops: hops + 1, text });
    } else ctx.send(this.neighbour.at(ctx.self.id), { at, hops: hops + 1, text });
  }
}

@StatefulFunction(Ring)
class RingFn extends Hopper {
  @Persisted() seen = 0;
  readonly neighbour = Neighbour;

  constructor(@Inject(Load) readonly load: RingLoad) {
    super();
  }
}

@StatefulFunction(Neighbour)
class NeighbourFn extends Hopper {
  @Persisted() seen = 0;
  readonly neighbour = Ring;

  constructor(@Inject(Load) readonly load: RingLoad) {
    super();
  }
}

@Module()
export class RingModule implements StatefulFunctionModule {
  configure(config: ReadonlyMap<string, string>, binder: Binder): void {
    binder.bindService(Load, JSON.parse(config.get('load') ?? '') as RingLoad);
    binder.bindFunctions(RingFn, NeighbourFn);
  }
}

/** Works for a while: 1, computed slowly. */
export function spin(rounds: number): number {
  let value = 1;
  for (let round = 0; round < rounds; round += 1) value = Math.imul(value, 0x9e3779b1) ^ (value >>> 15);
  return value === 0 ? 2 : 1;
}
