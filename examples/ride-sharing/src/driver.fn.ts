import { type Context, type Handlers, Persisted, StatefulFunction } from '@stateful-functions/core';
import { Driver, type DriverStatus, type Offer, pickups } from './driver.js';
import { GeoCell } from './geo-cell.js';
import { Ride } from './ride.js';

/** Is in one ride or in none. While in none, the driver is on the list of the cell he is in. */
@StatefulFunction(Driver)
export class DriverFn implements Handlers<typeof Driver> {
  @Persisted() cell: number | undefined = undefined;
  @Persisted() rideId: string | undefined = undefined;
  @Persisted() trips = 0;

  move(ctx: Context, cell: number): void {
    if (cell === this.cell) return;
    if (this.rideId === undefined) {
      this.#leaveCell(ctx);
      ctx.to(GeoCell.at(`${cell}`)).join(ctx.self.id);
    }
    this.cell = cell;
  }

  offer(ctx: Context, offer: Offer): boolean {
    if (this.rideId !== undefined) return false;
    this.rideId = offer.rideId;
    // The cell that gave him to the ride has crossed him off. He may have moved to another meanwhile.
    this.#leaveCell(ctx);
    ctx.send(pickups, { ...offer, driverId: ctx.self.id });
    return true;
  }

  start(ctx: Context, rideId: string): void {
    this.#check(rideId);
    ctx.to(Ride.at(rideId)).start();
  }

  end(ctx: Context, rideId: string): void {
    this.#check(rideId);
    ctx.to(Ride.at(rideId)).end();
    this.rideId = undefined;
    this.trips += 1;
    ctx.to(GeoCell.at(`${this.cell}`)).join(ctx.self.id);
  }

  status(): DriverStatus {
    return { cell: this.cell, rideId: this.rideId, trips: this.trips };
  }

  #leaveCell(ctx: Context): void {
    if (this.cell !== undefined) ctx.to(GeoCell.at(`${this.cell}`)).leave(ctx.self.id);
  }

  /** Reports come once and in order, so one about another ride is a mistake that belongs into the dead letters. */
  #check(rideId: string): void {
    if (rideId !== this.rideId) throw new Error(`the driver is in ${this.rideId ?? 'no ride'}, not in ${rideId}`);
  }
}
