import { StatefulFunctionsError } from './errors.js';
import type { FunctionType } from './function-type.js';

/** Longest id, in UTF-16 code units. */
export const maxIdLength = 16_384;

/** A logical function instance: its type and an id. Never a location. `M` is what it takes. */
export class Address<in M = never> {
  /** Keeps the message type: without it an address would take anything. Type-level only. */
  declare readonly takes: (message: M) => void;

  /** @throws SF_INVALID_ID */
  constructor(
    readonly type: FunctionType<M>,
    readonly id: string,
  ) {
    if (typeof id !== 'string' || id.length === 0 || id.length > maxIdLength || !id.isWellFormed()) {
      throw new StatefulFunctionsError(
        'SF_INVALID_ID',
        `an id of ${type.name} must be a well-formed string of 1 to ${maxIdLength} characters; got ${describeId(id)}. Use another id.`,
      );
    }
  }

  /** `namespace/name/id`. */
  toString(): string {
    return `${this.type.name}/${this.id}`;
  }
}

/** Any address, whatever it takes. */
export type AnyAddress = Address<never>;

/** Whether two addresses name the same function instance. */
export function sameAddress(a: AnyAddress, b: AnyAddress): boolean {
  return a.id === b.id && a.type.name === b.type.name;
}

function describeId(id: unknown): string {
  if (typeof id !== 'string') return typeof id;
  if (id.length === 0) return 'an empty string';
  if (id.length > maxIdLength) return `${id.length} characters`;
  return `${JSON.stringify(id)} with a lone surrogate`;
}
