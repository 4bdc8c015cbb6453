import { StatefulFunctionsError } from '../sdk/errors.js';
import type { StatefulFunctionModule } from '../sdk/module.js';
import { type Class, registry } from '../sdk/registry.js';
import { checkInjectable } from '../sdk/service.js';

/** What `Application.from` takes: a module class, an instance of one, or the URL of a file that exports exactly one. */
export type ModuleSource = URL | (new () => StatefulFunctionModule) | StatefulFunctionModule;

/** @throws SF_INVALID_MODULE, SF_NOT_DECORATED */
export async function loadModule(source: ModuleSource): Promise<StatefulFunctionModule> {
  if (source instanceof URL) return instantiate(await exportedModule(source));
  if (typeof source === 'function') return instantiate(source);
  return source;
}

async function exportedModule(url: URL): Promise<new () => StatefulFunctionModule> {
  const exported = (await import(url.href)) as Record<string, unknown>;
  const classes = new Set(Object.values(exported).filter((value) => typeof value === 'function' && registry.isModule(value)));
  const [found] = classes;
  if (found !== undefined && classes.size === 1) return found as new () => StatefulFunctionModule;
  throw new StatefulFunctionsError('SF_INVALID_MODULE', `${url.href} exports ${classes.size} classes with @Module(). Export exactly one.`);
}

function instantiate(constructor: new () => StatefulFunctionModule): StatefulFunctionModule {
  if (!registry.isModule(constructor)) {
    throw new StatefulFunctionsError('SF_NOT_DECORATED', 'the module class lacks @Module(). Add it.');
  }
  checkInjectable('the module', constructor as Class);
  if (constructor.length > 0) {
    throw new StatefulFunctionsError('SF_INVALID_MODULE', 'the constructor of a module takes no parameters. Use the configuration instead.');
  }
  return new constructor();
}
