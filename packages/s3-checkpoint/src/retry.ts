import { type Platform, randomFraction } from '@stateful-functions/core';
import { mayPass } from './s3-failure.js';
import { type RetryOptions, whole } from './s3-options.js';

/** Tries requests again while their failures may pass, within bounds. */
export class Retry {
  readonly #platform: Platform;
  readonly #attempts: number;
  readonly #backoffMs: number;
  readonly #maxBackoffMs: number;

  /** @throws SF_INVALID_OPTION */
  constructor(platform: Platform, { attempts = 8, backoffMs = 100, maxBackoffMs = 2_000 }: RetryOptions) {
    this.#platform = platform;
    this.#attempts = whole('retry.attempts', attempts, 1);
    this.#backoffMs = whole('retry.backoffMs', backoffMs, 0);
    this.#maxBackoffMs = whole('retry.maxBackoffMs', maxBackoffMs, 0);
  }

  /** Resolves with the first success; rejects with a failure that does not pass, or with the last one. */
  async run<T>(request: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await request();
      } catch (error) {
        if (attempt >= this.#attempts || !mayPass(error)) throw error;
      }
      await this.#wait(Math.min(this.#backoffMs * 2 ** (attempt - 1), this.#maxBackoffMs));
    }
  }

  /** Between half of `delayMs` and all of it, so that those who failed together do not come back together. */
  #wait(delayMs: number): Promise<void> {
    const jittered = delayMs * (0.5 + randomFraction(this.#platform.random) / 2);
    return new Promise((resolve) => this.#platform.scheduler.after(jittered, resolve));
  }
}
