import { Envelope, parseId } from '../dispatch/envelope.js';
import type { FunctionHost } from '../dispatch/function-host.js';
import type { PendingTimer } from '../dispatch/invocation.js';
import type { AnyAddress } from '../sdk/address.js';
import type { Headers } from '../sdk/context.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import type { CancellationToken, ReplyTarget } from '../sdk/reply.js';
import { ReplyHandle } from '../sdk/reply.js';

/** A message as a checkpoint holds it: a value of the data model. */
export type StoredMessage = readonly [
  target: AnyAddress,
  message: unknown,
  operation: string | undefined,
  caller: AnyAddress | undefined,
  headers: Headers,
  reply: ReplyHandle | undefined,
  id: string,
  attempt: number,
  retryAtMs: number,
  settles: CancellationToken | undefined,
  settled: boolean,
];

export function storeMessage(envelope: Envelope): StoredMessage {
  const { target, message, operation, caller, headers, reply, id, attempt, retryAtMs, settles, settled } = envelope;
  const handle = reply === undefined ? undefined : new ReplyHandle(reply);
  return [target, message, operation, caller, headers, handle, id, attempt, retryAtMs, settles, settled];
}

export function restoreMessage(stored: StoredMessage, hostOf: (typeName: string) => FunctionHost): Envelope {
  const [target, message, operation, caller, headers, handle, id, attempt, retryAtMs, settles, settled] = stored;
  const reply: ReplyTarget | undefined = handle?.target;
  const envelope = new Envelope(
    knownHost(target.type.name, hostOf),
    target,
    message,
    operation,
    caller,
    headers,
    reply,
  );
  parseId(id, envelope);
  if (attempt !== 1) envelope.attempt = attempt;
  if (retryAtMs !== 0) envelope.retryAtMs = retryAtMs;
  if (settles !== undefined) envelope.settles = settles;
  if (settled) envelope.settled = settled;
  return envelope;
}

/** A timer as a checkpoint holds it. */
export type StoredTimer = readonly [dueMs: number, owner: AnyAddress, message: StoredMessage];

export function storeTimer(timer: PendingTimer): StoredTimer {
  return [timer.dueMs, timer.owner, storeMessage(timer.envelope)];
}

export function restoreTimer(
  [dueMs, owner, message]: StoredTimer,
  hostOf: (typeName: string) => FunctionHost,
): PendingTimer {
  return { dueMs, owner, envelope: restoreMessage(message, hostOf) };
}

/** The host of a function type that a message is for. @throws SF_REMOVED_FUNCTION */
export function knownHost(typeName: string, hostOf: (typeName: string) => FunctionHost): FunctionHost {
  try {
    return hostOf(typeName);
  } catch (cause) {
    throw new StatefulFunctionsError(
      'SF_REMOVED_FUNCTION',
      `a message to ${typeName} waits, but no module binds it. Bind it again, or give it up with binder.retire().`,
      { cause },
    );
  }
}
