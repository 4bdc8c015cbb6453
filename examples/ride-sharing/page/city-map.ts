import { cellBits, driverStates } from './frame.js';

const side = 50;
const cellCount = side * side;
/** How far a dot comes towards its place in one picture of the screen. */
const glide = matchMedia('(prefers-reduced-motion: reduce)').matches ? 1 : 0.16;

type Colour = 'free' | 'fetching' | 'driving' | 'waiting' | 'line';

/** Draws the city: a shade on each cell for the free drivers in it, a dot for each driver, a ring for each who waits. */
export class CityMap {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  /** Where drivers are drawn, in cells; x and y by turns. */
  #places = new Float32Array();
  #drivers: Uint16Array = new Uint16Array();
  #waiting: readonly number[] = [];

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d') as CanvasRenderingContext2D;
    requestAnimationFrame((time) => this.#draw(time));
  }

  /** Takes who is where. Returns how many drivers are in each state. */
  show(drivers: Uint16Array, waiting: readonly number[]): number[] {
    if (drivers.length !== this.#drivers.length) {
      this.#places = Float32Array.from(
        { length: drivers.length * 2 },
        (_, at) => placeOf(drivers, at >> 1)[at & 1] as number,
      );
    }
    this.#drivers = drivers;
    this.#waiting = waiting;
    const counts = driverStates.map(() => 0);
    for (const driver of drivers) counts[driver >> cellBits] = (counts[driver >> cellBits] as number) + 1;
    return counts;
  }

  #draw(time: number): void {
    const pixels = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    if (this.#canvas.width !== pixels) this.#canvas.width = this.#canvas.height = pixels;
    const context = this.#context;
    context.setTransform(pixels / side, 0, 0, pixels / side, 0, 0);
    context.clearRect(0, 0, side, side);
    this.#drawCells();
    this.#glide();
    for (const [state, name] of driverStates.entries())
      this.#drawDrivers(state, colour(name), state === 0 ? 0.17 : 0.27);
    this.#drawWaiting(time);
    requestAnimationFrame((next) => this.#draw(next));
  }

  #drawCells(): void {
    const context = this.#context;
    const free = new Uint8Array(cellCount);
    for (const driver of this.#drivers) {
      const cell = driver % (1 << cellBits);
      if (driver >> cellBits === 0) free[cell] = (free[cell] as number) + 1;
    }
    context.fillStyle = colour('free');
    for (const [cell, drivers] of free.entries()) {
      if (drivers === 0) continue;
      context.globalAlpha = Math.min(0.05 * drivers, 0.3);
      context.fillRect(cell % side, Math.floor(cell / side), 1, 1);
    }
    context.globalAlpha = 1;
    context.strokeStyle = colour('line');
    context.lineWidth = 0.04;
    context.beginPath();
    for (let at = 10; at < side; at += 10) {
      context.moveTo(at, 0);
      context.lineTo(at, side);
      context.moveTo(0, at);
      context.lineTo(side, at);
    }
    context.stroke();
  }

  #glide(): void {
    for (const number of this.#drivers.keys()) {
      const place = placeOf(this.#drivers, number);
      for (const axis of [0, 1] as const) {
        const at = number * 2 + axis;
        const now = this.#places[at] as number;
        this.#places[at] = now + glide * (place[axis] - now);
      }
    }
  }

  #drawDrivers(state: number, fill: string, radius: number): void {
    const context = this.#context;
    context.fillStyle = fill;
    context.beginPath();
    for (const [number, driver] of this.#drivers.entries()) {
      if (driver >> cellBits !== state) continue;
      const [x, y] = [this.#places[number * 2] as number, this.#places[number * 2 + 1] as number];
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
    context.fill();
  }

  #drawWaiting(time: number): void {
    const context = this.#context;
    context.strokeStyle = colour('waiting');
    context.lineWidth = 0.11;
    context.beginPath();
    for (const cell of this.#waiting) {
      const [x, y] = [(cell % side) + 0.5, Math.floor(cell / side) + 0.5];
      const radius = 0.42 + 0.08 * Math.sin(time / 250 + cell);
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
    context.stroke();
  }
}

/** Drivers in one cell stand beside each other, each always at the same side. */
function placeOf(drivers: Uint16Array, number: number): [x: number, y: number] {
  const cell = (drivers[number] as number) % (1 << cellBits);
  const angle = number * 2.4;
  return [(cell % side) + 0.5 + 0.28 * Math.cos(angle), Math.floor(cell / side) + 0.5 + 0.28 * Math.sin(angle)];
}

/** As the style sheet has it, which knows light from dark. */
export function colour(name: Colour): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);
}
