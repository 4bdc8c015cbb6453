import type { EgressSink } from '../ports/egress-sink.js';
import type { IngressSource } from '../ports/ingress-source.js';
import type { Contract, Handlers, Operations } from './contract.js';
import type { Egress } from './egress.js';
import type { FunctionOptions } from './function-definition.js';
import type { AnyFunctionType, Handled } from './function-type.js';
import type { Ingress } from './ingress.js';
import { type Constructor, refuseStandardDecorator, registerModule } from './registry.js';
import type { Router } from './router.js';
import type { ServiceId, Services } from './service.js';
import type { StatefulFunction } from './stateful-function.js';

/**
 * Says what an application consists of. An application has one or more modules; each may be loaded several times, once
 * per worker, so a module file has no side effects.
 */
export interface StatefulFunctionModule {
  /** Binds everything, synchronously. */
  configure(config: ReadonlyMap<string, string>, binder: Binder): void;
}

/** Marks the class of a module file that is the module. */
export function Module(): (type: Constructor<StatefulFunctionModule>) => void {
  return (target: Constructor, context?: unknown) => {
    refuseStandardDecorator('Module', context);
    registerModule(target);
  };
}

/** Binds names to what stands behind them; usable only while `configure` runs. */
export interface Binder {
  /** Lets records in from `source`. An ingress is routed by at least one router. */
  bindIngress<T>(ingress: Ingress<T>, source: IngressSource<NoInfer<T>>): void;
  /**
   * Lets records in from several sources, the partitions of the ingress by name: each is read by one worker at a time, and they are
   * dealt out to all. Order holds within a partition. Names are kept in checkpoints: a partition may be added, and one that is given
   * up is retired as `namespace/name#partition`.
   */
  bindPartitions<T>(ingress: Ingress<T>, sources: Readonly<Record<string, IngressSource<NoInfer<T>>>>): void;
  bindEgress<T>(egress: Egress<T>, sink: EgressSink<NoInfer<T>>): void;
  /** Binds classes made by `@StatefulFunction` or `defineFunction`. */
  bindFunctions(...types: Constructor[]): void;
  /** Binds what a factory makes; it is called for each activation, and once at start. */
  bindFunction<O extends Operations>(
    contract: Contract<O>,
    factory: (services: Services) => Handlers<Contract<O>>,
    options?: FunctionOptions,
  ): void;
  bindFunction<T extends AnyFunctionType>(
    type: T,
    factory: (services: Services) => StatefulFunction<Handled<T>>,
    options?: FunctionOptions,
  ): void;
  /**
   * Binds all function types `namespace/…` that are not bound by themselves, for names known only at run time. The
   * factory answers `undefined` for a type it does not know, and always the same class for one it does.
   */
  bindNamespace(namespace: string, factory: NamespaceFactory, options?: FunctionOptions): void;
  /** Binds classes marked `@Route`. */
  bindRouters(...types: Constructor[]): void;
  bindRouter<T>(ingress: Ingress<T>, route: Router<NoInfer<T>>['route']): void;
  /** Provides a value to constructors that ask for it by class, token or name. */
  bindService<T>(id: ServiceId<T>, value: NoInfer<T>): void;
  /** Makes a class, its constructor's parameters injected from what is provided so far: another module, for instance. */
  make<T extends object>(type: Constructor<T>): T;
  /** Gives up a function type, an ingress or an egress on purpose: what a checkpoint has of it is dropped. */
  retire(type: { readonly name: string } | string): void;
}

/** Makes an instance of one of the functions of a namespace. */
export type NamespaceFactory = (type: AnyFunctionType, services: Services) => StatefulFunction<never> | undefined;
