import {
  type Binder,
  type Downstream,
  deadLetters,
  type EgressSink,
  JsonLinesSink,
  JsonLinesSource,
  Module,
  Route,
  type Router,
  type Scheduler,
  type StatefulFunctionModule,
} from '@stateful-functions/core';
import { NodeFn } from './node.fn.js';
import { commands, type Line, lines, Node } from './node.js';
import { Pauses } from './pauses.js';
import type { Step } from './step.js';

/** Where an application under test has its files, and what it runs on. */
export interface ChaosOptions {
  readonly directory: string;
  readonly scheduler: Scheduler;
  /** Looks over the shoulder of the sink. */
  readonly watched?: (sink: EgressSink<Line>) => EgressSink<Line>;
}

/** The files of an application under test. */
export function filesOf(directory: string): { input: string; output: string; deadLetters: string; state: string } {
  return {
    input: `${directory}/input.jsonl`,
    output: `${directory}/output.jsonl`,
    deadLetters: `${directory}/dead-letters.jsonl`,
    state: `${directory}/state`,
  };
}

/** Each command goes to the node it names. */
@Route(commands)
export class CommandRouter implements Router<Step> {
  route(step: Step, downstream: Downstream): void {
    downstream.to(Node.at(step.to)).step(step);
  }
}

@Module()
export class ChaosModule implements StatefulFunctionModule {
  readonly #options: ChaosOptions;

  constructor(options: ChaosOptions) {
    this.#options = options;
  }

  configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
    const { directory, scheduler, watched = (sink) => sink } = this.#options;
    const files = filesOf(directory);
    binder.bindService(Pauses, new Pauses(scheduler));
    binder.bindIngress(commands, new JsonLinesSource({ path: files.input, follow: true }));
    binder.bindEgress(lines, watched(new JsonLinesSink<Line>({ path: files.output })));
    binder.bindEgress(deadLetters, new JsonLinesSink({ path: files.deadLetters }));
    binder.bindFunctions(NodeFn);
    binder.bindRouters(CommandRouter);
  }
}
