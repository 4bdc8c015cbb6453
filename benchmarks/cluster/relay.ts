import { Egress, FunctionType, Ingress } from '@stateful-functions/core';

/** Something that goes in by one stream and out by another. */
export interface Parcel {
  readonly number: number;
}

/** What comes out: with how many parcels its address has had. */
export interface Delivery extends Parcel {
  readonly seen: number;
}

export const Desk = FunctionType.of<Parcel>('bench/desk');
export const parcels = Ingress.of<Parcel>('bench/parcels');
export const deliveries = Egress.of<Delivery>('bench/deliveries');
export const deskCount = 100;

/** What the module finds in its configuration. */
export interface RelayConfig {
  readonly servers: string;
  readonly application: string;
  readonly inbound: string;
  readonly outbound: string;
}
