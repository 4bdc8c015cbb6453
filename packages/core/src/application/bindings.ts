import type { EgressSink } from '../ports/egress-sink.js';
import type { IngressSource } from '../ports/ingress-source.js';
import type { Contract, Operations } from '../sdk/contract.js';
import type { Egress } from '../sdk/egress.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import type { FunctionDefinition, FunctionOptions } from '../sdk/function-definition.js';
import { type AnyFunctionType, FunctionType } from '../sdk/function-type.js';
import type { Ingress } from '../sdk/ingress.js';
import type { Binder, NamespaceFactory, StatefulFunctionModule } from '../sdk/module.js';
import { checkName } from '../sdk/name.js';
import { type Constructor, routedIngresses } from '../sdk/registry.js';
import type { Router } from '../sdk/router.js';
import { ServiceContainer, type ServiceId, type Services } from '../sdk/service.js';
import type { WorkerBindings } from '../worker/worker.js';
import { definitionOfClass, definitionOfFactory } from './function-definitions.js';
import { configureModule } from './module-loader.js';

/** A way in, or one partition of it, with where its records come from and who decides where they go. */
export interface IngressBinding {
  readonly ingress: Ingress<unknown>;
  readonly source: IngressSource<unknown>;
  readonly routers: readonly Router<unknown>[];
}

/** What a partition may be called: its name stands in checkpoints, logs and metrics. */
const partitionForm = /^[A-Za-z0-9._-]{1,128}$/;

/** A way out, with where its records go. */
export interface EgressBinding {
  readonly egress: Egress<never>;
  readonly sink: EgressSink<unknown>;
}

/**
 * What the modules of an application bind.
 *
 * All that can be found wrong before the first message is: modules declare first, and only when all have, and every
 * service is known, classes are looked at, and routers made.
 */
export class Bindings implements Binder {
  readonly services = new ServiceContainer();
  /** Functions that are bound by themselves, by name; `functionOf` knows those of namespaces too. */
  readonly functions = new Map<string, FunctionDefinition>();
  /** By name; the partitions of an ingress each by theirs, `namespace/name#partition`. */
  readonly ingresses = new Map<string, IngressBinding>();
  readonly egresses = new Map<string, EgressBinding>();
  /** Names of what was given up on purpose. */
  readonly retired = new Set<string>();
  readonly #namespaces = new Map<string, { readonly factory: NamespaceFactory; readonly options?: FunctionOptions }>();
  readonly #found = new Map<string, FunctionDefinition>();
  readonly #routers: { readonly ingress: Ingress<unknown>; readonly make: () => Router<unknown> }[] = [];
  readonly #pending: (() => FunctionDefinition | undefined)[] = [];

  /**
   * Has the modules bind, in their order, and checks the whole.
   *
   * @throws SF_DUPLICATE_BINDING, SF_NOT_DECORATED, SF_MISSING_HANDLER, SF_MISSING_METADATA, SF_UNBOUND_SERVICE,
   * SF_UNBOUND_INGRESS, SF_MISSING_ROUTER, SF_INVALID_MODULE, SF_INVALID_NAME, SF_INVALID_OPTION,
   * SF_INVALID_STATE_FIELD
   */
  static of(
    modules: readonly (StatefulFunctionModule | Constructor<StatefulFunctionModule>)[],
    config: ReadonlyMap<string, string>,
  ): Bindings {
    const bindings = new Bindings();
    for (const module of modules) configureModule(module, config, bindings, bindings.services);
    bindings.#complete();
    return bindings;
  }

  /** The definition of a function type; `undefined` when neither it nor its namespace is bound. */
  functionOf(name: string): FunctionDefinition | undefined {
    const known = this.functions.get(name) ?? this.#found.get(name);
    if (known !== undefined) return known;
    const namespace = this.#namespaces.get(name.slice(0, name.indexOf('/')));
    if (namespace === undefined || this.retired.has(name)) return undefined;
    const type = FunctionType.of<never>(name as `${string}/${string}`);
    const { factory, options } = namespace;
    const definition = definitionOfFactory(type, (services) => factory(type, services), this.services, options);
    if (definition !== undefined) this.#found.set(name, definition);
    return definition;
  }

  /** As `functionOf`. @throws SF_UNBOUND_FUNCTION */
  definitionOf(name: string): FunctionDefinition {
    const definition = this.functionOf(name);
    if (definition !== undefined) return definition;
    throw new StatefulFunctionsError(
      'SF_UNBOUND_FUNCTION',
      `no module binds ${name}. Bind it with binder.bindFunctions().`,
    );
  }

  bindIngress<T>(ingress: Ingress<T>, source: IngressSource<NoInfer<T>>): void {
    if (this.#partsOf(ingress).length > 0) throw duplicate(`the ingress ${ingress.name}`);
    this.ingresses.set(ingress.name, { ingress: ingress as Ingress<unknown>, source, routers: [] });
  }

  bindPartitions<T>(ingress: Ingress<T>, sources: Readonly<Record<string, IngressSource<NoInfer<T>>>>): void {
    const partitions = Object.entries(sources);
    if (partitions.length === 0) {
      throw new StatefulFunctionsError(
        'SF_INVALID_OPTION',
        `the ingress ${ingress.name} is bound to no partition. Give it at least one source.`,
      );
    }
    if (this.#partsOf(ingress).length > 0) throw duplicate(`the ingress ${ingress.name}`);
    for (const [partition, source] of partitions) {
      if (!partitionForm.test(partition)) {
        throw new StatefulFunctionsError(
          'SF_INVALID_NAME',
          `the ingress ${ingress.name} has a partition ${JSON.stringify(partition)}. Use letters, digits, '.', '_' and '-', 128 at most.`,
        );
      }
      this.ingresses.set(`${ingress.name}#${partition}`, { ingress: ingress as Ingress<unknown>, source, routers: [] });
    }
  }

  bindEgress<T>(egress: Egress<T>, sink: EgressSink<NoInfer<T>>): void {
    if (this.egresses.has(egress.name)) throw duplicate(`the egress ${egress.name}`);
    this.egresses.set(egress.name, { egress, sink: sink as EgressSink<unknown> });
  }

  bindFunctions(...types: Constructor[]): void {
    for (const type of types) this.#pending.push(() => definitionOfClass(type, this.services));
  }

  bindFunction(
    type: AnyFunctionType | Contract<Operations>,
    factory: (services: Services) => object,
    options?: FunctionOptions,
  ): void {
    this.#pending.push(() => definitionOfFactory(type, factory, this.services, options));
  }

  bindNamespace(namespace: string, factory: NamespaceFactory, options?: FunctionOptions): void {
    checkName('namespace', `${namespace}/any`);
    if (this.#namespaces.has(namespace)) throw duplicate(`the namespace ${namespace}`);
    this.#namespaces.set(namespace, options === undefined ? { factory } : { factory, options });
  }

  bindRouters(...types: Constructor[]): void {
    for (const type of types) {
      const ingresses = routedIngresses(type);
      if (ingresses.length === 0) {
        throw new StatefulFunctionsError(
          'SF_NOT_DECORATED',
          'a class given to bindRouters is no router. Mark it @Route(ingress).',
        );
      }
      for (const ingress of ingresses) {
        const make = () => this.services.factoryOf(type, `a router of ${ingress.name}`)() as Router<unknown>;
        this.#routers.push({ ingress, make });
      }
    }
  }

  bindRouter<T>(ingress: Ingress<T>, route: Router<NoInfer<T>>['route']): void {
    const router = { route } as Router<unknown>;
    this.#routers.push({ ingress: ingress as Ingress<unknown>, make: () => router });
  }

  bindService<T>(id: ServiceId<T>, value: NoInfer<T>): void {
    this.services.set(id, value as T);
  }

  make<T extends object>(type: Constructor<T>): T {
    return this.services.factoryOf(type, 'a class that a module is made of')();
  }

  retire(type: { readonly name: string } | string): void {
    this.retired.add(typeof type === 'string' ? type : type.name);
  }

  #complete(): void {
    for (const make of this.#pending.splice(0)) {
      const definition = make();
      if (definition === undefined) {
        throw new StatefulFunctionsError(
          'SF_MISSING_HANDLER',
          'a factory given to bindFunction made nothing. Return an instance.',
        );
      }
      this.#add(definition);
    }
    for (const { ingress, make } of this.#routers) this.#hang(ingress, make());
    for (const { ingress, routers } of this.ingresses.values()) {
      if (routers.length > 0) continue;
      throw new StatefulFunctionsError(
        'SF_MISSING_ROUTER',
        `the ingress ${ingress.name} has no router, so its records would be lost. Bind one with binder.bindRouters.`,
      );
    }
    for (const name of this.retired) {
      if (!this.functions.has(name) && !this.ingresses.has(name) && !this.egresses.has(name)) continue;
      throw new StatefulFunctionsError('SF_DUPLICATE_BINDING', `${name} is both bound and retired. Do one of the two.`);
    }
  }

  #add(definition: FunctionDefinition): void {
    const { name } = definition.type;
    if (this.functions.has(name)) throw duplicate(`the function ${name}`);
    this.functions.set(name, definition);
  }

  #hang(ingress: Ingress<unknown>, router: Router<unknown>): void {
    const parts = this.#partsOf(ingress);
    if (parts.length === 0) {
      throw new StatefulFunctionsError(
        'SF_UNBOUND_INGRESS',
        `a router hangs on the ingress ${ingress.name}, which no module binds. Bind it with binder.bindIngress.`,
      );
    }
    if (typeof router.route !== 'function') {
      throw new StatefulFunctionsError(
        'SF_MISSING_HANDLER',
        `a router of ${ingress.name} has no method route(). Write it.`,
      );
    }
    for (const [name, bound] of parts) this.ingresses.set(name, { ...bound, routers: [...bound.routers, router] });
  }

  /** An ingress as it is bound: whole, or its partitions; nothing if it is not. */
  #partsOf({ name }: { readonly name: string }): [string, IngressBinding][] {
    return [...this.ingresses].filter(([, { ingress }]) => ingress.name === name);
  }
}

/** What a worker needs to know of the bindings of an application. */
export function workerBindings(bindings: Bindings): WorkerBindings {
  const { retired, ingresses, egresses } = bindings;
  return { definitionOf: (name) => bindings.functionOf(name), retired, ingresses, egresses };
}

function duplicate(what: string): StatefulFunctionsError {
  return new StatefulFunctionsError('SF_DUPLICATE_BINDING', `${what} is bound twice. Bind it once, in one module.`);
}
