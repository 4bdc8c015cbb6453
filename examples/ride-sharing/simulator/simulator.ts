import { cellCount } from '../src/city.js';
import type { DriverReport, Pickup } from '../src/driver.js';
import type { Notice, RideRequest } from '../src/passenger.js';
import { Random } from './random.js';
import { SimulatedDriver } from './simulated-driver.js';
import { Witness } from './witness.js';

export interface SimulatorOptions {
  readonly seed: number;
  readonly drivers: number;
  /** How many passengers come, one after the other; Infinity for a stream without end. */
  readonly passengers: number;
  readonly passengersPerSecond: number;
}

/** What people tell the application within one tick. */
export interface Tick {
  readonly requests: readonly RideRequest[];
  /** At most one of each driver. */
  readonly reports: readonly DriverReport[];
}

/** So long is a tick. */
export const tickMs = 100;

/** Passengers come when drivers have said where they are. */
const ticksBeforePassengers = 20;

/**
 * The people of the city. They are outside of the application and know of it what their phones show: whoever runs them carries what
 * they say in `tick` to its ingresses, and what comes out of its egresses to `pickup` and `notice`.
 */
export class Simulator {
  readonly drivers: readonly SimulatedDriver[];
  readonly witness = new Witness();
  readonly #options: SimulatorOptions;
  readonly #byId: ReadonlyMap<string, SimulatedDriver>;
  readonly #random: Random;
  #ticks = 0;
  #due = 0;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.drivers = Array.from(
      { length: options.drivers },
      (_, number) => new SimulatedDriver(`driver-${number}`, this.#random.below(cellCount)),
    );
    this.#byId = new Map(this.drivers.map((driver) => [driver.id, driver]));
  }

  /** Whether every passenger has come and every ride is over. */
  get isOver(): boolean {
    const { witness } = this;
    const isIdle = witness.underWay === 0 && this.drivers.every(({ rideId }) => rideId === undefined);
    return witness.requested >= this.#options.passengers && isIdle;
  }

  tick(): Tick {
    this.#ticks += 1;
    const reports = this.#ticks === 1 ? this.#arrivals() : this.#moves();
    for (const report of reports) this.witness.report(report);
    return { requests: this.#requests(), reports };
  }

  pickup(pickup: Pickup): void {
    this.witness.pickup(pickup);
    const driver = this.#byId.get(pickup.driverId);
    if (driver === undefined) this.witness.violations.push(`there is no driver ${pickup.driverId}`);
    else driver.take(pickup); // The witness has told of one who cannot.
  }

  notice(notice: Notice): void {
    this.witness.notice(notice);
  }

  /** At first everybody says where they are. */
  #arrivals(): DriverReport[] {
    return this.drivers.map(({ id, cell }) => ({ event: 'moved', driverId: id, cell }));
  }

  #moves(): DriverReport[] {
    const reports: DriverReport[] = [];
    const mayDrift = !this.isOver;
    for (const driver of this.drivers) {
      const report = driver.tick(this.#random, mayDrift);
      if (report !== undefined) reports.push(report);
    }
    return reports;
  }

  #requests(): RideRequest[] {
    const { passengers, passengersPerSecond } = this.#options;
    if (this.#ticks > ticksBeforePassengers) this.#due += (passengersPerSecond * tickMs) / 1_000;
    const requests: RideRequest[] = [];
    for (; this.#due >= 1 && this.witness.requested < passengers; this.#due -= 1) {
      const from = this.#random.below(cellCount);
      const to = (from + 1 + this.#random.below(cellCount - 1)) % cellCount;
      const request = { passengerId: `passenger-${this.witness.requested}`, from, to };
      this.witness.request(request);
      requests.push(request);
    }
    return requests;
  }
}
