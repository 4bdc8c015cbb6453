import type { Contract, Operations } from './contract.js';
import { isContract } from './contract.js';
import { StatefulFunctionsError } from './errors.js';
import type { FunctionDefinition, FunctionOptions } from './function-definition.js';
import type { AnyFunctionType } from './function-type.js';
import type { Ingress } from './ingress.js';
import type { StateFieldSpec } from './state-field.js';

/** A class whose constructor's parameters are somebody else's business: the service container's. */
export type Constructor<T extends object = object> = new (...args: never[]) => T;

/** What `@StatefulFunction` or `defineFunction` says of a class. */
export interface FunctionSpec {
  readonly type: FunctionDefinition['type'];
  readonly operations: Operations | undefined;
  readonly options: FunctionOptions;
}

/*
 * Decorators mark; the runtime binds. What they mark is kept here, by class, and is never inherited, except for
 * persisted fields: a subclass has its parent's fields, but is a function of its own only with a decorator of its own.
 */
const functions = new WeakMap<Constructor, FunctionSpec>();
const fields = new WeakMap<object, Map<string, StateFieldSpec>>();
const routers = new WeakMap<Constructor, Ingress<unknown>[]>();
const modules = new WeakSet<Constructor>();

/** @throws SF_DUPLICATE_BINDING when the class is a function already. */
export function registerFunction(type: Constructor, spec: FunctionSpec): void {
  const present = functions.get(type);
  if (present !== undefined) {
    throw new StatefulFunctionsError(
      'SF_DUPLICATE_BINDING',
      `a class is declared to be both ${present.type.name} and ${spec.type.name}. Make it one, or derive a class.`,
    );
  }
  functions.set(type, spec);
}

export function functionSpecOf(type: Constructor): FunctionSpec | undefined {
  return functions.get(type);
}

/** The spec of a function with this type, which is a contract or takes one kind of message. */
export function functionSpec(type: AnyFunctionType | Contract<Operations>, options: FunctionOptions): FunctionSpec {
  // A contract is a function type, too, but its declaration does not say so: nothing but its operations can be sent to it.
  return { type: type as AnyFunctionType, operations: isContract(type) ? type.operations : undefined, options };
}

/** Registers a field of the class that has `prototype`. */
export function registerField(prototype: object, field: StateFieldSpec): void {
  const own = fields.get(prototype);
  if (own === undefined) fields.set(prototype, new Map([[field.property, field]]));
  else own.set(field.property, field);
}

/** The persisted fields of instances with `prototype`: inherited first, redeclared ones in their parents' places. */
export function fieldSpecsOf(prototype: object): readonly StateFieldSpec[] {
  const found = new Map<string, StateFieldSpec>();
  const chain: object[] = [];
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) chain.push(at);
  for (const owner of chain.reverse()) {
    for (const [property, field] of fields.get(owner) ?? []) found.set(property, field);
  }
  return [...found.values()];
}

export function registerRouter(type: Constructor, ingress: Ingress<unknown>): void {
  const present = routers.get(type);
  if (present === undefined) routers.set(type, [ingress]);
  else present.push(ingress);
}

/** The ingresses that a class routes; empty when it is no router. */
export function routedIngresses(type: Constructor): readonly Ingress<unknown>[] {
  return routers.get(type) ?? [];
}

export function registerModule(type: Constructor): void {
  modules.add(type);
}

export function isModuleClass(value: unknown): value is Constructor {
  return typeof value === 'function' && modules.has(value as Constructor);
}

/**
 * Refuses the decorators of ECMAScript, which compilers use unless told otherwise: they neither know constructor
 * parameters nor tell a field's decorator its class.
 *
 * @param second the second argument a decorator was called with.
 * @throws SF_DECORATOR
 */
export function refuseStandardDecorator(decorator: string, second: unknown): void {
  if (typeof second === 'object' && second !== null && 'kind' in second && 'addInitializer' in second) {
    throw new StatefulFunctionsError(
      'SF_DECORATOR',
      `@${decorator} was compiled as an ECMAScript decorator. ` +
        'Set "experimentalDecorators" and "emitDecoratorMetadata" to true in tsconfig.json.',
    );
  }
}
