import type { EgressSink } from '../ports/egress-sink.js';
import type { IngressSource } from '../ports/ingress-source.js';
import { type Contract, isContract, type Operations } from '../sdk/contract.js';
import type { Egress } from '../sdk/egress.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import type { FunctionDefinition, FunctionOptions } from '../sdk/function-definition.js';
import { FunctionType } from '../sdk/function-type.js';
import type { Ingress } from '../sdk/ingress.js';
import type { Binder, StatefulFunctionModule } from '../sdk/module.js';
import { type Class, registry } from '../sdk/registry.js';
import type { Downstream, Router } from '../sdk/router.js';
import { checkInjectable, ServiceContainer, type ServiceKey } from '../sdk/service.js';
import type { BoundIngress } from '../worker/ingress-pump.js';

type AnyType = { readonly name: string; readonly schema?: FunctionType<never>['schema'] };

interface Egressing {
  readonly egress: Egress<never>;
  readonly sink: EgressSink<unknown>;
}

/**
 * What the modules of an application bind, checked: everything that can be wrong before the first message is found here.
 */
export class Bindings implements Binder {
  readonly functions = new Map<string, FunctionDefinition>();
  readonly egresses = new Map<string, Egressing>();
  readonly retired = new Set<string>();
  readonly services = new ServiceContainer();
  readonly #sources = new Map<string, { ingress: Ingress<unknown>; source: IngressSource<unknown> }>();
  readonly #routers: { ingress: Ingress<unknown>; router: Router<unknown> | Class<Router<unknown>> }[] = [];
  readonly #namespaces = new Map<string, { factory: (type: FunctionType<never>) => object; options: FunctionOptions }>();
  #ingresses: Map<string, BoundIngress> | undefined;

  /**
   * @throws SF_DUPLICATE_BINDING, SF_NOT_DECORATED, SF_MISSING_HANDLER, SF_MISSING_METADATA, SF_UNBOUND_INGRESS
   */
  static of(modules: readonly StatefulFunctionModule[], config: ReadonlyMap<string, string>): Bindings {
    const bindings = new Bindings();
    for (const module of modules) module.configure(config, bindings);
    bindings.#finish();
    return bindings;
  }

  /** The definition of a function type, if any module binds it or its namespace. */
  functionOf(name: string): FunctionDefinition | undefined {
    const known = this.functions.get(name);
    if (known !== undefined) return known;
    const namespace = this.#namespaces.get(name.slice(0, name.indexOf('/')));
    if (namespace === undefined) return undefined;
    const type = FunctionType.of<never>(name as `${string}/${string}`);
    const definition = factoryDefinition(type, () => namespace.factory(type), namespace.options);
    this.functions.set(name, definition);
    return definition;
  }

  get ingresses(): ReadonlyMap<string, BoundIngress> {
    return this.#ingresses ?? new Map();
  }

  bindIngress<T>(ingress: Ingress<T>, source: IngressSource<NoInfer<T>>): void {
    if (this.#sources.has(ingress.name)) throw duplicate('the ingress', ingress.name);
    this.#sources.set(ingress.name, { ingress: ingress as Ingress<unknown>, source });
  }

  bindEgress<T>(egress: Egress<T>, sink: EgressSink<NoInfer<T>>): void {
    if (this.egresses.has(egress.name)) throw duplicate('the egress', egress.name);
    this.egresses.set(egress.name, { egress, sink: sink as EgressSink<unknown> });
  }

  bindFunctions(...classes: (new (...args: never[]) => object)[]): void {
    for (const constructor of classes) this.#bindClass(constructor);
  }

  bindFunction(type: AnyType, factory: () => object, options: FunctionOptions = {}): void {
    this.#add(factoryDefinition(type, factory, options));
  }

  bindNamespace(namespace: string, factory: (type: FunctionType<never>) => object, options: FunctionOptions = {}): void {
    if (this.#namespaces.has(namespace)) throw duplicate('the namespace', namespace);
    this.#namespaces.set(namespace, { factory, options });
  }

  bindRouters(...classes: (new (...args: never[]) => object)[]): void {
    for (const constructor of classes) {
      const ingress = registry.routeOf(constructor);
      if (ingress === undefined) {
        throw new StatefulFunctionsError('SF_NOT_DECORATED', 'a class given to bindRouters has no @Route(ingress). Add it.');
      }
      checkInjectable(`a router of ${ingress.name}`, constructor);
      this.#routers.push({ ingress, router: constructor as Class as Class<Router<unknown>> });
    }
  }

  bindRouter<T>(ingress: Ingress<T>, route: (message: NoInfer<T>, downstream: Downstream) => void): void {
    this.#routers.push({ ingress: ingress as Ingress<unknown>, router: { route: route as Router<unknown>['route'] } });
  }

  bindService<T>(key: ServiceKey<T>, value: NoInfer<T>): void {
    this.services.provide(key, value);
  }

  retire(type: { readonly name: string } | string): void {
    this.retired.add(typeof type === 'string' ? type : type.name);
  }

  #bindClass(constructor: new (...args: never[]) => object): void {
    const spec = registry.functionOf(constructor);
    if (spec === undefined) {
      throw new StatefulFunctionsError(
        'SF_NOT_DECORATED',
        'a class given to bindFunctions has no @StatefulFunction(type). Add it, or use bindFunction(type, factory).',
      );
    }
    const what = `the function ${spec.type.name}`;
    checkInjectable(what, constructor);
    checkHandlers(what, constructor.prototype as object, spec.operations);
    const fields = registry.fieldsOf(constructor.prototype as object);
    checkFields(what, fields.map(({ name }) => name));
    const create = () => this.services.create(constructor as Class);
    this.#add({ type: spec.type, operations: spec.operations, options: spec.options, fields, create });
  }

  #add(definition: FunctionDefinition): void {
    const { name } = definition.type;
    if (this.functions.has(name)) throw duplicate('the function type', name);
    this.functions.set(name, definition);
  }

  #finish(): void {
    const ingresses = new Map<string, BoundIngress & { routers: Router<unknown>[] }>();
    for (const [name, { ingress, source }] of this.#sources) ingresses.set(name, { ingress, source, routers: [] });
    for (const { ingress, router } of this.#routers) {
      const bound = ingresses.get(ingress.name);
      if (bound === undefined) {
        const message = `a router is bound to the ingress ${ingress.name}, which no module binds. Bind it with binder.bindIngress().`;
        throw new StatefulFunctionsError('SF_UNBOUND_INGRESS', message);
      }
      bound.routers.push(typeof router === 'function' ? this.services.create(router) : router);
    }
    this.#ingresses = ingresses;
  }
}

function factoryDefinition(type: AnyType, factory: () => object, options: FunctionOptions): FunctionDefinition {
  const operations = isContract(type) ? (type as Contract<Operations>).operations : undefined;
  const sample = factory();
  const what = `the function ${type.name}`;
  checkHandlers(what, sample, operations);
  const fields = registry.fieldsOf(Object.getPrototypeOf(sample) as object);
  checkFields(what, fields.map(({ name }) => name));
  return { type: { name: type.name, schema: type.schema }, operations, options, fields, create: factory };
}

function checkHandlers(what: string, target: object, operations: Operations | undefined): void {
  const wanted = operations === undefined ? ['invoke'] : Object.keys(operations);
  for (const name of wanted) {
    if (typeof (target as Record<string, unknown>)[name] === 'function') continue;
    throw new StatefulFunctionsError('SF_MISSING_HANDLER', `${what} has no method ${name}(). Write it as a method of the class.`);
  }
}

function checkFields(what: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new StatefulFunctionsError('SF_INVALID_STATE_FIELD', `${what} persists two fields under the name ${JSON.stringify(twice)}. Give each its own.`);
}

function duplicate(what: string, name: string): StatefulFunctionsError {
  return new StatefulFunctionsError('SF_DUPLICATE_BINDING', `${what} ${name} is bound twice. Bind it once, in one module.`);
}
