import type { Contract, Handlers, Operations } from './contract.js';
import { StatefulFunctionsError } from './errors.js';
import type { FunctionOptions } from './function-definition.js';
import type { AnyFunctionType, Handled } from './function-type.js';
import { Persisted } from './persisted.js';
import { type Constructor, functionSpec, registerFunction } from './registry.js';
import type { PersistedOptions } from './state-field.js';
import type { StatefulFunction } from './stateful-function.js';

/** The state of a function that is defined without decorators; handlers see it as `this`. */
export interface StateDefinition<S extends object> {
  /** The state of a new address. Every field is persisted. Called for each instance, and once at the definition. */
  readonly state?: () => S;
  /** Options of fields, by property: what `@Persisted` takes. */
  readonly persisted?: { readonly [K in keyof S]?: PersistedOptions<S[K]> };
}

/** How a contract is implemented without decorators. */
export interface ContractDefinition<O extends Operations, S extends object> extends StateDefinition<S> {
  readonly handlers: Handlers<Contract<O>> & ThisType<S & Handlers<Contract<O>>>;
}

/**
 * Defines a function without decorators; bind the class it returns with `binder.bindFunctions`.
 *
 * @example
 * const CounterFn = defineFunction(Counter, {
 *   state: () => ({ seen: 0 }),
 *   invoke(ctx, step) {
 *     this.seen += step;
 *   },
 * });
 *
 * @throws SF_INVALID_STATE_FIELD when a field of the state has the name of a handler.
 */
export function defineFunction<O extends Operations, S extends object = object>(
  contract: Contract<O>,
  definition: ContractDefinition<O, S>,
  options?: FunctionOptions,
): new () => S & Handlers<Contract<O>>;
export function defineFunction<T extends AnyFunctionType, S extends object = object>(
  type: T,
  definition: StateDefinition<S> & StatefulFunction<Handled<T>> & ThisType<S & StatefulFunction<Handled<T>>>,
  options?: FunctionOptions,
): new () => S & StatefulFunction<Handled<T>>;
export function defineFunction(
  type: AnyFunctionType | Contract<Operations>,
  definition: StateDefinition<object> & { readonly handlers?: object; readonly invoke?: unknown },
  options: FunctionOptions = {},
): Constructor {
  const { state = () => ({}), persisted = {}, handlers, invoke } = definition;
  const methods = handlers ?? { invoke };
  class DefinedFunction {
    constructor() {
      Object.assign(this, state());
    }
  }
  for (const [name, method] of Object.entries(methods)) {
    Object.defineProperty(DefinedFunction.prototype, name, { value: method, writable: true, configurable: true });
  }
  for (const property of Object.keys(state())) {
    if (Object.hasOwn(methods, property)) {
      throw new StatefulFunctionsError(
        'SF_INVALID_STATE_FIELD',
        `the state of ${type.name} has a field ${property}, which is also a handler. Rename the field.`,
      );
    }
    Persisted((persisted as Record<string, PersistedOptions>)[property])(DefinedFunction.prototype, property);
  }
  registerFunction(DefinedFunction, functionSpec(type, options));
  return DefinedFunction;
}
