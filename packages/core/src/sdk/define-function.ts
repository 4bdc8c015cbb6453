import type { Context } from './context.js';
import type { Contract, Handlers, Operations } from './contract.js';
import { isContract } from './contract.js';
import type { FunctionOptions } from './function-definition.js';
import type { FunctionType } from './function-type.js';
import { registry } from './registry.js';
import type { Schema } from './schema.js';

type FunctionClass = new () => object;

/**
 * Defines a function without decorators; the result goes to `binder.bindFunctions`.
 *
 * ```ts
 * const greeter = defineFunction(Greeter, {
 *   state: () => ({ seen: 0 }),
 *   invoke(ctx, request) { this.seen += 1; },
 * });
 * ```
 * Every field that `state` returns is persisted. For a contract, give `handlers`, one for each operation.
 */
export function defineFunction<M, S extends object>(
  type: FunctionType<M>,
  definition: { state?: () => S; invoke(this: S, ctx: Context, message: M): void | Promise<void> },
  options?: FunctionOptions,
): FunctionClass;
export function defineFunction<O extends Operations, S extends object>(
  type: Contract<O>,
  definition: { state?: () => S; handlers: Handlers<Contract<O>> & ThisType<S & Handlers<Contract<O>>> },
  options?: FunctionOptions,
): FunctionClass;
export function defineFunction(
  type: { readonly name: string; readonly schema?: Schema | undefined },
  definition: { state?: () => object; invoke?: unknown; handlers?: object },
  options: FunctionOptions = {},
): FunctionClass {
  const { state = () => ({}), invoke, handlers } = definition;
  class DefinedFunction {
    constructor() {
      Object.assign(this, state());
    }
  }
  Object.assign(DefinedFunction.prototype, handlers ?? { invoke });
  const operations = isContract(type) ? type.operations : undefined;
  registry.setFunction(DefinedFunction, { type: { name: type.name, schema: type.schema }, operations, options });
  for (const name of Object.keys(state())) registry.addField(DefinedFunction.prototype, { property: name, name, options: {} });
  return DefinedFunction;
}
