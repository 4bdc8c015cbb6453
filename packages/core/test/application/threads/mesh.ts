import { ask, Egress, FunctionType, Ingress, query, type Reply, send } from '../../../src/index.js';

/** Something that `from` is to send to `to`. */
export interface Order {
  readonly from: string;
  readonly to: string;
}

/** The `n`-th thing that `from` sent to `to`. */
export interface Delivery {
  readonly from: string;
  readonly to: string;
  readonly n: number;
}

/** What a relay has seen come back. */
export interface RelayReport {
  readonly sent: number;
  readonly answers: number;
  readonly ticks: number;
}

export interface InboxReport {
  readonly total: number;
  readonly disorders: number;
}

/** Ways for a handler to end more than itself. */
export type Mischief = 'exit' | 'throw-later' | 'spin' | 'log' | 'sink';

/** Sends on what it is ordered to: of one inbox, each 5th also asks it, and each 7th sets a timer. */
export const Relay = FunctionType.contract('mesh/relay', {
  relay: send<Order>(),
  counted: send<Reply<number>>(),
  tick: send(),
  misbehave: send<Mischief>(),
  report: query<void, RelayReport>(),
});

export const Inbox = FunctionType.contract('mesh/inbox', {
  take: send<Delivery>(),
  count: ask<void, number>(),
  report: query<void, InboxReport>(),
});

/** Takes anything of the data model, and tells what it was. */
export const Echo = FunctionType.contract('mesh/echo', { say: ask<unknown, unknown>() });

export const orders = Ingress.of<Order>('mesh/orders');
export const deliveries = Egress.of<Delivery>('mesh/deliveries');
export const failing = Egress.of<string>('mesh/failing');
