import type { Report } from './report.js';

/** A participant as its coordinator knows it. */
export class Member {
  report: Report;
  /** When it was heard last, on the coordinator's monotonic clock. */
  heardMs: number;
  /** Whether it is to go, though it did not ask. */
  isDismissed = false;

  constructor(report: Report, heardMs: number) {
    this.report = report;
    this.heardMs = heardMs;
  }

  get endpoint(): string {
    return this.report.endpoint;
  }

  get incarnation(): string {
    return this.report.incarnation;
  }

  /** Whether it can have a share of the work. */
  get canWork(): boolean {
    return this.report.takesWork && this.report.state !== 'stopped';
  }

  /** Whether its share is to go to others. */
  get isLeaving(): boolean {
    return this.isDismissed || this.report.isLeaving;
  }
}

/** Who is to share the work: those that stay, or, if none does, those that would rather leave. */
export function workersOf(members: Iterable<Member>): Member[] {
  const able = [...members].filter(({ canWork }) => canWork);
  const staying = able.filter(({ isLeaving }) => !isLeaving);
  return staying.length > 0 ? staying : able;
}
