import 'reflect-metadata';
import {
  Container,
  ContainerInstance,
  Inject,
  Service,
  type ServiceIdentifier,
  ServiceNotFoundError,
  Token,
} from 'typedi';
import { StatefulFunctionsError } from './errors.js';
import type { Constructor } from './registry.js';

// The only file that knows the dependency injection framework.
export { Inject, Service, Token };

/** What a service is asked for by: its class, a token, or a name. */
export type ServiceId<T = unknown> = (abstract new (...args: never[]) => T) | Token<T> | string;

/** Where factories get services. */
export interface Services {
  /** @throws SF_UNBOUND_SERVICE */
  get<T>(id: ServiceId<T>): T;
}

type Handler = (typeof Container.handlers)[number];

const valueService = { type: null, factory: undefined, global: false, multiple: false, transient: false };

/**
 * A container that has instances of its own of every service that is known globally.
 *
 * The framework's own way of copying a service keeps the first instance even of a transient one.
 */
class ApplicationContainer extends ContainerInstance {
  override get<T>(id: ServiceIdentifier<T>): T {
    const known = this.has(id as Token<T>) ? undefined : globalService(id);
    if (known !== undefined && !known.global) {
      const { value: _theirs, ...service } = known;
      this.set(service as Parameters<typeof this.set>[0]);
    }
    return super.get(id);
  }
}

/**
 * The services of one application.
 *
 * Classes marked `@Service()` are known everywhere, but each application has instances of its own. Function, router and
 * module classes are not services: `factoryOf` makes a new one at each call.
 */
export class ServiceContainer implements Services {
  readonly #container = new ApplicationContainer('application');
  readonly #checked = new Set<unknown>();

  /** Provides a value. */
  set<T>(id: ServiceId<T>, value: T): void {
    // Without its class, so that `dispose` leaves what it did not make alone.
    this.#container.set({ ...valueService, id: id as ServiceIdentifier, value });
    this.#checked.add(id); // A value that is there needs no constructor.
  }

  get<T>(id: ServiceId<T>): T {
    return this.#resolve(() => this.#container.get(id as ServiceIdentifier) as T, `a factory asks for ${nameOf(id)}`);
  }

  has(id: ServiceId): boolean {
    return this.#container.has(id as Token<unknown>) || Container.has(id as Token<unknown>);
  }

  /**
   * A maker of instances of `type`, its constructor's parameters injected.
   *
   * Everything that could be wrong with them is found here and not at the first message: parameters are resolved once,
   * and what came of it goes to the first instance.
   *
   * @param owner names the class in errors: `the function example/greeter`. Its own name is no use when minified.
   * @throws SF_MISSING_METADATA, SF_UNBOUND_SERVICE, or what a service's constructor throws.
   */
  factoryOf<T extends object>(type: Constructor<T>, owner: string): () => T {
    this.#check(type, owner);
    const parameters = this.#parametersOf(type, owner);
    const properties = Container.handlers.filter((handler) => isPropertyOf(handler, type));
    const Class = type as new (...args: unknown[]) => T;
    if (parameters.length === 0 && properties.length === 0) return () => new Class();
    let first: unknown[] | undefined = parameters.map((resolve) => resolve());
    return () => {
      const args = first ?? parameters.map((resolve) => resolve());
      first = undefined;
      const instance = new Class(...args);
      for (const { propertyName, value } of properties) {
        const resolve = () => value(this.#container) as unknown;
        Reflect.set(
          instance,
          propertyName as string,
          this.#resolve(resolve, `the property ${propertyName} of ${owner}`),
        );
      }
      return instance;
    };
  }

  /** Calls `destroy()` of each service that was made here and has one. */
  dispose(): void {
    this.#container.reset({ strategy: 'resetServices' });
  }

  #parametersOf(target: Constructor, owner: string): (() => unknown)[] {
    const type = declarerOf(target);
    return parameterTypes(type).map((parameter, index) => {
      const handler = handlerOf(type, index);
      const what = `parameter ${index} of the constructor of ${owner}`;
      if (handler !== undefined) return () => this.#resolve(() => handler.value(this.#container) as unknown, what);
      if (index >= type.length && !(isInjectable(parameter) && this.has(parameter))) return () => undefined;
      return () => this.#resolve(() => this.#container.get(parameter as ServiceIdentifier) as unknown, what);
    });
  }

  /** Checks the constructor of a class, and of the services it asks for, before any of them runs. */
  #check(target: Constructor, owner: string): void {
    const type = declarerOf(target);
    if (this.#checked.has(type)) return;
    this.#checked.add(type);
    const hasMetadata = Reflect.getOwnMetadata('design:paramtypes', type) !== undefined;
    const types = parameterTypes(type);
    for (const [index, parameter] of types.entries()) {
      if (index >= type.length || handlerOf(type, index) !== undefined) continue;
      const what = `parameter ${index} of the constructor of ${owner}`;
      if (!isInjectable(parameter)) throw missingMetadata(what, hasMetadata, parameter);
      if (!this.has(parameter)) throw unboundService(what);
      const service = serviceClassOf(parameter);
      if (service !== undefined) this.#check(service, `the service that is ${what}`);
    }
    // The framework looks at the parameters that have metadata, even where all that counts is their @Inject.
    if (!hasMetadata && types.length > 0) Reflect.defineMetadata('design:paramtypes', types, type);
  }

  #resolve<T>(resolve: () => T, what: string): T {
    try {
      return resolve();
    } catch (error) {
      if (error instanceof ServiceNotFoundError) throw unboundService(what, error);
      throw error;
    }
  }
}

/** The class that declares the constructor: a class without one of its own has its parent's. */
function declarerOf(type: Constructor): Constructor {
  if (type.length > 0 || Reflect.hasOwnMetadata('design:paramtypes', type)) return type;
  const parent = Object.getPrototypeOf(type) as Constructor;
  return parent === Function.prototype ? type : declarerOf(parent);
}

/** One entry per parameter; `undefined` where nothing is known of it. */
function parameterTypes(type: Constructor): unknown[] {
  const known = (Reflect.getOwnMetadata('design:paramtypes', type) as unknown[] | undefined) ?? [];
  return Array.from({ length: Math.max(known.length, type.length) }, (_, index) => known[index]);
}

/** The `@Inject` of a constructor's parameter. */
function handlerOf(type: Constructor, index: number): Handler | undefined {
  return Container.handlers.find((handler) => handler.object === type && handler.index === index);
}

function isPropertyOf(handler: Handler, type: Constructor): boolean {
  const prototype = handler.object as unknown as object;
  return (
    handler.index === undefined &&
    (prototype === type.prototype || Object.prototype.isPrototypeOf.call(prototype, type.prototype))
  );
}

function globalService(id: ServiceIdentifier) {
  // biome-ignore lint/complexity/useLiteralKeys: private, but nothing public tells how a service is made.
  return Container.of()['findService'](id);
}

/** The class that the framework would call `new` on; `undefined` for services that have a value or a factory. */
function serviceClassOf(id: Constructor): Constructor | undefined {
  const service = globalService(id as ServiceIdentifier);
  return service?.factory === undefined ? ((service?.type ?? undefined) as Constructor | undefined) : undefined;
}

const primitives: ReadonlySet<unknown> = new Set([
  Object,
  Function,
  String,
  Number,
  Boolean,
  BigInt,
  Symbol,
  Array,
  Promise,
]);

function isInjectable(parameter: unknown): parameter is Constructor {
  return typeof parameter === 'function' && !primitives.has(parameter);
}

function missingMetadata(what: string, hasMetadata: boolean, parameter: unknown): StatefulFunctionsError {
  if (!hasMetadata) {
    return new StatefulFunctionsError(
      'SF_MISSING_METADATA',
      `nothing is known of ${what}: the compiler wrote no metadata, as esbuild and tsx do not. ` +
        'Compile with tsc or swc and "emitDecoratorMetadata": true, or mark each parameter @Inject(token).',
    );
  }
  const [found, fix] =
    parameter === undefined
      ? ['undefined, since its file is part of a circular import', 'Break the circle, or use @Inject(() => TheClass)']
      : [
          `${(parameter as { name: string }).name}, which names no service`,
          'Import its class with import, not import type, or mark it @Inject(token)',
        ];
  return new StatefulFunctionsError('SF_MISSING_METADATA', `the type of ${what} is ${found}. ${fix}.`);
}

function unboundService(what: string, cause?: unknown): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_UNBOUND_SERVICE',
    `nobody provides the service: ${what}. Mark its class @Service(), or provide a value with binder.bindService.`,
    { cause },
  );
}

function nameOf(id: ServiceId): string {
  if (typeof id === 'string') return JSON.stringify(id);
  return `the ${id instanceof Token ? 'token' : 'class'} ${id.name ?? ''}`;
}
