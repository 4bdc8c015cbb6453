import type { Envelope } from '../dispatch/envelope.js';
import type { EgressTarget } from '../dispatch/invocation.js';
import type { Reply } from '../sdk/contract.js';
import type { ClientReplyTarget } from '../sdk/reply.js';

/** The other workers of an application, as one of them sees them: everything that is not its own goes there. */
export interface RemoteWorkers {
  /** Messages and records that are not known to have arrived there. */
  readonly outstanding: number;
  /** Takes a message whose target another worker has; false if it is this one's. */
  takeMessage(envelope: Envelope): boolean;
  /** Takes a reply to a client of another worker; false if the client is attached here. */
  takeReply(target: ClientReplyTarget, reply: Reply<unknown>): boolean;
  /** What takes the records for an egress that another worker publishes; `undefined` if no module binds it. */
  egressOf(name: string): EgressTarget | undefined;
}
