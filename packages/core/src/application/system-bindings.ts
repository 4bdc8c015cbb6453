import { JsonLinesSink } from '../io/json-lines-sink.js';
import type { EgressSink } from '../ports/egress-sink.js';
import { deadLetters } from '../sdk/dead-letter.js';
import type { Bindings } from './bindings.js';
import { Idempotency, idempotencyDefinition } from './idempotency.js';

/** Adds what every application has: the function behind idempotency keys, and a way out for dead letters. */
export function addSystemBindings(bindings: Bindings, directory: string | undefined): void {
  bindings.functions.set(
    Idempotency.name,
    idempotencyDefinition(
      (name, operation) => bindings.functionOf(name)?.operations?.[operation ?? '']?.kind ?? 'send',
    ),
  );
  if (bindings.egresses.has(deadLetters.name)) return;
  const sink = directory === undefined ? new NoSink() : new JsonLinesSink({ path: `${directory}/dead-letters.jsonl` });
  bindings.bindEgress(deadLetters, sink);
}

/** For an application that has no folder: its dead letters are logged as they come, and that is all. */
class NoSink implements EgressSink<unknown> {
  async open(): Promise<undefined> {
    return undefined;
  }

  async publish(): Promise<undefined> {
    return undefined;
  }

  async close(): Promise<void> {}
}
