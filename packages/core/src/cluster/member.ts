import type { Report } from './report.js';

/** A participant as its coordinator knows it. */
export class Member {
  report: Report;
  /** When it was heard last, on the coordinator's monotonic clock. */
  heardMs: number;
  /** Directives sent to it. */
  directives = 0;

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

  /** Whether it is to have a share of the work. */
  get isWorker(): boolean {
    return this.report.takesWork && !this.report.isLeaving && this.report.state !== 'stopped';
  }
}
