import { type Binder, Module, type StatefulFunctionModule } from '../../../src/index.js';

/** Exported twice, which is still one module; others that are none are no matter. */
@Module()
export class OneModule implements StatefulFunctionModule {
  configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
    binder.bindService('module', 'one');
  }
}

export class Other {}
export const four = 4;
export default OneModule;
