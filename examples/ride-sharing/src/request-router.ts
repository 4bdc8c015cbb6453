import { type Downstream, Route, type Router } from '@stateful-functions/core';
import { Passenger, type RideRequest, requests } from './passenger.js';

/** Each request goes to its passenger. */
@Route(requests)
export class RequestRouter implements Router<RideRequest> {
  route({ passengerId, from, to }: RideRequest, downstream: Downstream): void {
    downstream.to(Passenger.at(passengerId)).request({ from, to });
  }
}
