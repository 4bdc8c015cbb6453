import type { EgressSink } from '../ports/egress-sink.js';
import type { IngressSource } from '../ports/ingress-source.js';
import type { Egress } from './egress.js';
import type { FunctionOptions } from './function-definition.js';
import type { FunctionType } from './function-type.js';
import type { Ingress } from './ingress.js';
import { registry } from './registry.js';
import type { Downstream } from './router.js';
import type { ServiceKey } from './service.js';

/** Says what an application consists of. Free of side effects: every worker configures it anew. */
export interface StatefulFunctionModule {
  configure(config: ReadonlyMap<string, string>, binder: Binder): void;
}

/** Marks a class as a module. A module file exports exactly one. */
export function Module(): (constructor: new (...args: never[]) => StatefulFunctionModule) => void {
  return (constructor) => registry.setModule(constructor);
}

/** Takes what a module binds. */
export interface Binder {
  bindIngress<T>(ingress: Ingress<T>, source: IngressSource<NoInfer<T>>): void;
  bindEgress<T>(egress: Egress<T>, sink: EgressSink<NoInfer<T>>): void;
  /** Classes with `@StatefulFunction`, or what `defineFunction` made. */
  bindFunctions(...classes: (new (...args: never[]) => object)[]): void;
  /** A function whose instances `factory` makes; its persisted fields are those marked on the class of what it returns. */
  bindFunction(type: { readonly name: string }, factory: () => object, options?: FunctionOptions): void;
  /** All functions of a namespace that nothing else binds: `factory` makes an instance for a type's name. */
  bindNamespace(namespace: string, factory: (type: FunctionType<never>) => object, options?: FunctionOptions): void;
  /** Classes with `@Route`. */
  bindRouters(...classes: (new (...args: never[]) => object)[]): void;
  /** A router that needs no class. */
  bindRouter<T>(ingress: Ingress<T>, route: (message: NoInfer<T>, downstream: Downstream) => void): void;
  /** Provides a value to the constructors of functions and routers. */
  bindService<T>(key: ServiceKey<T>, value: NoInfer<T>): void;
  /** Gives up the state of a function type that is no longer bound, and what is on its way to it. */
  retire(type: { readonly name: string } | string): void;
}
