import {
  Application,
  CancellationToken,
  type Clock,
  defineFunction,
  FunctionType,
  Ingress,
  nodePlatform,
  type RunningApplication,
  type StatefulFunctionModule,
  send,
} from '@stateful-functions/core';
import type { Benchmark, Figures } from './benchmark.js';
import { GeneratedSource } from './generated-source.js';
import { inDirectory } from './in-directory.js';
import { until } from './until.js';

const Alarm = FunctionType.contract('bench/alarm', { set: send(), cancel: send(), ring: send() });
const orders = Ingress.of<number>('bench/alarm-orders');
const hourMs = 3_600_000;

/** Each `set` sets one more timer; a `cancel` takes back the last of them. */
const AlarmFn = defineFunction(Alarm, {
  state: () => ({ rung: 0, last: undefined as CancellationToken | undefined }),
  handlers: {
    set(ctx) {
      this.last = ctx.after(hourMs).to(Alarm.at(ctx.self.id)).ring();
    },
    cancel(ctx) {
      if (this.last instanceof CancellationToken) ctx.cancel(this.last);
    },
    ring() {
      this.rung += 1;
    },
  },
});

/** Time that can be set forward. */
class SettableClock implements Clock {
  readonly #clock = nodePlatform().clock;
  aheadMs = 0;

  now(): number {
    return this.#clock.now() + this.aheadMs;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }
}

export interface TimersRun {
  readonly addresses: number;
  /** That each address sets, one of which is cancelled. */
  readonly each: number;
}

/**
 * Timers a second that are set, cancelled and fired, the first two until that is durable. All are pending when the first is cancelled.
 * Then the application stops, and when it starts again, an hour later, all that are left are due at once.
 */
export function runTimers({ addresses, each }: TimersRun): Promise<Figures> {
  return inDirectory(async (directory) => {
    const pending = addresses * each;
    const clock = new SettableClock();
    const start = (source: GeneratedSource<number>) => {
      const module: StatefulFunctionModule = {
        configure(_config, binder) {
          binder.bindIngress(orders, source);
          binder.bindFunctions(AlarmFn);
          binder.bindRouter(orders, (number, downstream) => {
            const alarm = downstream.to(Alarm.at(`alarm-${number % addresses}`));
            if (number < pending) alarm.set();
            else alarm.cancel();
          });
        },
      };
      const platform = { ...nodePlatform(), clock };
      return Application.from(module).start({ platform, checkpoints: { directory }, handleSignals: false });
    };
    const source = new GeneratedSource((number) => number);
    let app = await start(source);
    try {
      const set = await rate(pending, () => carryOut(app, source, pending));
      const cancelled = await rate(addresses, () => carryOut(app, source, addresses));
      await app.stop();
      clock.aheadMs = hourMs;
      const left = pending - addresses;
      const fired = await rate(left, async () => {
        app = await start(new GeneratedSource((number) => number));
        await until(() => app.status.invocations >= left, 'all timers have fired');
      });
      await app.checkpoint();
      check(app, left);
      return { set, cancelled, fired };
    } finally {
      await app.stop();
    }
  });
}

/** Has so many orders carried out; resolves when a checkpoint has them all. */
async function carryOut(app: RunningApplication, source: GeneratedSource<number>, count: number): Promise<void> {
  const expected = app.status.invocations + count;
  source.release(count);
  await until(() => app.status.invocations === expected, 'all orders are carried out');
  await app.checkpoint();
}

async function rate(count: number, work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return count / ((performance.now() - startMs) / 1_000);
}

/** Each timer that was not cancelled has fired once, and nothing else has. @throws if not */
function check({ status: { invocations, failures, deadLetters } }: RunningApplication, expected: number): void {
  if (invocations !== expected || failures > 0 || deadLetters > 0)
    throw new Error(`${invocations} invocations, not ${expected}; ${failures} failures, ${deadLetters} dead letters`);
}

/** Of a million that are pending. */
export const timers: Benchmark = {
  name: 'timers',
  metric: 'timers',
  unit: '1/s',
  repetitions: 2,
  cases: [{ name: 'a-million-pending', run: () => runTimers({ addresses: 100_000, each: 10 }) }],
};
