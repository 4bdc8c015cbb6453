import type { Logger } from '../ports/logger.js';
import type { Membership } from '../ports/membership.js';
import type { Platform } from '../ports/platform.js';
import { randomFraction, randomHex } from '../ports/random.js';
import type { Scheduled } from '../ports/scheduler.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import { decodeLeaseRow, encodeLeaseRow, type LeaseRow } from './lease-row.js';
import { checkMembershipKey } from './membership-key.js';

export interface LeaderLeaseOptions {
  readonly platform: Pick<Platform, 'clock' | 'scheduler' | 'random'>;
  readonly membership: Membership;
  readonly logger: Logger;
  /** Where this contender can be reached: what the others learn while it leads. */
  readonly endpoint: string;
  /**
   * How long a lease lasts that is not renewed, in milliseconds. A call of the table that takes a third of it has failed.
   * A leader that died is replaced after 1.1 to 1.5 times as long.
   */
  readonly leaseMs: number;
  /** The key of the lease's row; `leaseKey` by default. */
  readonly key?: string;
  /**
   * The lease is held from now on. Terms grow, whoever is elected, and none is given twice. `deposed` is the endpoint of the holder
   * before, if its lease ran out; `undefined` if there was none, or it gave the lease up. Must not throw.
   */
  readonly onElected: (term: number, deposed: string | undefined) => void;
  /** The lease that the last `onElected` told of is over for good. Must not throw. */
  readonly onLost: () => void;
  /** Another was seen to lead that was not before. Must not throw. */
  readonly onLeader?: (leader: Leader) => void;
}

/** Who leads, as far as is known. */
export interface Leader {
  readonly endpoint: string;
  readonly term: number;
}

/** How the row was when it was last seen. */
interface Sighting {
  /** 0 when there was none. */
  readonly revision: number;
  /** `undefined` when there was none, or none that can be read. */
  readonly row: LeaseRow | undefined;
  /** Since when it has been seen at this revision, on this contender's monotonic clock. */
  readonly sinceMs: number;
}

interface Held {
  readonly term: number;
  /** When the last write that is known to have succeeded was sent. */
  readonly sentMs: number;
  readonly fence: Scheduled;
}

/** The row in which nodes see who coordinates. */
export const leaseKey = 'leader';

/** Who waits for the lease of another to run out waits so many leases: what monotonic clocks may differ in rate. */
export const patience = 1.1;
/** Its holder writes the row so often that it may be kept from that for most of a lease, and a table that fails once does no harm. */
const renewalsPerLease = 5;
/** A lease that has run out can be renewed for so many leases more, if nobody else has taken it. */
const lapse = 0.5;

/**
 * Contends for being the one that leads.
 *
 * The lease is a row of the membership table. Its holder writes it anew every fifth of the lease; a contender that has seen
 * it unchanged for longer than the lease may take it by compare-and-set.
 *
 * Invariant: at no instant do two hold it, as long as monotonic clocks differ in rate by less than a tenth, and nobody else
 * changes or removes the row. For the lease runs out in time:
 * - The holder counts from when it *sent* the last write that succeeded, a contender from when it *saw* what that wrote, which
 *   is later. So before a contender writes, the holder's lease has run out, whatever the holder waits for.
 * - A contender's write succeeds only if the row is still as it saw it, and makes the holder's writes fail that are under way.
 * - A write without an answer is settled by reading: if the row shows it, it counts, still from when it was sent.
 * - A lease that has run out is held by nobody until it is renewed, and it can only be renewed while nobody else has had it: the
 *   row would be another.
 *
 * Only monotonic clocks are read, and none is compared with another's. Wall clocks may jump; pauses may strike anywhere.
 *
 * **Gotchas**
 * A process that is stopped between looking at `term` and acting on it acts too late. A lease only decides who tries; what
 * must not happen twice needs a fence where it happens, as the manifest log is one.
 *
 * Source: C. Gray, D. Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache Consistency", 1989.
 */
export class LeaderLease {
  readonly #options: LeaderLeaseOptions;
  readonly #key: string;
  readonly #token: string;
  #seen: Sighting = { revision: 0, row: undefined, sinceMs: 0 };
  /** The row may be other than seen: nothing was seen yet, or the outcome of a write is unknown. */
  #unsettled = true;
  #held: Held | undefined;
  /** The greatest term ever seen: the next is greater, even should the row get lost. */
  #lastTerm = 0;
  /** The last term that was held and lost. It never comes back, not even when a write of it shows up late. */
  #lostTerm = 0;
  /** The last term of which `onLeader` or `onElected` told. */
  #toldTerm = 0;
  #isFailing = false;
  #running: Promise<void> | undefined;
  #stopping = false;
  #wake: () => void = () => {};

  /** @throws SF_INVALID_OPTION; SF_INVALID_NAME for a key that is none. */
  constructor(options: LeaderLeaseOptions) {
    const { leaseMs, key = leaseKey } = options;
    if (!(leaseMs > 0 && leaseMs < Number.POSITIVE_INFINITY)) {
      throw new StatefulFunctionsError('SF_INVALID_OPTION', `leaseMs is ${leaseMs}; set it to milliseconds above 0.`);
    }
    checkMembershipKey(key);
    this.#options = options;
    this.#key = key;
    this.#token = randomHex(options.platform.random, 16);
  }

  /** The term for which this contender holds the lease at this instant; `undefined` when it does not. */
  get term(): number | undefined {
    return this.#held !== undefined && this.#nowMs < this.#endMs(this.#held) ? this.#held.term : undefined;
  }

  /**
   * Who leads: this contender if it holds the lease, otherwise whom it last saw hold it; `undefined` if that one gave it up
   * or has not renewed it for too long. A hint: somebody else may lead by now.
   */
  get leader(): Leader | undefined {
    const { term } = this;
    if (term !== undefined) return { endpoint: this.#options.endpoint, term };
    const { row } = this.#seen;
    if (row?.holder === undefined || this.#freeMs <= this.#nowMs) return undefined;
    return { endpoint: row.holder.endpoint, term: row.term };
  }

  /** Begins to contend. */
  start(): void {
    this.#running ??= this.#run();
  }

  /**
   * Gives the lease up and ends contending. `onLost` is called at once if the lease was held. Resolves when the row says that
   * it is free, so that nobody has to wait for it to run out, or when saying so failed.
   */
  stop(): Promise<void> {
    this.#stopping = true;
    this.#lose('it stops');
    this.#wake();
    return this.#running ?? Promise.resolve();
  }

  async #run(): Promise<void> {
    let misses = 0;
    while (!this.#stopping) {
      const isDone = await this.#step();
      misses = isDone ? 0 : misses + 1;
      await this.#sleep(isDone ? this.#restMs() : this.#backoffMs(misses));
    }
    await this.#vacate();
  }

  /** Looks at the row, and writes it if that is due; `false` if either did not work out. */
  async #step(): Promise<boolean> {
    this.#fence();
    // Whoever holds the lease knows the row; a contender looks whether it changed.
    if ((this.#held === undefined || this.#unsettled) && !(await this.#look())) return false;
    if (this.#stopping || this.#nowMs < this.#dueMs) return true;
    const { endpoint } = this.#options;
    const term = this.#held?.term ?? this.#lastTerm + 1;
    return this.#write({ term, holder: { endpoint, token: this.#token, sentMs: this.#nowMs } });
  }

  async #look(): Promise<boolean> {
    const answer = await this.#ask(this.#options.membership.read(this.#key));
    if (answer === undefined) return false;
    const { value: found } = answer;
    this.#see(found?.revision ?? 0, found && decodeLeaseRow(found.value));
    return true;
  }

  async #write(row: LeaseRow): Promise<boolean> {
    this.#unsettled = true;
    const answer = await this.#ask(this.#options.membership.write(this.#key, encodeLeaseRow(row), this.#seen.revision));
    // Not even "another was faster" is certain: it may have been this write, sent twice on the way, or an earlier one.
    if (answer?.value === undefined) return false;
    this.#see(answer.value, row);
    return true;
  }

  /** Draws every conclusion from the row: whether the lease is won, goes on, or is lost. */
  #see(revision: number, row: LeaseRow | undefined): void {
    this.#unsettled = false;
    const former = this.#seen.row?.holder;
    if (revision !== this.#seen.revision) this.#seen = { revision, row, sinceMs: this.#nowMs };
    this.#lastTerm = Math.max(this.#lastTerm, row?.term ?? 0);
    this.#fence();
    const ours = row?.holder?.token === this.#token ? row.holder : undefined;
    if (row === undefined || ours === undefined) {
      this.#lose('another took it');
    } else if (this.#held !== undefined) {
      this.#hold(this.#held.term, Math.max(ours.sentMs, this.#held.sentMs));
    } else if (row.term > this.#lostTerm && this.#nowMs < this.#endMs(ours) && !this.#stopping) {
      this.#hold(row.term, ours.sentMs);
      this.#toldTerm = row.term;
      this.#options.logger.info({ term: row.term }, 'elected leader');
      this.#options.onElected(row.term, former?.endpoint);
    }
    this.#tell();
  }

  #tell(): void {
    const { leader } = this;
    if (leader === undefined || leader.term === this.#toldTerm || this.#held !== undefined) return;
    this.#toldTerm = leader.term;
    this.#options.onLeader?.(leader);
  }

  #hold(term: number, sentMs: number): void {
    this.#held?.fence.cancel();
    const fire = () => {
      this.#fence();
      if (this.#held !== undefined) this.#hold(term, sentMs); // A hair too early, as sums of fractions are.
    };
    const leftMs = this.#lostMs({ sentMs }) - this.#nowMs;
    this.#held = { term, sentMs, fence: this.#options.platform.scheduler.after(Math.max(1, leftMs), fire) };
  }

  /** Ends a lease that ran out some time ago. Until then, a process that was merely late goes on as if nothing had happened. */
  #fence(): void {
    if (this.#held !== undefined && this.#nowMs >= this.#lostMs(this.#held)) this.#lose('it was not renewed in time');
  }

  #lose(reason: string): void {
    if (this.#held === undefined) return;
    const { term, fence } = this.#held;
    fence.cancel();
    this.#held = undefined;
    this.#lostTerm = term;
    this.#options.logger.info({ term, reason }, 'no longer leader');
    this.#options.onLost();
  }

  /** Says in the row that the lease is free. Should it fail, others wait until it runs out. */
  async #vacate(): Promise<void> {
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      if (this.#unsettled && !(await this.#look())) return;
      const { row } = this.#seen;
      if (row?.holder?.token !== this.#token || (await this.#write({ term: row.term, holder: undefined }))) return;
    }
  }

  /** The answer of a call of the table; `undefined` if it failed or takes too long. An answer that comes later is ignored. */
  #ask<T>(call: Promise<T>): Promise<{ readonly value: T } | undefined> {
    return new Promise((resolve) => {
      let isSettled = false;
      const fail = (error: unknown) => {
        if (isSettled) return;
        isSettled = true;
        timeout.cancel();
        if (!this.#isFailing) this.#options.logger.warn({ error }, 'the membership table fails; trying again');
        this.#isFailing = true;
        resolve(undefined);
      };
      const { scheduler } = this.#options.platform;
      const late = () => fail(new Error('The membership table did not answer in time.'));
      // An answer that came while the event loop was busy is heard first.
      const timeout = scheduler.after(this.#options.leaseMs / 3, () => scheduler.defer(late));
      call.then((value) => {
        isSettled = true;
        timeout.cancel();
        this.#isFailing = false;
        resolve({ value });
      }, fail);
    });
  }

  #sleep(delayMs: number): Promise<void> {
    if (this.#stopping) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#options.platform.scheduler.after(delayMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  get #nowMs(): number {
    return this.#options.platform.clock.monotonic();
  }

  #endMs({ sentMs }: Pick<Held, 'sentMs'>): number {
    return sentMs + this.#options.leaseMs;
  }

  #lostMs(held: Pick<Held, 'sentMs'>): number {
    return this.#endMs(held) + this.#options.leaseMs * lapse;
  }

  /** When the row is to be written: to renew the lease, or to take it. */
  get #dueMs(): number {
    return this.#held === undefined ? this.#freeMs : this.#held.sentMs + this.#options.leaseMs / renewalsPerLease;
  }

  /** From when on the lease may be taken, if the row does not change until then. */
  get #freeMs(): number {
    const { revision, row, sinceMs } = this.#seen;
    const isGivenUp = row !== undefined && (row.holder === undefined || row.holder.token === this.#token);
    return revision === 0 || isGivenUp ? sinceMs : sinceMs + this.#options.leaseMs * patience;
  }

  /** How long there is nothing to do: a holder waits until its write is due, a contender looks from time to time. */
  #restMs(): number {
    const untilDueMs = Math.max(0, this.#dueMs - this.#nowMs);
    return this.#held === undefined ? Math.min(untilDueMs, this.#jittered(this.#options.leaseMs / 3)) : untilDueMs;
  }

  #backoffMs(misses: number): number {
    const { leaseMs } = this.#options;
    return this.#jittered(Math.min(leaseMs, (leaseMs / 20) * 2 ** (misses - 1)));
  }

  /** Between half of `delayMs` and all of it, so that contenders do not act in step. */
  #jittered(delayMs: number): number {
    return delayMs * (0.5 + randomFraction(this.#options.platform.random) / 2);
  }
}
