import { type Context, type Handlers, Persisted, StatefulFunction } from '@stateful-functions/core';
import { notices, Passenger, type RideNews, type Trip } from './passenger.js';
import { Ride } from './ride.js';

/** Takes one ride at a time, and passes its news on to the passenger's phone. */
@StatefulFunction(Passenger)
export class PassengerFn implements Handlers<typeof Passenger> {
  @Persisted() rideId: string | undefined = undefined;

  request(ctx: Context, trip: Trip): void {
    const passengerId = ctx.self.id;
    // The same at every attempt and after every recovery, so that a request that is handled again makes the same ride.
    const rideId = ctx.invocationId;
    if (this.rideId !== undefined) {
      ctx.send(notices, { event: 'failed', passengerId, rideId, reason: `still on the ride ${this.rideId}` });
      return;
    }
    this.rideId = rideId;
    ctx.to(Ride.at(rideId)).request({ passengerId, ...trip });
  }

  hear(ctx: Context, news: RideNews): void {
    ctx.send(notices, { ...news, passengerId: ctx.self.id });
    if (news.event === 'ended' || news.event === 'failed') ctx.forget();
  }
}
