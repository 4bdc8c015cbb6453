import {
  type Binder,
  type DeadLetter,
  deadLetters,
  type EgressSink,
  type IngressSource,
  Module,
  type StatefulFunctionModule,
} from '@stateful-functions/core';
import { DriverFn } from './driver.fn.js';
import { type DriverReport, type Pickup, pickups, reports } from './driver.js';
import { GeoCellFn } from './geo-cell.fn.js';
import { PassengerFn } from './passenger.fn.js';
import { type Notice, notices, type RideRequest, requests } from './passenger.js';
import { ReportRouter } from './report-router.js';
import { RequestRouter } from './request-router.js';
import { RideFn } from './ride.fn.js';

/** What the city's phones are connected to. */
export interface Connections {
  readonly requests: IngressSource<RideRequest>;
  /** Partitions by name. The reports of one driver are all in one. */
  readonly reports: Readonly<Record<string, IngressSource<DriverReport>>>;
  readonly notices: EgressSink<Notice>;
  readonly pickups: EgressSink<Pickup>;
  readonly deadLetters: EgressSink<DeadLetter>;
}

/** The application: what it is made of, and where it is connected. */
@Module()
export class RideSharingModule implements StatefulFunctionModule {
  constructor(private readonly connections: Connections) {}

  configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
    binder.bindIngress(requests, this.connections.requests);
    binder.bindPartitions(reports, this.connections.reports);
    binder.bindEgress(notices, this.connections.notices);
    binder.bindEgress(pickups, this.connections.pickups);
    binder.bindEgress(deadLetters, this.connections.deadLetters);
    binder.bindFunctions(PassengerFn, DriverFn, RideFn, GeoCellFn);
    binder.bindRouters(RequestRouter, ReportRouter);
  }
}
