import { StatefulFunctionsError } from '../sdk/errors.js';
import type { Binder, StatefulFunctionModule } from '../sdk/module.js';
import { type Constructor, isModuleClass } from '../sdk/registry.js';
import type { ServiceContainer } from '../sdk/service.js';

/** What `Application.from` takes: a module class, an instance of one, or the URL of a file that exports exactly one. */
export type ModuleSource = URL | Constructor<StatefulFunctionModule> | StatefulFunctionModule;

/** A module, or its class: instances are made where there are services to inject. */
export type LoadedModule = Constructor<StatefulFunctionModule> | StatefulFunctionModule;

/**
 * A module that can be configured, once or several times. One that is a class is made anew each time, by the binder.
 *
 * @throws SF_INVALID_MODULE, SF_NOT_DECORATED, or what the file throws of ours.
 */
export async function loadModule(source: ModuleSource): Promise<StatefulFunctionModule> {
  if (source instanceof URL) return moduleOf(exportedModule(source, await importFile(source)));
  if (typeof source !== 'function') return source;
  if (isModuleClass(source)) return moduleOf(source);
  throw new StatefulFunctionsError(
    'SF_NOT_DECORATED',
    'a class given to Application.from is no module. Mark it @Module().',
  );
}

function moduleOf(type: Constructor<StatefulFunctionModule>): StatefulFunctionModule {
  return { configure: (config, binder) => binder.make(type).configure(config, binder) };
}

/**
 * Makes the module, if it is a class, and has it bind.
 *
 * @throws SF_INVALID_MODULE, SF_MISSING_METADATA, SF_UNBOUND_SERVICE
 */
export function configureModule(
  loaded: LoadedModule,
  config: ReadonlyMap<string, string>,
  binder: Binder,
  services: ServiceContainer,
): void {
  const module = typeof loaded === 'function' ? services.factoryOf(loaded, 'a module')() : loaded;
  if (typeof module.configure !== 'function') {
    throw new StatefulFunctionsError(
      'SF_INVALID_MODULE',
      'a module has no method configure(config, binder). Write it.',
    );
  }
  const result: unknown = module.configure(config, binder);
  if (result instanceof Promise) {
    result.catch(() => {}); // What it would bind comes too late, whatever its outcome.
    throw new StatefulFunctionsError(
      'SF_INVALID_MODULE',
      'configure() of a module is asynchronous, and what it binds would come too late. Bind synchronously.',
    );
  }
}

async function importFile(url: URL): Promise<object> {
  try {
    return (await import(url.href)) as object;
  } catch (cause) {
    if (cause instanceof StatefulFunctionsError) throw cause; // A decorator says what is wrong, and how to mend it.
    throw new StatefulFunctionsError(
      'SF_INVALID_MODULE',
      `${url.href} cannot be loaded: ${String(cause)}. Mend the file, or give the URL of another.`,
      { cause },
    );
  }
}

function exportedModule(url: URL, exported: object): Constructor<StatefulFunctionModule> {
  // A class may be exported twice, by name and as the default.
  const [found, ...others] = new Set<unknown>(Object.values(exported).filter(isModuleClass));
  if (found !== undefined && others.length === 0) return found as Constructor<StatefulFunctionModule>;
  const count = found === undefined ? 'no class' : `${others.length + 1} classes`;
  throw new StatefulFunctionsError(
    'SF_INVALID_MODULE',
    `${url.href} exports ${count} marked @Module(). Export exactly one.`,
  );
}
