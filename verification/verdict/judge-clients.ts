import { isPoison } from '../application/manner.js';
import { Register } from '../application/register.js';
import type { ClientCall } from '../workload/client-calls.js';
import type { VerificationWorkload } from '../workload/workload.js';
import type { Outcome } from './outcome.js';
import type { Verdict } from './verdict.js';

/** What became of the entry of a call. */
interface Found {
  /** How often it is in the state, among the records, and among the dead letters. */
  entries: number;
  traces: number;
  deadLetters: number;
}

/** What was acknowledged happened once, what was refused did not, and of the rest nothing happened twice. */
export function judgeClients(workload: VerificationWorkload, outcome: Outcome, verdict: Verdict): void {
  const found = new Map<string, Found>(
    workload.calls.map(({ entry }) => [entry.id, { entries: 0, traces: 0, deadLetters: 0 }]),
  );
  const note = (id: string, what: keyof Found, count: number) => {
    const known = found.get(id);
    if (known === undefined) verdict.violate('client', `${id} is there, and no client sent it`);
    else known[what] += count;
  };
  for (const address of workload.registers.map((id) => `${Register.name}/${id}`)) {
    const { entries, visits } = outcome.registers.get(address) ?? { entries: [], visits: undefined };
    for (const [id, count] of entries) note(id, 'entries', count);
    verdict.compare(
      `visits of ${address}`,
      visits,
      entries.reduce((sum, [, count]) => sum + count, 0),
    );
  }
  for (const { id, by } of outcome.traces.flat()) if (by.startsWith(`${Register.name}/`)) note(id, 'traces', 1);
  for (const { address, message } of outcome.deadLetters)
    if (address.startsWith(`${Register.name}/`)) note((message as { id: string }).id, 'deadLetters', 1);
  for (const call of workload.calls) judgeCall(workload, call, found.get(call.entry.id) as Found, verdict);
}

function judgeCall({ clients }: VerificationWorkload, call: ClientCall, found: Found, verdict: Verdict): void {
  const { id, manner } = call.entry;
  const { entries, traces, deadLetters } = found;
  const fate = clients.fateOf(call);
  verdict.checked[fate] += 1;
  const complain = (what: string) => verdict.violate('client', `${id}, ${fate} to its client, ${what}`);
  if (entries !== traces) complain(`is there ${entries} times, and ${traces} times in the egress`);
  const [happened, mustNot] = isPoison(manner) ? [deadLetters, entries] : [entries, deadLetters];
  if (mustNot !== 0)
    complain(isPoison(manner) ? 'is there, though it fails' : 'is a dead letter, though it does not fail');
  if (happened > 1) complain(`happened ${happened} times`);
  if (!clients.wasMade(call) && happened > 0) complain('happened, and was never called');
  if (fate === 'acknowledged' && happened === 0) complain('is lost');
  if (fate === 'refused' && (!isPoison(manner) || happened === 0))
    complain('was not to be refused, or left no dead letter');
}
