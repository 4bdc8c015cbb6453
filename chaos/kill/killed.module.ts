import { type Binder, Module, nodePlatform, type StatefulFunctionModule } from '@stateful-functions/core';
import { ChaosModule } from '../application/chaos.module.js';
import { Marks } from './marks.js';

/** The application that is killed, as each of its threads loads it. */
@Module()
export class KilledModule implements StatefulFunctionModule {
  configure(config: ReadonlyMap<string, string>, binder: Binder): void {
    const marks = new Marks(config.get('marks') ?? '');
    const { scheduler } = nodePlatform();
    const directory = config.get('directory') ?? '.';
    new ChaosModule({ directory, scheduler, watched: (sink) => marks.sink(sink) }).configure(config, binder);
  }
}
