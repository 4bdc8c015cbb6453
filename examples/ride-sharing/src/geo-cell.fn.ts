import { type Context, type Handlers, Persisted, StatefulFunction } from '@stateful-functions/core';
import { GeoCell } from './geo-cell.js';

/** A list of free drivers. Whom it gives to a ride it crosses off, so that the next ride gets another. */
@StatefulFunction(GeoCell)
export class GeoCellFn implements Handlers<typeof GeoCell> {
  @Persisted() free: string[] = [];

  join(_ctx: Context, driverId: string): void {
    if (!this.free.includes(driverId)) this.free.push(driverId);
  }

  leave(_ctx: Context, driverId: string): void {
    this.free = this.free.filter((id) => id !== driverId);
  }

  /** Who has waited longest. */
  find(): string | undefined {
    return this.free.shift();
  }

  drivers(): readonly string[] {
    return this.free;
  }
}
