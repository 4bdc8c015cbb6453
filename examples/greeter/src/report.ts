import type { ApplicationStatus } from '@stateful-functions/core';

/** One line on how far the application is. */
export function progress(status: ApplicationStatus): string {
  const { events, backlog, egressPublished } = status;
  return `${count(events)} events read, ${count(backlog)} messages waiting, ${count(egressPublished)} emails written`;
}

/** What a run did: `before` and `after` it, in `elapsedMs`. */
export function summary(
  before: ApplicationStatus,
  after: ApplicationStatus,
  elapsedMs: number,
  emails: string,
): string {
  const events = after.events - before.events;
  const rate = Math.round((events * 1000) / Math.max(elapsedMs, 1));
  return [
    `Done in ${(elapsedMs / 1000).toFixed(2)} s.`,
    row('events', events, `${count(after.events)} since the first start`),
    row('emails', after.egressPublished - before.egressPublished, emails),
    row('dead letters', after.deadLetters - before.deadLetters, `${after.storage}/dead-letters.jsonl`),
    row('rate', rate, 'events a second'),
    `  state         in ${after.storage}; run again to read only what was appended`,
  ].join('\n');
}

function row(name: string, value: number, note: string): string {
  return `  ${name.padEnd(12)} ${count(value).padStart(7)}   ${note}`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}
