import { checkName } from './name.js';
import type { Schema, SchemaOutput } from './schema.js';

/** Names a way in, and the type of what comes in. Bound to an `IngressSource` by a module, routed by `@Route` classes. */
export interface Ingress<T> {
  /** `namespace/name`. */
  readonly name: string;
  /** Checked for each record; one that does not match goes to the dead letters. */
  readonly schema: Schema | undefined;
  /** Type-level only. */
  readonly carries: (value: T) => T;
}

export const Ingress = {
  /** `Ingress.of<GreetRequest>('example/greetings')`, or with a Standard Schema. @throws SF_INVALID_NAME */
  of: makeIngress as {
    <T>(name: `${string}/${string}`): Ingress<T>;
    <S extends Schema>(name: `${string}/${string}`, schema: S): Ingress<SchemaOutput<S>>;
  },
};

class NamedIngress<T> implements Ingress<T> {
  declare readonly carries: (value: T) => T;

  constructor(
    readonly name: string,
    readonly schema: Schema | undefined,
  ) {}
}

function makeIngress(name: string, schema?: Schema): Ingress<unknown> {
  return new NamedIngress(checkName('ingress', name), schema);
}
