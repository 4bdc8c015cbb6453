import { type Random, randomHex } from '../ports/random.js';

const prefix = 'remote/';

/** A new name for a client that is outside of all nodes. It is also the endpoint at which replies find it. */
export function newRemoteClientName(random: Random): string {
  return prefix + randomHex(random, 8);
}

/** Whether replies to a client leave by the transport, rather than with the worker that it is attached to. */
export function isRemoteClient(name: string): boolean {
  return name.startsWith(prefix);
}
