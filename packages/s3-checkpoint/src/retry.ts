import { type Platform, randomFraction } from '@stateful-functions/core';
import { mayPass } from './s3-failure.js';
import { type RetryOptions, whole } from './s3-options.js';

/** What the SDK takes along with one attempt. */
export interface AttemptOptions {
  /** How long the service may take until its answer begins, in milliseconds. */
  readonly requestTimeout?: number;
}

/** How long the first attempt waits for an answer to begin. Small requests take tens of milliseconds, so this one is lost. */
const firstAnswerMs = 2_000;
/** How fast a body goes up at least, in bytes for each millisecond. */
const slowestUpload = 256;

/**
 * Tries requests again while their failures may pass, within bounds.
 *
 * Now and then a service does not answer one request of many, and another attempt is answered at once. So the first is given up soon
 * and each later one not as soon, up to what a request may take in any case: what is slow as a whole is not asked ever more often.
 * Source: Amazon S3 User Guide, "Timeouts and retries for latency-sensitive applications".
 */
export class Retry {
  readonly #platform: Platform;
  readonly #attempts: number;
  readonly #backoffMs: number;
  readonly #maxBackoffMs: number;

  readonly #mostMs: number | undefined;

  /**
   * @param mostMs how long any attempt may wait for an answer; `undefined` to leave that to the client
   * @throws SF_INVALID_OPTION
   */
  constructor(
    platform: Platform,
    { attempts = 8, backoffMs = 100, maxBackoffMs = 2_000 }: RetryOptions,
    mostMs: number | undefined,
  ) {
    this.#platform = platform;
    this.#mostMs = mostMs;
    this.#attempts = whole('retry.attempts', attempts, 1);
    this.#backoffMs = whole('retry.backoffMs', backoffMs, 0);
    this.#maxBackoffMs = whole('retry.maxBackoffMs', maxBackoffMs, 0);
  }

  /**
   * Resolves with the first success; rejects with a failure that does not pass, or with the last one.
   *
   * @param bytes how large the request's body is; infinite for one whose answer takes as long as it takes
   */
  async run<T>(request: (options: AttemptOptions) => Promise<T>, bytes = 0): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await request(this.#optionsOf(attempt, bytes));
      } catch (error) {
        if (attempt >= this.#attempts || !mayPass(error)) throw error;
      }
      await this.#wait(Math.min(this.#backoffMs * 2 ** (attempt - 1), this.#maxBackoffMs));
    }
  }

  #optionsOf(attempt: number, bytes: number): AttemptOptions {
    if (this.#mostMs === undefined || bytes === Number.POSITIVE_INFINITY) return {};
    const answerMs = Math.min(firstAnswerMs * 2 ** (attempt - 1), this.#mostMs);
    return { requestTimeout: Math.ceil(answerMs + bytes / slowestUpload) };
  }

  /** Between half of `delayMs` and all of it, so that those who failed together do not come back together. */
  #wait(delayMs: number): Promise<void> {
    const jittered = delayMs * (0.5 + randomFraction(this.#platform.random) / 2);
    return new Promise((resolve) => this.#platform.scheduler.after(jittered, resolve));
  }
}
