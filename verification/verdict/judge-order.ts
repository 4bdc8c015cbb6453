import type { Trace } from '../application/trace.js';
import type { Foretold } from '../model/foretold.js';
import type { Outcome } from './outcome.js';
import type { Verdict } from './verdict.js';

/** Every address handled the messages of each sender in the order they were sent, and counted its invocations without a gap. */
export function judgeOrder(foretold: Foretold, { traces, actors }: Outcome, verdict: Verdict): void {
  for (const [by, visits] of visitsOf(foretold, traces)) {
    let before = 0;
    const heard = new Map<string, number>();
    for (const { id, visit, from = '', pair } of visits) {
      if (visit !== before + 1) verdict.violate('order', `${id} is the ${visit}. visit of ${by}, after its ${before}.`);
      before = visit;
      if (pair === undefined) continue;
      verdict.checked.ordered += 1;
      const last = heard.get(from) ?? 0;
      if (pair !== last + 1)
        verdict.violate('order', `${id} is the ${pair}. message of ${from} to ${by}, handled after its ${last}.`);
      heard.set(from, pair);
    }
    const trail = actors.get(by)?.trail;
    if (trail === undefined) continue;
    const told = visits.map(({ id }) => id);
    const at = told.findIndex((id, index) => id !== trail[index]);
    if (at !== -1 || told.length !== trail.length)
      verdict.violate('order', `${by} let out ${told[at]} where it holds ${trail[at]}, of ${trail.length} visits`);
  }
}

/** The records of invocations, by address, in the order of the invocations. */
function visitsOf(foretold: Foretold, traces: Outcome['traces']): Map<string, Trace[]> {
  const visits = new Map<string, Trace[]>();
  for (const trace of traces.flat()) {
    // What an invocation writes beside its own record repeats its number.
    if (foretold.traces.get(trace.id)?.isVisit === false) continue;
    const known = visits.get(trace.by);
    if (known === undefined) visits.set(trace.by, [trace]);
    else known.push(trace);
  }
  for (const each of visits.values()) each.sort((a, b) => a.visit - b.visit);
  return visits;
}
