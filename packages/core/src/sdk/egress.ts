import { checkName } from './name.js';

/** Names a way out, and the type of what goes out. Bound to an `EgressSink` by a module. */
export class Egress<in T> {
  /** Type-level only. */
  declare readonly takes: (value: T) => void;

  private constructor(
    /** `namespace/name`. */
    readonly name: string,
  ) {}

  /** @throws SF_INVALID_NAME */
  static of<T>(name: `${string}/${string}`): Egress<T> {
    return new Egress<T>(checkName('egress', name));
  }
}
