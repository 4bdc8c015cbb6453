import { Actor, type ActorReport } from '../application/actor.js';
import { Mortal } from '../application/mortal.js';
import { type Foretold, ForetoldActor, ForetoldMortal } from '../model/foretold.js';
import type { VerificationWorkload } from '../workload/workload.js';
import type { Outcome } from './outcome.js';
import { sortedEntries, type Verdict } from './verdict.js';

/** Everything that actors hold, and what it tells of timers that were cancelled. */
export function judgeActors(
  { actors }: VerificationWorkload,
  foretold: Foretold,
  outcome: Outcome,
  verdict: Verdict,
): void {
  for (const address of actors.map((id) => `${Actor.name}/${id}`)) {
    const report = outcome.actors.get(address);
    const expected = foretold.actors.get(address) ?? new ForetoldActor();
    if (report === undefined) {
      verdict.violate('state', `${address} has not told what it holds`);
      continue;
    }
    for (const disorder of report.disorders) verdict.violate('order', `${address} noticed that ${disorder}`);
    judgeActor(address, report, expected, verdict);
    judgeCancels(address, report, foretold, verdict);
    verdict.checked.answers += report.answers.length;
    verdict.checked.lateAnswers += report.late;
  }
}

function judgeActor(address: string, report: ActorReport, expected: ForetoldActor, verdict: Verdict): void {
  for (const field of ['visits', 'total', 'late', 'title', 'emitted', 'diary'] as const)
    verdict.compare(`${field} of ${address}`, report[field], expected[field]);
  for (const field of ['bag', 'tallies', 'pages', 'sentTo', 'heardFrom', 'answers'] as const)
    verdict.compare(
      `${field} of ${address}`,
      sortedEntries<unknown>(report[field]),
      sortedEntries<unknown>(expected[field]),
    );
  verdict.compare(`trail of ${address}`, [...report.trail].sort(), expected.trail.sort());
  const cancels = report.cancels.map(([id]) => id).sort();
  verdict.compare(`cancels of ${address}`, cancels, expected.cancels.sort());
  verdict.compare(`what is kept of ${address}`, report.kept, []);
}

/** What was cancelled before it was due must not have run. */
function judgeCancels(
  address: string,
  { cancels }: ActorReport,
  { races, silenced }: Foretold,
  verdict: Verdict,
): void {
  for (const [id, when] of cancels) {
    if (when === 'late') verdict.checked.cancelledLate += 1;
    else {
      verdict.checked.cancelledEarly += 1;
      if (races.has(id) && !silenced.has(id))
        verdict.violate('cancel', `${id} ran, though ${address} had cancelled its timer before it was due`);
    }
  }
}

export function judgeMortals(
  { mortals }: VerificationWorkload,
  foretold: Foretold,
  outcome: Outcome,
  verdict: Verdict,
): void {
  for (const address of mortals.map((id) => `${Mortal.name}/${id}`)) {
    const report = outcome.mortals.get(address);
    const expected = foretold.mortals.get(address) ?? new ForetoldMortal();
    for (const field of ['age', 'total', 'notes'] as const)
      verdict.compare(`${field} of ${address}`, report?.[field], expected[field]);
    for (const field of ['marks', 'shelf'] as const)
      verdict.compare(`${field} of ${address}`, sortedEntries(report?.[field] ?? []), sortedEntries(expected[field]));
  }
}
