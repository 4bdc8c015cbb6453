import type { Figures } from './benchmark.js';
import type { Outcome } from './case-process.js';
import { benchmarks, peers } from './catalog.js';

/** What runs in the process of a case: one run for each order. It ends when there can be no more. */
const [benchmark, name] = process.argv.slice(2);
const found = [...benchmarks, ...peers].find((one) => one.name === benchmark)?.cases.find((one) => one.name === name);
if (found === undefined) throw new Error(`there is no case ${name} of a benchmark ${benchmark}`);
process.on('message', () => void run(() => found.run()));

async function run(once: () => Promise<number | Figures>): Promise<void> {
  globalThis.gc?.();
  tell(
    await once().then(
      (figures) => ({ figures }),
      (error: Error) => ({ failure: String(error.stack) }),
    ),
  );
}

function tell(outcome: Outcome): void {
  process.send?.(outcome);
}
