import type { Context, FunctionOptions } from '@stateful-functions/core';
import { isAsynchronous, type Mannered } from './manner.js';
import type { Occupancy } from './occupancy.js';
import type { Pauses } from './pauses.js';

/**
 * For each function: attempts are few and close to each other, so that a run is short. On real machines and networks, handlers that
 * read what is stored need more time than under a simulator.
 */
export const conductOptions: FunctionOptions = {
  timeout: Number(process.env.SF_VERIFICATION_TIMEOUT_MS ?? 100),
  retry: { maxAttempts: 4, backoff: { initial: '5ms', max: '20ms' } },
};

/** Attempts before a dead letter. */
export const maxAttempts = 4;

/** Carries out what handlers do in the manner they are told to, watched. */
export class Conduct {
  readonly #pauses: Pauses;
  readonly #occupancy: Occupancy;
  readonly #life: () => string;
  readonly #attempted: (message: string, attempt: number) => void;

  /**
   * @param life names what is to have one invocation of an address at a time: a process, or an epoch.
   * @param attempted is told of each attempt that begins.
   */
  constructor(
    pauses: Pauses,
    occupancy: Occupancy,
    life: () => string,
    attempted: (message: string, attempt: number) => void = () => {},
  ) {
    this.#pauses = pauses;
    this.#occupancy = occupancy;
    this.#life = life;
    this.#attempted = attempted;
  }

  /** Calls `begin` and then `end`, with a wait between them and failures behind them as the manner has it. */
  perform<T>(ctx: Context, mannered: Mannered, begin: () => void, end: () => T): T | Promise<T> {
    const leave = this.#occupancy.enter(this.#life(), String(ctx.self));
    this.#attempted(`${mannered.id} at ${ctx.self}`, ctx.attempt);
    if (isAsynchronous(mannered.manner)) return this.#performLater(ctx, mannered, { begin, end, leave });
    try {
      begin();
      return this.#ended(ctx, mannered, end());
    } finally {
      leave();
    }
  }

  /** An invocation that does one thing, at once. */
  attend(ctx: Context, work: () => void): void {
    const leave = this.#occupancy.enter(this.#life(), String(ctx.self));
    try {
      work();
    } finally {
      leave();
    }
  }

  async #performLater<T>(ctx: Context, mannered: Mannered, { begin, end, leave }: Halves<T>): Promise<T> {
    const { id, manner, pauseMs } = mannered;
    // Whoever took too long has lost its address, whatever its promise does.
    ctx.signal.addEventListener('abort', leave, { once: true });
    try {
      begin();
      const hangs = manner === 'hang' || (manner === 'hang-once' && ctx.attempt === 1);
      if (hangs) await this.#hang(ctx, mannered, end);
      await this.#pauses.wait(pauseMs);
      if (ctx.signal.aborted) throw new Error(`${id} was told to stop`);
      return this.#ended(ctx, mannered, end());
    } finally {
      leave();
    }
  }

  /** Never ends; or ends when it is too late, and then does its worst with what it still holds. */
  async #hang<T>(ctx: Context, { id, pauseMs }: Mannered, end: () => T): Promise<never> {
    await new Promise<void>((resolve) => {
      if (pauseMs % 2 === 0) ctx.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    if ((ctx.signal.reason as { code?: string }).code === 'SF_HANDLER_TIMEOUT') {
      try {
        end();
        ctx.forget();
        this.#occupancy.note(`late: ${ctx.self} could use the context of ${id} after its timeout`);
      } catch {
        // Refused, as it must be.
      }
    }
    throw new Error(`${id} took too long`);
  }

  #ended<T>(ctx: Context, { id, manner }: Mannered, result: T): T {
    const isOnce = manner === 'throw-once' || manner === 'reject-once';
    if (manner === 'throw' || manner === 'reject' || (isOnce && ctx.attempt === 1)) throw new Error(failureOf(id));
    return result;
  }
}

interface Halves<T> {
  readonly begin: () => void;
  readonly end: () => T;
  readonly leave: () => void;
}

/** What the failure of `id` says, so that whoever is told of it knows whose it was. */
export function failureOf(id: string): string {
  return `failed on purpose: ${id}`;
}

/** Whose failure it was. */
export function failedId(message: string): string {
  return message.slice(failureOf('').length);
}
