import { Egress } from './egress.js';

/** A message that could not be handled, and why. */
export interface DeadLetter {
  /** `SF_HANDLER_FAILED`, `SF_MALFORMED_RECORD`, … */
  readonly code: string;
  /** The last error's message. */
  readonly error: string;
  /** `namespace/name/id` of the function that failed, or `namespace/name` of the ingress the record came in by. */
  readonly address: string;
  /** The contract's operation, where there is one. */
  readonly operation: string | undefined;
  readonly invocationId: string | undefined;
  readonly attempts: number;
  /** `namespace/name/id` of the function that sent the message. */
  readonly caller: string | undefined;
  /** Where the record is in its ingress: `line 17`. */
  readonly where: string | undefined;
  readonly message: unknown;
}

/**
 * Where dead letters go. Unless a module binds it, they are appended to `dead-letters.jsonl` in the checkpoint directory, or
 * only logged where there is no directory.
 */
export const deadLetters = Egress.of<DeadLetter>('sf/dead-letters');
