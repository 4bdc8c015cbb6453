import { type Binder, Module, type StatefulFunctionModule } from '@stateful-functions/core';
import { CounterFn } from './counter.fn.js';

/** What the application is made of. */
@Module()
export class CounterModule implements StatefulFunctionModule {
  configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
    binder.bindFunctions(CounterFn);
  }
}
