import type { Context } from './context.js';
import type { Contract, Handlers, Operations } from './contract.js';
import type { FunctionOptions } from './function-definition.js';
import type { AnyFunctionType, Handled } from './function-type.js';
import { type Constructor, functionSpec, refuseStandardDecorator, registerFunction } from './registry.js';

/**
 * A function that takes messages of one type.
 *
 * `invoke` is declared as a property so that a handler for fewer kinds of messages does not compile.
 */
export interface StatefulFunction<in M> {
  invoke: (ctx: Context, message: M) => void | Promise<void>;
}

/**
 * Makes a class the implementation of a contract: one method per operation. Instances are made through dependency
 * injection, one for each address that is active.
 */
export function StatefulFunction<O extends Operations>(
  contract: Contract<O>,
  options?: FunctionOptions,
): (type: Constructor<Handlers<Contract<O>>>) => void;
/** Makes a class the implementation of a function type. */
export function StatefulFunction<T extends AnyFunctionType>(
  type: T,
  options?: FunctionOptions,
): (type: Constructor<StatefulFunction<Handled<T>>>) => void;
export function StatefulFunction(
  type: AnyFunctionType | Contract<Operations>,
  options: FunctionOptions = {},
): (type: Constructor, context?: unknown) => void {
  return (target, context) => {
    refuseStandardDecorator('StatefulFunction', context);
    registerFunction(target, functionSpec(type, options));
  };
}
