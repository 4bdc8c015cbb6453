import type { Operations } from './contract.js';
import type { Duration } from './duration.js';
import type { AnyFunctionType } from './function-type.js';
import type { StateFieldSpec } from './state-field.js';

/** How a function's invocations are run. */
export interface FunctionOptions {
  /** How long an asynchronous handler may take before its signal is aborted and it counts as failed; 60 s by default. */
  readonly timeout?: Duration;
  readonly retry?: RetryPolicy;
  /** Stored names of persisted fields that the class no longer has, and whose state is given up on purpose. */
  readonly retired?: readonly string[];
}

/** When a message that failed is tried again. */
export interface RetryPolicy {
  /** Attempts in all; 5 by default, 1 for none but the first. */
  readonly maxAttempts?: number;
  /** How long to wait before the second attempt, doubled for each further one: `{ initial: '100ms', max: '10s' }` by default. */
  readonly backoff?: { readonly initial?: Duration; readonly max?: Duration };
}

/** All the runtime knows of a function: made from a decorated class, by `defineFunction`, or from a factory. */
export interface FunctionDefinition {
  /** What it was declared as: a function type, or a contract. */
  readonly type: AnyFunctionType;
  /** The operations of a contract; `undefined` for a function with `invoke`. */
  readonly operations: Operations | undefined;
  readonly options: FunctionOptions;
  readonly fields: readonly StateFieldSpec[];
  /** A new instance with its initial state, through dependency injection. */
  create(): object;
}
