import type { Report } from './report.js';

/** A participant as its coordinator knows it. */
export class Member {
  report: Report;
  /** When it was heard last, on the coordinator's monotonic clock. */
  heardMs: number;
  /** Whether the network has said, since it was heard, that nobody listens there. */
  isDeserted = false;
  /** Whether it is to go, though it did not ask. */
  isDismissed = false;

  constructor(report: Report, heardMs: number) {
    this.report = report;
    this.heardMs = heardMs;
  }

  hear(report: Report, heardMs: number): void {
    this.report = report;
    this.heardMs = heardMs;
    this.isDeserted = false;
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
