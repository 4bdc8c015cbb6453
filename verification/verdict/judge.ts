import { Register } from '../application/register.js';
import type { Foretold } from '../model/foretold.js';
import type { VerificationWorkload } from '../workload/workload.js';
import { judgeClients } from './judge-clients.js';
import { judgeOrder } from './judge-order.js';
import { judgeActors, judgeMortals } from './judge-state.js';
import { judgeTraces } from './judge-traces.js';
import type { Outcome } from './outcome.js';
import { Verdict } from './verdict.js';

/** Compares what an application left behind with what the workload's model foretells, exactly. */
export function judge(workload: VerificationWorkload, outcome: Outcome): Verdict {
  const verdict = new Verdict();
  const foretold = foretell(workload, outcome);
  verdict.violations.push(...outcome.noticed, ...workload.clients.violations);
  judgeTraces(foretold, outcome, verdict);
  judgeOrder(foretold, outcome, verdict);
  judgeActors(workload, foretold, outcome, verdict);
  judgeMortals(workload, foretold, outcome, verdict);
  judgeDeadLetters(foretold, outcome, verdict);
  judgeClients(workload, outcome, verdict);
  return verdict;
}

/** What must be there, given what the state of those concerned says of what could go either way. */
function foretell({ model }: VerificationWorkload, { actors }: Outcome): Foretold {
  const trails = new Map([...actors].map(([address, { trail }]) => [address, new Set(trail)]));
  const answers = new Map([...actors].map(([address, report]) => [address, new Map(report.answers)]));
  return model.foretell({
    ran: (id, to) => trails.get(to)?.has(id) ?? false,
    answered: (id, asker) => answers.get(asker)?.has(id) ?? false,
  });
}

function judgeDeadLetters(foretold: Foretold, { deadLetters }: Outcome, verdict: Verdict): void {
  const missing = new Map(foretold.deadLetters);
  for (const { message, address, code, attempts } of deadLetters) {
    // Those of clients are judged with what clients know.
    if (address.startsWith(`${Register.name}/`)) continue;
    verdict.checked.deadLetters += 1;
    const { id = 'a message without an id' } = (message ?? {}) as { id?: string };
    const expected = missing.get(id);
    if (!missing.delete(id)) {
      const isTwice = foretold.deadLetters.has(id);
      verdict.violate('dead letter', isTwice ? `${id} is there twice` : `${id} at ${address}, of ${code}, must not be`);
    } else if (expected?.code !== code || expected.attempts !== attempts) {
      const wanted = `${expected?.code} after ${expected?.attempts}`;
      verdict.violate('dead letter', `${id} is of ${code} after ${attempts} attempts, not of ${wanted}`);
    }
  }
  for (const id of missing.keys()) verdict.violate('dead letter', `${id} is missing`);
}
