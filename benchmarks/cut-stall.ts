import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  Application,
  defineFunction,
  FunctionType,
  Ingress,
  type StatefulFunctionModule,
} from '@stateful-functions/core';
import type { Benchmark, Figures } from './benchmark.js';
import { GeneratedSource } from './generated-source.js';
import { inDirectory } from './in-directory.js';
import { Stretches } from './stretches.js';
import { until } from './until.js';

const Member = FunctionType.of<string>('bench/member');
const visits = Ingress.of<string>('bench/visits');

const MemberFn = defineFunction(Member, {
  state: () => ({ visits: 0, last: '' }),
  invoke(_ctx, last) {
    this.visits += 1;
    this.last = last;
  },
});

export interface CutRun {
  /** In memory. */
  readonly addresses: number;
  /** From one checkpoint to the next. */
  readonly changed: number;
  readonly checkpoints: number;
}

/**
 * The longest stretch of each checkpoint in which nothing else runs, in milliseconds: p99 and most of all checkpoints, and the pauses
 * of the garbage collector while they were taken, which are not in those stretches.
 *
 * No message is handled while a checkpoint is taken: what handles messages lets go of the event loop after 5 ms, and would be all
 * there is to see.
 */
export function runCuts({ addresses, changed, checkpoints }: CutRun): Promise<Figures> {
  return inDirectory(async (directory) => {
    // In steps that reach all addresses in turn, and lie apart.
    const source = new GeneratedSource((number) => `member-${(number * 7_919) % addresses}@example.com`);
    const module: StatefulFunctionModule = {
      configure(_config, binder) {
        binder.bindIngress(visits, source);
        binder.bindFunctions(MemberFn);
        binder.bindRouter(visits, (id, downstream) => downstream.forward(Member.at(id), id));
      },
    };
    const app = await Application.from(module).start({
      // Each checkpoint is asked for.
      checkpoints: { directory, interval: '1d' },
      maxActiveAddresses: addresses,
      handleSignals: false,
    });
    let handled = 0;
    const change = async (count: number) => {
      handled += count;
      source.release(count);
      await until(() => app.status.invocations === handled && app.status.backlog === 0, 'all messages are handled');
    };
    try {
      await change(addresses);
      await app.checkpoint();
      if (app.status.addresses !== addresses) throw new Error(`${app.status.addresses} addresses are in memory`);
      using stretches = new Stretches();
      const longest: number[] = [];
      const durations: number[] = [];
      for (let number = 0; number < checkpoints; number += 1) {
        await change(changed);
        // The turn in which the last message was handled is not the checkpoint's.
        for (let turn = 0; turn < 2; turn += 1) await nextTurn();
        const before = app.status.checkpoint.committed;
        const startMs = performance.now();
        await app.checkpoint();
        if (app.status.checkpoint.committed !== before + 1) throw new Error('there were other checkpoints as well');
        const endMs = performance.now();
        durations.push(endMs - startMs);
        longest.push(await stretches.longest(startMs, endMs));
      }
      const { failures, addresses: inMemory } = app.status;
      if (failures > 0 || inMemory !== addresses) throw new Error(`${failures} failures, ${inMemory} addresses`);
      return {
        p99: quantile(longest, 0.99),
        max: quantile(longest, 1),
        'GC pause max': stretches.longestPauseMs,
        'of a checkpoint': quantile(durations, 0.5),
      };
    } finally {
      await app.stop();
    }
  });
}

/** By nearest rank: so much of all is at most this. */
function quantile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] as number;
}

/** What a checkpoint holds up, where a tenth of a million addresses have changed. */
export const cutStall: Benchmark = {
  name: 'cut-stall',
  metric: 'longest stretch',
  unit: 'ms',
  repetitions: 1,
  warmUp: false,
  cases: [
    {
      name: '100,000-of-1,000,000-changed',
      bar: { of: 'median', figure: 'p99', atMost: 20 },
      run: () => runCuts({ addresses: 1_000_000, changed: 100_000, checkpoints: 120 }),
    },
  ],
};
