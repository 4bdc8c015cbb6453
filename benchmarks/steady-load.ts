import { type Latencies, LatencyHistogram } from './latency-histogram.js';

/** What a request took, counted from when it was due. */
interface Sample {
  readonly dueMs: number;
  readonly latencyMs: number;
}

/**
 * Makes requests at a fixed rate, whether or not the ones before are answered.
 *
 * Latency counts from when a request was *due*. A generator that waits for answers, or counts from when it got round to asking,
 * asks little while a system stands still, and so leaves out just those requests that would have waited
 * ("coordinated omission", G. Tene).
 */
export class SteadyLoad {
  readonly #rate: number;
  readonly #request: (number: number) => Promise<unknown>;
  readonly #startMs = performance.now();
  readonly #samples: Sample[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #made = 0;
  #failure: unknown;

  /** @param rate requests a second */
  constructor(rate: number, request: (number: number) => Promise<unknown>) {
    this.#rate = rate;
    this.#request = request;
    this.#timer = setInterval(() => this.#catchUp(), 1);
  }

  /** Makes no more; resolves when all are answered. @throws what any of them failed with */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Of the requests that were due from `fromMs` to `toMs`, by `performance.now()`. Call it when they are answered. */
  between(fromMs: number, toMs: number): Latencies {
    const histogram = new LatencyHistogram();
    for (const { dueMs, latencyMs } of this.#samples) {
      if (dueMs >= fromMs && dueMs < toMs) histogram.record(latencyMs);
    }
    return histogram.latencies();
  }

  #catchUp(): void {
    const due = ((performance.now() - this.#startMs) * this.#rate) / 1_000;
    for (; this.#made < due; this.#made += 1) this.#make(this.#made);
  }

  #make(number: number): void {
    const dueMs = this.#startMs + (number * 1_000) / this.#rate;
    const answered = this.#request(number).then(
      () => void this.#samples.push({ dueMs, latencyMs: performance.now() - dueMs }),
      (error: unknown) => {
        this.#failure ??= error;
      },
    );
    this.#underWay.add(answered);
    void answered.then(() => this.#underWay.delete(answered));
  }
}
