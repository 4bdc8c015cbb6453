import { decode, encode } from '../codec/codec.js';
import type { Inbox } from '../ports/inbox.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import { Ingress } from '../sdk/ingress.js';
import type { Downstream, Router } from '../sdk/router.js';
import { forwardStored } from '../worker/ingress-pump.js';
import type { StoredMessage } from '../worker/message-form.js';
import type { Bindings } from './bindings.js';

/** By which messages of clients come in that are outside of all nodes. */
const inboxIngress = Ingress.of<Uint8Array>('sf/inbox');

/** A message as it lies in an inbox. */
export function encodeCall(message: StoredMessage): Uint8Array {
  return encode(message, 'message');
}

/** Has an application read what clients leave in its inbox. A record that is no message becomes a dead letter. */
export function bindInbox(bindings: Bindings, { source }: Inbox): void {
  const router: Router<Uint8Array> = {
    route(record: Uint8Array, downstream: Downstream) {
      forwardStored(downstream, decodeCall(record));
    },
  };
  bindings.ingresses.set(inboxIngress.name, {
    ingress: inboxIngress as Ingress<unknown>,
    source,
    routers: [router as Router<unknown>],
  });
}

function decodeCall(record: Uint8Array): StoredMessage {
  const call = decode(record);
  if (Array.isArray(call)) return call as unknown as StoredMessage;
  throw new StatefulFunctionsError(
    'SF_MALFORMED_RECORD',
    'a record of the inbox is no message of a client. See who else writes to it.',
  );
}
