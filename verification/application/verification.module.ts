import {
  type Binder,
  deadLetters,
  Module,
  type Scheduler,
  type StatefulFunctionModule,
} from '@stateful-functions/core';
import { ActorFn } from './actor.fn.js';
import { Conduct } from './conduct.js';
import { IntakeRouter, intakes } from './intake.js';
import { MortalFn, RelayFn } from './mortal.fn.js';
import { Occupancy } from './occupancy.js';
import { Outside, type Surroundings } from './outside.js';
import { Pauses } from './pauses.js';
import { RegisterFn } from './register.fn.js';
import { traces } from './trace.js';

export interface VerificationOptions {
  /** The timers of the machine that this instance runs on; asked for at each wait. */
  readonly scheduler: () => Scheduler;
  /** One for the whole run. */
  readonly occupancy: Occupancy;
  /** What is around it; not needed where sources and sinks are replaced. */
  readonly outside?: Surroundings;
  /**
   * Names what may have one invocation of an address at a time, asked for at each invocation: an epoch's number, for instance.
   * By default each start of the application, or of one of its workers, is a life of its own.
   */
  readonly life?: () => string;
  /** Told of each attempt to carry out a command, with a name of the command. */
  readonly attempted?: (message: string, attempt: number) => void;
}

/** The application under test. One instance serves any number of starts. */
@Module()
export class VerificationModule implements StatefulFunctionModule {
  readonly #options: VerificationOptions;
  readonly #outside: Surroundings;

  constructor(options: VerificationOptions) {
    this.#options = options;
    this.#outside = options.outside ?? new Outside();
  }

  configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
    const { scheduler, occupancy } = this.#options;
    const { sources, sinks } = this.#outside;
    const started = occupancy.newLife();
    const { life = () => started, attempted } = this.#options;
    binder.bindService(Conduct, new Conduct(new Pauses(scheduler), occupancy, life, attempted));
    for (const [index, intake] of intakes.entries()) binder.bindIngress(intake, sources[index] as (typeof sources)[0]);
    for (const [index, egress] of traces.entries()) binder.bindEgress(egress, sinks[index] as (typeof sinks)[0]);
    binder.bindEgress(deadLetters, this.#outside.deadLetters);
    binder.bindFunctions(ActorFn, MortalFn, RelayFn, RegisterFn);
    binder.bindRouters(IntakeRouter);
  }
}
