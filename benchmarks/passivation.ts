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
import { until } from './until.js';

const Account = FunctionType.of<number>('bench/stored-account');
const visits = Ingress.of<number>('bench/account-visits');

export interface PassivationRun {
  /** With state; a multiple of `active`. */
  readonly addresses: number;
  /** That are in memory. */
  readonly active: number;
  /** Addresses that are not, which get a message in the end; at most `addresses - active`. */
  readonly cold: number;
}

const bytesPerGb = 1e9;
const bytesPerMb = 1e6;

/**
 * Memory of an application with many addresses of which few are active, and how many a second it can make active again of those that are
 * not.
 */
export function runPassivation({ addresses, active, cold }: PassivationRun): Promise<Figures> {
  return inDirectory(async (directory) => {
    let wrong = 0;
    const AccountFn = defineFunction(Account, {
      state: () => ({ visits: 0, last: '' }),
      invoke(ctx, visit) {
        // Whoever was read from storage remembers the visits before.
        if (this.visits !== visit - 1 || (visit > 1 && this.last !== ctx.self.id)) wrong += 1;
        this.visits = visit;
        this.last = ctx.self.id;
      },
    });
    // Everyone once, in turn; then some again, from all over.
    const addressOf = (number: number) =>
      number < addresses ? number : ((number - addresses) * 7_919) % (addresses - active);
    const source = new GeneratedSource((number) => number);
    const module: StatefulFunctionModule = {
      configure(_config, binder) {
        binder.bindIngress(visits, source);
        binder.bindFunctions(AccountFn);
        binder.bindRouter(visits, (number, downstream) => {
          downstream.forward(Account.at(`account-${addressOf(number)}`), number < addresses ? 1 : 2);
        });
      },
    };
    const emptyBytes = usedBytes();
    const app = await Application.from(module).start({
      checkpoints: { directory },
      maxActiveAddresses: active,
      handleSignals: false,
    });
    let released = 0;
    const visit = async (count: number) => {
      released += count;
      source.release(count);
      await until(
        () => app.status.invocations === released && app.status.backlog === 0,
        'all messages are handled',
        1_800_000,
      );
      await app.checkpoint();
    };
    try {
      await visit(active);
      const activeBytes = usedBytes();
      await visit(addresses - active);
      const fullBytes = usedBytes();
      const rssBytes = process.memoryUsage().rss;
      const startMs = performance.now();
      await visit(cold);
      const seconds = (performance.now() - startMs) / 1_000;
      const { status } = app;
      if (wrong > 0 || status.failures > 0)
        throw new Error(`${wrong} addresses have forgotten; ${status.failures} failures`);
      if (status.addresses > 2 * active) throw new Error(`${status.addresses} addresses are in memory`);
      return {
        'RSS most': (process.resourceUsage().maxRSS * 1_024) / bytesPerMb,
        'RSS with all stored': rssBytes / bytesPerMb,
        'per active address': (activeBytes - emptyBytes) / active,
        'per passive address': (fullBytes - activeBytes) / (addresses - active),
        'cold activations': cold / seconds,
      };
    } finally {
      await app.stop();
    }
  });
}

/** What is in use of the heap, and beside it, when what is not used any more is gone. */
function usedBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Ten million addresses in a process that has room for a hundred thousand. */
export const passivation: Benchmark = {
  name: 'passivation',
  metric: 'memory:',
  unit: 'B',
  units: { 'RSS most': 'MB', 'RSS with all stored': 'MB', 'cold activations': '1/s' },
  repetitions: 1,
  warmUp: false,
  cases: [
    {
      name: '10,000,000-addresses-1 %-active',
      bar: { of: 'most', figure: 'RSS most', atMost: bytesPerGb / bytesPerMb },
      run: () => runPassivation({ addresses: 10_000_000, active: 100_000, cold: 300_000 }),
    },
  ],
};
