import type { AnyAddress } from '../sdk/address.js';
import type { Reply } from '../sdk/contract.js';
import type { DeadLetter } from '../sdk/dead-letter.js';
import type { ClientReplyTarget } from '../sdk/reply.js';
import type { EgressTarget } from './invocation.js';

/** Where the effects of invocations go that leave the worker. */
export interface Outlets {
  /** What takes records for an egress; `undefined` if none of that name is bound. */
  egressOf(name: string): EgressTarget | undefined;
  reply(target: ClientReplyTarget, reply: Reply<unknown>, address: AnyAddress): void;
  deadLetter(letter: DeadLetter): void;
}
