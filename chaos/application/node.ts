import { ask, Egress, FunctionType, Ingress, query, type Reply, send } from '@stateful-functions/core';
import type { Step } from './step.js';

/** One line of the output: the `sequence`-th thing that `sender` did. */
export interface Line {
  readonly sender: string;
  readonly sequence: number;
  readonly id: string;
}

/** What an asked step answers. */
export interface Answer {
  readonly id: string;
  readonly amount: number;
}

/** Everything that a node holds: what the model foretells. */
export interface Report {
  readonly handled: number;
  readonly total: number;
  readonly emitted: number;
  readonly answers: number;
  readonly failures: number;
  readonly lastOrder: number;
  /** Messages that came out of order. */
  readonly disorders: number;
  /** Cancelled timers that fired. */
  readonly fired: number;
  /** Handles and tokens that were never used. */
  readonly kept: number;
  readonly byWork: readonly (readonly [string, number])[];
  readonly ledger: readonly (readonly [string, number])[];
  readonly sentTo: readonly (readonly [string, number])[];
  readonly heardFrom: readonly (readonly [string, number])[];
  readonly diary: readonly string[];
}

/** A function with every kind of state that does whatever a step says. */
export const Node = FunctionType.contract('chaos/node', {
  step: send<Step>(),
  quote: ask<Step, Answer>(),
  quoted: send<Reply<Answer>>(),
  answer: send<Answer>(),
  drop: send<string>(),
  never: send<string>(),
  report: query<void, Report>(),
});

export const commands = Ingress.of<Step>('chaos/commands');
export const lines = Egress.of<Line>('chaos/lines');
