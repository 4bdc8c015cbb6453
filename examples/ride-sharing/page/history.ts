import { colour } from './city-map.js';

const spanMs = 60_000;

interface Sample {
  readonly timeMs: number;
  readonly underWay: number;
  readonly ended: number;
}

/** The last minute of rides: a line, and how many end a second. */
export class History {
  readonly #canvas: HTMLCanvasElement;
  readonly #samples: Sample[] = [];

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  add(underWay: number, ended: number): void {
    const timeMs = performance.now();
    this.#samples.push({ timeMs, underWay, ended });
    while ((this.#samples[0] as Sample).timeMs < timeMs - spanMs) this.#samples.shift();
    this.#draw(timeMs);
  }

  /** Over the last five seconds. */
  get endedPerSecond(): number {
    const last = this.#samples.at(-1);
    if (last === undefined) return 0;
    const first = this.#samples.find(({ timeMs }) => timeMs >= last.timeMs - 5_000) ?? last;
    return ((last.ended - first.ended) * 1_000) / Math.max(last.timeMs - first.timeMs, 1_000);
  }

  #draw(nowMs: number): void {
    const { clientWidth, clientHeight } = this.#canvas;
    this.#canvas.width = Math.round(clientWidth * devicePixelRatio);
    this.#canvas.height = Math.round(clientHeight * devicePixelRatio);
    const context = this.#canvas.getContext('2d') as CanvasRenderingContext2D;
    context.scale(devicePixelRatio, devicePixelRatio);
    const most = Math.max(10, ...this.#samples.map(({ underWay }) => underWay));
    context.beginPath();
    for (const { timeMs, underWay } of this.#samples) {
      context.lineTo(clientWidth * (1 - (nowMs - timeMs) / spanMs), 2 + (clientHeight - 4) * (1 - underWay / most));
    }
    context.strokeStyle = colour('driving');
    context.lineWidth = 2;
    context.lineJoin = 'round';
    context.stroke();
    const first = this.#samples[0] as Sample;
    context.lineTo(clientWidth, clientHeight);
    context.lineTo(clientWidth * (1 - (nowMs - first.timeMs) / spanMs), clientHeight);
    context.globalAlpha = 0.12;
    context.fillStyle = context.strokeStyle;
    context.fill();
  }
}
