import type { Operations } from './contract.js';
import type { FunctionOptions } from './function-definition.js';
import type { Ingress } from './ingress.js';
import type { Schema } from './schema.js';
import type { StateFieldSpec } from './state-field.js';

/** Any class. */
export type Class<T extends object = object> = abstract new (...args: never[]) => T;

/** What `@StatefulFunction` noted about a class. */
export interface FunctionSpec {
  readonly type: { readonly name: string; readonly schema: Schema | undefined };
  readonly operations: Operations | undefined;
  readonly options: FunctionOptions;
}

/**
 * What decorators noted, by class. Decorators only mark; nothing is made or bound before an application starts.
 */
const functions = new WeakMap<object, FunctionSpec>();
const routes = new WeakMap<object, Ingress<unknown>>();
const modules = new WeakSet<object>();
/** Fields by the prototype that declares them. */
const fields = new WeakMap<object, StateFieldSpec[]>();

export const registry = {
  setFunction(target: object, spec: FunctionSpec): void {
    functions.set(target, spec);
  },
  functionOf(target: object): FunctionSpec | undefined {
    return functions.get(target);
  },
  setRoute(target: object, ingress: Ingress<unknown>): void {
    routes.set(target, ingress);
  },
  routeOf(target: object): Ingress<unknown> | undefined {
    return routes.get(target);
  },
  setModule(target: object): void {
    modules.add(target);
  },
  isModule(target: object): boolean {
    return modules.has(target);
  },
  addField(prototype: object, spec: StateFieldSpec): void {
    const own = fields.get(prototype);
    if (own === undefined) fields.set(prototype, [spec]);
    else own.push(spec);
  },
  /** The persisted fields of a class: those it inherits first, each replaced where a subclass declares it anew. */
  fieldsOf(prototype: object | null): StateFieldSpec[] {
    if (prototype === null) return [];
    const own = fields.get(prototype) ?? [];
    const inherited = registry.fieldsOf(Object.getPrototypeOf(prototype) as object | null);
    return [...inherited.filter(({ property }) => own.every((spec) => spec.property !== property)), ...own];
  },
};
