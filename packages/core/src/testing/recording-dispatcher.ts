import { Dispatcher } from '../dispatch/dispatcher.js';
import type { Envelope } from '../dispatch/envelope.js';
import type { FunctionHost } from '../dispatch/function-host.js';
import type { AnyAddress } from '../sdk/address.js';
import type { Strangers } from './strangers.js';

/** The real dispatcher, except that it keeps what its function sends instead of handing it out. */
export class RecordingDispatcher extends Dispatcher {
  /** What the function sent, oldest first. */
  readonly sent: Envelope[] = [];

  constructor(
    readonly strangers: Strangers,
    ...rest: ConstructorParameters<typeof Dispatcher>
  ) {
    super(...rest);
  }

  /** Hands a message to the function. */
  deliver(envelope: Envelope): void {
    super.enqueue(envelope);
  }

  override enqueue(envelope: Envelope): void {
    this.sent.push(envelope);
  }

  override hostAt(to: AnyAddress): FunctionHost {
    this.strangers.learn(to.type);
    return super.hostAt(to);
  }
}
