import type { Benchmark, Figures } from '../benchmark.js';
import { makeOurs } from './our-system.js';
import { makeRestate } from './restate-system.js';
import type { MakeSystem } from './system.js';

/** The same on both sides, in turn, each time on a system that is new: so nothing has to be warmed up by a run. */
export function sides(
  run: (make: MakeSystem) => Promise<number | Figures>,
): Pick<Benchmark, 'baseline' | 'repetitions' | 'warmUp' | 'cases'> {
  return {
    baseline: 'restate',
    repetitions: 3,
    warmUp: false,
    cases: [
      { name: 'restate', run: () => run(makeRestate) },
      { name: 'stateful-functions', run: () => run(makeOurs) },
    ],
  };
}
