import { type Context, type Handlers, Persisted, type Reply, StatefulFunction } from '@stateful-functions/core';
import { neighbourhood } from './city.js';
import { Driver } from './driver.js';
import { GeoCell } from './geo-cell.js';
import { Passenger, type RideNews, type RideRequest } from './passenger.js';
import { Ride, type RideStatus } from './ride.js';

/**
 * Longer than any recovery takes. An answer always comes, and a ride that gave a driver up who accepts later would have two.
 */
const patience = { timeout: '1h' } as const;

/** Looks for a driver in the cells around its passenger, one after the other, and tells the passenger how it goes. */
@StatefulFunction(Ride)
export class RideFn implements Handlers<typeof Ride> {
  @Persisted() passenger: RideRequest | undefined = undefined;
  /** Who is asked, and who drives once he has accepted. */
  @Persisted() driverId: string | undefined = undefined;
  /** How many cells around the passenger have no driver. */
  @Persisted() searched = 0;

  request(ctx: Context, request: RideRequest): void {
    this.passenger = request;
    this.#search(ctx);
  }

  found(ctx: Context, reply: Reply<string | undefined>): void {
    if (!reply.ok) {
      this.#fail(ctx, reply.error.message);
    } else if (reply.value === undefined) {
      this.searched += 1;
      this.#search(ctx);
    } else {
      this.driverId = reply.value;
      const offer = { rideId: ctx.self.id, ...this.#passenger };
      ctx.ask(Driver.at(this.driverId), patience).offer(offer, ctx.replyTo(Ride, 'answered'));
    }
  }

  answered(ctx: Context, reply: Reply<boolean>): void {
    if (!reply.ok) {
      this.#fail(ctx, reply.error.message);
    } else if (reply.value) {
      this.#tell(ctx, 'found');
    } else {
      // He has taken another ride meanwhile. The cell has crossed him off, so the next one there is another.
      this.driverId = undefined;
      this.#search(ctx);
    }
  }

  start(ctx: Context): void {
    this.#tell(ctx, 'started');
  }

  end(ctx: Context): void {
    this.#tell(ctx, 'ended');
    ctx.forget();
  }

  status(): RideStatus {
    return { request: this.passenger, driverId: this.driverId };
  }

  #search(ctx: Context): void {
    const cell = neighbourhood(this.#passenger.from)[this.searched];
    if (cell === undefined) this.#fail(ctx, 'no driver is near');
    else ctx.ask(GeoCell.at(`${cell}`), patience).find(ctx.replyTo(Ride, 'found'));
  }

  #tell(ctx: Context, event: 'found' | 'started' | 'ended'): void {
    if (this.driverId === undefined) throw new Error(`a ride without a driver cannot be ${event}`);
    this.#hear(ctx, { event, rideId: ctx.self.id, driverId: this.driverId });
  }

  #fail(ctx: Context, reason: string): void {
    this.#hear(ctx, { event: 'failed', rideId: ctx.self.id, reason });
    ctx.forget();
  }

  #hear(ctx: Context, news: RideNews): void {
    ctx.to(Passenger.at(this.#passenger.passengerId)).hear(news);
  }

  get #passenger(): RideRequest {
    if (this.passenger === undefined) throw new Error('the ride is over, or was never requested');
    return this.passenger;
  }
}
