import { type Downstream, Route, type Router } from '@stateful-functions/core';
import { Driver, type DriverReport, reports } from './driver.js';

/** Each report goes to its driver. */
@Route(reports)
export class ReportRouter implements Router<DriverReport> {
  route(report: DriverReport, downstream: Downstream): void {
    const driver = downstream.to(Driver.at(report.driverId));
    if (report.event === 'moved') driver.move(report.cell);
    else if (report.event === 'started') driver.start(report.rideId);
    else driver.end(report.rideId);
  }
}
