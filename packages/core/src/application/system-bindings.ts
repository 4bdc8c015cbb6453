import { JsonLinesSink } from '../io/json-lines-sink.js';
import type { EgressSink } from '../ports/egress-sink.js';
import type { Logger } from '../ports/logger.js';
import { deadLetters } from '../sdk/dead-letter.js';
import type { Bindings } from './bindings.js';
import { Idempotency, idempotencyDefinition } from './idempotency.js';

/**
 * Adds what every application has: the function behind idempotency keys, and somewhere for dead letters to go, unless a module
 * binds that.
 *
 * @param directory where dead letters are written to; `undefined` if there is none, and they are only logged.
 */
export function addSystemBindings(bindings: Bindings, directory: string | undefined, logger: Logger): void {
  bindings.functions.set(
    Idempotency.name,
    idempotencyDefinition(
      (name, operation) => bindings.functionOf(name)?.operations?.[operation ?? '']?.kind ?? 'send',
    ),
  );
  if (bindings.egresses.has(deadLetters.name)) return;
  const sink =
    directory === undefined ? new LogSink(logger) : new JsonLinesSink({ path: `${directory}/dead-letters.jsonl` });
  bindings.bindEgress(deadLetters, sink);
}

/** Dead letters of an application that has no folder have been logged already. */
class LogSink implements EgressSink<unknown> {
  constructor(readonly logger: Logger) {}

  async open(): Promise<undefined> {
    return undefined;
  }

  async publish(): Promise<undefined> {
    return undefined;
  }

  async close(): Promise<void> {}
}
