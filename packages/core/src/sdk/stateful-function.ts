import type { Context } from './context.js';
import type { Contract, Handlers, Operations } from './contract.js';
import { isContract } from './contract.js';
import type { FunctionOptions } from './function-definition.js';
import type { FunctionType, SchemaFunctionType } from './function-type.js';
import { registry } from './registry.js';
import type { Schema, SchemaOutput } from './schema.js';

/** A function that takes messages of one type. */
export interface StatefulFunction<in M> {
  // A property rather than a method: methods would accept handlers of narrower messages.
  invoke: (ctx: Context, message: M) => void | Promise<void>;
}

/**
 * Marks a class as the implementation of a function type or contract. One instance is made for each address, on demand, with
 * the parameters of its constructor injected.
 */
export function StatefulFunction<S extends Schema>(
  type: SchemaFunctionType<S>,
  options?: FunctionOptions,
): (constructor: new (...args: never[]) => StatefulFunction<SchemaOutput<S>>) => void;
export function StatefulFunction<M>(
  type: FunctionType<M>,
  options?: FunctionOptions,
): (constructor: new (...args: never[]) => StatefulFunction<M>) => void;
export function StatefulFunction<O extends Operations>(
  type: Contract<O>,
  options?: FunctionOptions,
): (constructor: new (...args: never[]) => Handlers<Contract<O>>) => void;
export function StatefulFunction(
  type: { readonly name: string; readonly schema?: Schema | undefined },
  options: FunctionOptions = {},
): (constructor: new (...args: never[]) => object) => void {
  return (constructor) => {
    const operations = isContract(type) ? type.operations : undefined;
    registry.setFunction(constructor, { type: { name: type.name, schema: type.schema }, operations, options });
  };
}
