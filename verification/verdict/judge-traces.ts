import { Register } from '../application/register.js';
import type { Trace } from '../application/trace.js';
import type { Foretold, ForetoldTrace } from '../model/foretold.js';
import type { Outcome } from './outcome.js';
import type { Verdict } from './verdict.js';

/** Every record is there once, where it must be, saying what it must, behind what its sender wrote before; timers are not early. */
export function judgeTraces(foretold: Foretold, outcome: Outcome, verdict: Verdict): void {
  const { clockSkewMs = 0 } = outcome;
  const seen = new Set<string>();
  for (const [egress, records] of outcome.traces.entries()) {
    const sequences = new Map<string, number>();
    for (const trace of records) {
      const { id, by, sequence } = trace;
      verdict.checked.traces += 1;
      if (seen.has(id)) verdict.violate('egress', `${id} of ${by} is there twice`);
      seen.add(id);
      const before = sequences.get(by) ?? 0;
      sequences.set(by, sequence);
      if (sequence !== before + 1)
        verdict.violate('egress', `${id} is the ${sequence}. of ${by} in egress ${egress}, after its ${before}.`);
      // Those of clients are judged with what clients know.
      if (by.startsWith(`${Register.name}/`)) continue;
      const expected = foretold.traces.get(id);
      if (expected === undefined) {
        if (foretold.silenced.has(id)) verdict.violate('cancel', `${id} ran, though its timer was cancelled`);
        else verdict.violate('egress', `${id} of ${by} must not be`);
        continue;
      }
      judgeTrace(trace, egress, expected, verdict);
      if (expected.isTimed) judgeTimer(trace, trace.from === by ? 0 : clockSkewMs, verdict);
    }
  }
  for (const [id, { by }] of foretold.traces) if (!seen.has(id)) verdict.violate('egress', `${id} of ${by} is missing`);
}

function judgeTrace(trace: Trace, egress: number, expected: ForetoldTrace, verdict: Verdict): void {
  const { id, by, from, detail } = trace;
  if (by !== expected.by || egress !== expected.egress)
    verdict.violate('egress', `${id} is of ${by} in egress ${egress}, not of ${expected.by} in ${expected.egress}`);
  if (expected.isVisit && from !== expected.from)
    verdict.violate('egress', `${id} says it comes from ${from}, not from ${expected.from}`);
  if (detail !== expected.detail) verdict.violate('egress', `${id} says ${detail}, not ${expected.detail}`);
}

function judgeTimer({ id, by, dueMs, atMs }: Trace, toleranceMs: number, verdict: Verdict): void {
  verdict.checked.timers += 1;
  if (dueMs === undefined || atMs === undefined)
    verdict.violate('timer', `${id} at ${by} does not say when it was due`);
  else if (atMs < dueMs - toleranceMs) verdict.violate('timer', `${id} at ${by} came ${dueMs - atMs} ms early`);
}
