import { Address } from './address.js';
import { type Contract, makeContract, type Operations } from './contract.js';
import { checkName } from './name.js';
import type { Schema, SchemaInput, SchemaOutput } from './schema.js';

/** The name and message type of a function; what callers import instead of its class. */
export interface FunctionType<in M> {
  /** `namespace/name`. */
  readonly name: string;
  /** What a message must look like, if the type was given a schema. Checked once, where it is sent. */
  readonly schema: Schema | undefined;
  /** The instance with this id. @throws SF_INVALID_ID */
  at(id: string): Address<M>;
  /** Type-level only: required, or the address of a contract would take anything. */
  readonly takes: (message: M) => void;
}

/** Any function type, whatever it takes. */
export type AnyFunctionType = FunctionType<never>;

export const FunctionType = {
  /**
   * A function that takes messages of one type: `FunctionType.of<GreetRequest>('example/greeter')`, or with a Standard
   * Schema whose output travels: `FunctionType.of('example/greeter', GreetRequest)`.
   *
   * @throws SF_INVALID_NAME
   */
  of: makeFunctionType as {
    <M>(name: `${string}/${string}`): FunctionType<M>;
    <S extends Schema>(name: `${string}/${string}`, schema: S): SchemaFunctionType<S>;
  },

  /**
   * A function with several operations, by name:
   * `FunctionType.contract('ride/driver', { offer: ask<Ride, Answer>(), finish: send<Trip>(), status: query<void, Status>() })`.
   *
   * @throws SF_INVALID_NAME
   */
  contract<const O extends Operations>(name: `${string}/${string}`, operations: O): Contract<O> {
    return makeContract(name, operations);
  },
};

/** A function type whose senders give the schema's input and whose handler takes its output. */
export interface SchemaFunctionType<S extends Schema> extends FunctionType<SchemaInput<S>> {
  /** Type-level only: what the handler takes. */
  readonly handles: SchemaOutput<S>;
}

/** What the handler of a function type takes: its message type, or the output of its schema. */
export type Handled<T> = T extends { readonly handles: infer H } ? H : T extends FunctionType<infer M> ? M : never;

class PlainFunctionType<M> implements FunctionType<M> {
  declare readonly takes: (message: M) => void;

  constructor(
    readonly name: string,
    readonly schema: Schema | undefined,
  ) {}

  at(id: string): Address<M> {
    return new Address<M>(this, id);
  }
}

function makeFunctionType<M>(name: string, schema?: Schema): FunctionType<M> {
  return new PlainFunctionType<M>(checkName('function type', name), schema);
}
