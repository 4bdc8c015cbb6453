import { type Downstream, Ingress, Route, type Router } from '@stateful-functions/core';
import { Actor, type Delivery } from './actor.js';
import { Mortal, type Order, Relay } from './mortal.js';

/** A record from outside: what it has sent to whom. */
export interface Arrival {
  readonly id: string;
  readonly forwards: readonly Forward[];
  /** Its router fails after it has forwarded, so that nothing is forwarded: a dead letter. */
  readonly isBroken?: true;
}

export type Forward =
  | { readonly kind: 'actor'; readonly delivery: Delivery }
  | { readonly kind: 'mortal'; readonly order: Order }
  /** To the mortal by way of a relay. */
  | { readonly kind: 'relay'; readonly relay: string; readonly order: Order };

/** Ways in. There are several, so that several workers read. */
export const intakes = [
  Ingress.of<Arrival>('verification/intake-0'),
  Ingress.of<Arrival>('verification/intake-1'),
  Ingress.of<Arrival>('verification/intake-2'),
  Ingress.of<Arrival>('verification/intake-3'),
] as const;

@Route(intakes[0])
@Route(intakes[1])
@Route(intakes[2])
@Route(intakes[3])
export class IntakeRouter implements Router<Arrival> {
  route({ id, forwards, isBroken }: Arrival, downstream: Downstream): void {
    for (const forward of forwards) {
      if (forward.kind === 'actor') downstream.to(Actor.at(forward.delivery.command.to)).carry(forward.delivery);
      else if (forward.kind === 'mortal') downstream.to(Mortal.at(forward.order.to)).obey(forward.order);
      else downstream.forward(Relay.at(forward.relay), forward.order);
    }
    if (isBroken) throw new Error(`a router fails on purpose: ${id}`);
  }
}
