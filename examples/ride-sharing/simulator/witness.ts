import type { DriverReport, Pickup } from '../src/driver.js';
import type { Notice, RideRequest } from '../src/passenger.js';

/** How far a ride is, as seen from the street. */
interface Watched {
  readonly request: RideRequest;
  rideId: string | undefined;
  /** Who was sent to fetch the passenger. */
  driverId: string | undefined;
  last: 'requested' | Notice['event'];
}

/** What may follow what. */
const successors: Readonly<Record<Watched['last'], readonly Notice['event'][]>> = {
  requested: ['found', 'failed'],
  found: ['started'],
  started: ['ended'],
  ended: [],
  failed: [],
};

/**
 * Sees everything that goes into the application and comes out of it, and tells what must not be: a driver in two rides, a ride with
 * two drivers, a request that does not end or fail exactly once.
 *
 * Rides that are over are counted and forgotten; whatever is told of them afterwards is a violation.
 */
export class Witness {
  /** By passenger. */
  readonly #underWay = new Map<string, Watched>();
  /** The ride a driver is in, by driver: from the pickup until he has reported its end. */
  readonly #rideOf = new Map<string, string>();
  /** Who drives, by ride. Pickups and notices come on different ways, in any order. */
  readonly #driverOf = new Map<string, string>();
  readonly violations: string[] = [];
  requested = 0;
  ended = 0;
  failed = 0;

  /** Requests that have neither ended nor failed. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** Passengers who wait for a driver to come, with the cell they wait in. */
  get waiting(): number[] {
    const cells: number[] = [];
    for (const { request, last } of this.#underWay.values()) {
      if (last === 'requested' || last === 'found') cells.push(request.from);
    }
    return cells;
  }

  request(request: RideRequest): void {
    this.requested += 1;
    this.#underWay.set(request.passengerId, {
      request,
      rideId: undefined,
      driverId: undefined,
      last: 'requested',
    });
  }

  pickup({ rideId, driverId, passengerId, from, to }: Pickup): void {
    const other = this.#rideOf.get(driverId);
    if (other !== undefined) this.#violation(`the driver ${driverId} is in the rides ${other} and ${rideId}`);
    const rival = this.#driverOf.get(rideId);
    if (rival !== undefined) this.#violation(`the ride ${rideId} has the drivers ${rival} and ${driverId}`);
    this.#rideOf.set(driverId, rideId);
    this.#driverOf.set(rideId, driverId);
    const watched = this.#underWay.get(passengerId);
    if (watched === undefined) this.#violation(`${driverId} is to fetch ${passengerId}, who has asked for no ride`);
    else if (watched.request.from !== from || watched.request.to !== to) {
      this.#violation(`${driverId} is to take ${passengerId} from ${from} to ${to}, which was not asked for`);
    }
  }

  report(report: DriverReport): void {
    if (report.event === 'ended') this.#rideOf.delete(report.driverId);
  }

  notice(notice: Notice): void {
    const { event, passengerId, rideId } = notice;
    const watched = this.#underWay.get(passengerId);
    if (watched === undefined) {
      this.#violation(`${passengerId} hears that the ride ${rideId} has ${event}, and has no ride under way`);
      return;
    }
    watched.rideId ??= rideId;
    if (watched.rideId !== rideId) this.#violation(`${passengerId} has the rides ${watched.rideId} and ${rideId}`);
    if (!successors[watched.last].includes(event)) {
      this.#violation(`the ride ${rideId} was ${watched.last}, and then ${event}`);
    }
    if (notice.event !== 'failed') {
      watched.driverId ??= notice.driverId;
      if (watched.driverId !== notice.driverId) {
        this.#violation(`the ride ${rideId} has the drivers ${watched.driverId} and ${notice.driverId}`);
      }
    }
    watched.last = event;
    if (event === 'ended' || event === 'failed') this.#close(passengerId, watched, event);
  }

  /** What is wrong at the end of a run, when nothing may be under way any more. */
  conclude(): string[] {
    for (const [passengerId, { last }] of this.#underWay) {
      this.#violation(`the ride of ${passengerId} was ${last}, and neither ended nor failed`);
    }
    for (const [driverId, rideId] of this.#rideOf) this.#violation(`${driverId} is still in the ride ${rideId}`);
    for (const [rideId, driverId] of this.#driverOf)
      this.#violation(`${driverId} was sent to the ride ${rideId} in vain`);
    return this.violations;
  }

  #close(passengerId: string, { rideId, driverId }: Watched, event: 'ended' | 'failed'): void {
    this.#underWay.delete(passengerId);
    this[event] += 1;
    const sent = this.#driverOf.get(rideId as string);
    if (sent !== driverId) {
      this.#violation(`the ride ${rideId} had ${driverId ?? 'no driver'}, and ${sent ?? 'nobody'} was sent`);
    }
    this.#driverOf.delete(rideId as string);
  }

  #violation(text: string): void {
    // Where everything is wrong, the first ones tell what.
    if (this.violations.length < 100) this.violations.push(text);
  }
}
