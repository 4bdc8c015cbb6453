import { cellAt, columnOf, neighbourhood, rowOf } from '../src/city.js';
import type { DriverReport, Pickup } from '../src/driver.js';
import type { Random } from './random.js';

/** A driver without a ride goes on to another cell about once in so many ticks. */
const ticksOfRest = 25;
/** With a ride, a cell takes so many ticks. */
const ticksPerCell = 3;

/** A driver on the street: drifts while free, fetches whom the phone says, and takes them where they want. */
export class SimulatedDriver {
  readonly id: string;
  cell: number;
  trips = 0;
  #pickup: Pickup | undefined;
  #hasPassenger = false;
  #ticks = 0;

  constructor(id: string, cell: number) {
    this.id = id;
    this.cell = cell;
  }

  get rideId(): string | undefined {
    return this.#pickup?.rideId;
  }

  get hasPassenger(): boolean {
    return this.#hasPassenger;
  }

  /** Takes a pickup; `false` for one that comes during another ride, which must not be. */
  take(pickup: Pickup): boolean {
    if (this.#pickup !== undefined) return false;
    this.#pickup = pickup;
    this.#ticks = 0;
    return true;
  }

  /** One step; what the phone reports of it, if anything. */
  tick(random: Random, mayDrift: boolean): DriverReport | undefined {
    if (this.#pickup === undefined) {
      if (!mayDrift || random.below(ticksOfRest) > 0) return undefined;
      const cells = neighbourhood(this.cell).slice(1);
      return this.#moveTo(cells[random.below(cells.length)] as number);
    }
    this.#ticks += 1;
    if (this.#ticks % ticksPerCell > 0) return undefined;
    return this.#drive(this.#pickup);
  }

  #drive({ rideId, from, to }: Pickup): DriverReport {
    const target = this.#hasPassenger ? to : from;
    if (this.cell !== target) return this.#moveTo(stepTowards(this.cell, target));
    if (!this.#hasPassenger) {
      this.#hasPassenger = true;
      return { event: 'started', driverId: this.id, rideId };
    }
    this.#hasPassenger = false;
    this.#pickup = undefined;
    this.trips += 1;
    return { event: 'ended', driverId: this.id, rideId };
  }

  #moveTo(cell: number): DriverReport {
    this.cell = cell;
    return { event: 'moved', driverId: this.id, cell };
  }
}

/** Along the longer way first, as streets go: the other way is left for the end. */
function stepTowards(cell: number, target: number): number {
  const dx = columnOf(target) - columnOf(cell);
  const dy = rowOf(target) - rowOf(cell);
  if (Math.abs(dx) >= Math.abs(dy)) return cellAt(columnOf(cell) + Math.sign(dx), rowOf(cell));
  return cellAt(columnOf(cell), rowOf(cell) + Math.sign(dy));
}
