import type { ApplicationStatus } from '@stateful-functions/core';

/** One line on how far the application is. */
export function progress({ events, backlog, egressPublished }: ApplicationStatus): string {
  return `${count(events)} events read, ${count(backlog)} messages waiting, ${count(egressPublished)} emails written`;
}

/** What a run came to that took `elapsedMs`. All but the events count this run alone. */
export function summary(status: ApplicationStatus, elapsedMs: number, emails: string): string {
  const rate = Math.round((status.invocations * 1000) / Math.max(elapsedMs, 1));
  return [
    `Done in ${(elapsedMs / 1000).toFixed(2)} s.`,
    row('events', status.events, 'read since the first start'),
    row('emails', status.egressPublished, `appended to ${emails}`),
    row('dead letters', status.deadLetters, `appended to ${status.storage}/dead-letters.jsonl`),
    row('rate', rate, 'messages handled a second'),
    `  state is in ${status.storage}: run again, and only what was appended since is read`,
  ].join('\n');
}

function row(name: string, value: number, note: string): string {
  return `  ${name.padEnd(12)} ${count(value).padStart(7)}   ${note}`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}
