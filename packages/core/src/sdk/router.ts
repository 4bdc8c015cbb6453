import type { Address } from './address.js';
import type { ContractAddress, Operations, Sender } from './contract.js';

/** Decides which functions a record of an ingress goes to: none, one, or many. Synchronous. */
export interface Router<in T> {
  route: (message: T, downstream: Downstream) => void;
}

/** Where a router forwards to. */
export interface Downstream {
  /** Forwards a message to a function. Copied at once. */
  forward<M>(to: Address<M>, message: NoInfer<M>): void;
  /** The `send` operations of a contract's instance. */
  to<O extends Operations>(to: ContractAddress<O>): Sender<O, void>;
}
