import type { Benchmark } from '../benchmark.js';
import { type Load, loadId, runLoad } from '../load.js';
import { sides } from './sides.js';
import { checkSum, type MakeSystem, type System, whenHandled, withSystem } from './system.js';

const ids = 500;
const times = { warmUpMs: 500, measuredMs: 2_000 };

/** Greets by so many callers at a time: requests a second, replied to or accepted, of which each made somebody an e-mail. */
export function runGreeter(make: MakeSystem, callers: number, isOneWay: boolean, { warmUpMs, measuredMs } = times) {
  return withSystem(make, async (system) => {
    const { url, paths } = system;
    const path = isOneWay ? paths.greetOneWay : paths.greet;
    const load: Load = { url, path, isOneWay, callers, ids, warmUpMs, measuredMs };
    const { answered, perSecond } = await runLoad(load);
    const endMs = performance.now();
    await whenHandled(system, 1 + answered);
    const drainMs = performance.now() - endMs;
    await checkGreeted(system, answered);
    // What was accepted and still had to be done counts as time: a queue that grows is no throughput.
    return (perSecond * measuredMs) / (measuredMs + drainMs);
  });
}

/** Each greeting has been counted, and has made one e-mail. @throws if not */
export async function checkGreeted(system: System, count: number): Promise<void> {
  const { greeter, emailSender } = system.paths.seen;
  for (const path of [greeter, emailSender]) await checkSum(system, path, ids, loadId, count);
}

function greeter(what: string, callers: number, isOneWay: boolean): Benchmark {
  return {
    name: `peers-greeter-${what}-${callers}`,
    metric: isOneWay ? 'messages' : 'replies',
    unit: '1/s',
    ...sides((make) => runGreeter(make, callers, isOneWay)),
  };
}

/** A greeter that has an e-mail sent: asked for a durable reply, or sent to, by one caller and by a hundred. */
export const greeters: readonly Benchmark[] = [
  greeter('one-way', 1, true),
  greeter('one-way', 100, true),
  greeter('reply', 1, false),
  greeter('reply', 100, false),
];
