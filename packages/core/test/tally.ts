import { query, send } from '../src/sdk/contract.js';
import { defineFunction } from '../src/sdk/define-function.js';
import { FunctionType } from '../src/sdk/function-type.js';
import type { StatefulFunctionModule } from '../src/sdk/module.js';

/** Adds up what it is sent: the application of tests that are about something else. */
export const Tally = FunctionType.contract('test/tally', { add: send<number>(), sum: query<void, number>() });
const TallyFn = defineFunction(Tally, {
  state: () => ({ total: 0 }),
  handlers: {
    add(_ctx, weight) {
      this.total += weight;
    },
    sum() {
      return this.total;
    },
  },
});

export const tallies: StatefulFunctionModule = { configure: (_config, binder) => binder.bindFunctions(TallyFn) };
