import 'reflect-metadata';
import { Container, type ContainerInstance, Inject, Service, Token } from 'typedi';
import { StatefulFunctionsError } from './errors.js';
import type { Class } from './registry.js';

/** The only file that knows the dependency injection library. */
export { Inject, Service, Token };

/** What a value can be provided under. */
export type ServiceKey<T> = Class<T & object> | Token<T> | string;

let containers = 0;

/** The services of one application; nothing is shared with other applications in the process. */
export class ServiceContainer {
  readonly #container: ContainerInstance;

  constructor() {
    containers += 1;
    this.#container = Container.of(`stateful-functions-${containers}`);
  }

  provide<T>(key: ServiceKey<T>, value: T): void {
    this.#container.set(key as never, value as never);
  }

  /** A new instance of a function, router or module class each time, its parameters injected. */
  create<T extends object>(constructor: Class<T>): T {
    const parameters = this.#parameters(constructor);
    return new (constructor as new (...args: unknown[]) => T)(...parameters);
  }

  dispose(): void {
    this.#container.reset();
  }

  #parameters(constructor: Class): unknown[] {
    const types = (Reflect.getMetadata('design:paramtypes', constructor) ?? []) as unknown[];
    return types.map((type, index) => {
      const handler = handlerOf(constructor, index);
      return handler === undefined ? this.#container.get(type as never) : handler.value(this.#container);
    });
  }
}

/** Explicit `@Inject` of a constructor parameter. */
function handlerOf(constructor: Class, index: number): { value: (container: ContainerInstance) => unknown } | undefined {
  const handlers = (Container as unknown as { handlers?: InjectHandler[] }).handlers ?? [];
  return handlers.find((handler) => handler.object === constructor && handler.index === index);
}

interface InjectHandler {
  readonly object: unknown;
  readonly index?: number;
  readonly value: (container: ContainerInstance) => unknown;
}

/**
 * Checks that the parameters of a class can be injected.
 *
 * @param what names the class for people, without its class name, which minifiers change.
 * @throws SF_MISSING_METADATA with the fix.
 */
export function checkInjectable(what: string, constructor: Class): void {
  const types = Reflect.getMetadata('design:paramtypes', constructor) as unknown[] | undefined;
  if (types === undefined) {
    if (constructor.length === 0) return;
    throw missing(
      what,
      'its constructor takes parameters, but their types were not emitted. Compile with "experimentalDecorators" and "emitDecoratorMetadata" (tsc or swc; esbuild and tsx cannot), and import reflect-metadata first.',
    );
  }
  for (const [index, type] of types.entries()) {
    if (handlerOf(constructor, index) !== undefined) continue;
    if (type === undefined || type === Object || type === Function || isPrimitiveClass(type)) {
      const name = typeof type === 'function' ? type.name : 'undefined';
      throw missing(
        what,
        `parameter ${index + 1} of its constructor has the type ${name}, which cannot be injected. ` +
          'Import the class itself (not with "import type"), break circular imports, or name a token with @Inject(token).',
      );
    }
  }
}

function isPrimitiveClass(type: unknown): boolean {
  return type === String || type === Number || type === Boolean || type === Symbol || type === BigInt || type === Array;
}

function missing(what: string, why: string): StatefulFunctionsError {
  return new StatefulFunctionsError('SF_MISSING_METADATA', `${what} cannot be made: ${why}`);
}
