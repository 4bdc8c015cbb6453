import type { SeededRandom } from './seeded-random.js';

/** What a program can ask of a disk. */
export type DiskOperation =
  | 'open'
  | 'read'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'size'
  | 'close'
  | 'link'
  | 'unlink'
  | 'makeDirectory'
  | 'list'
  | 'syncDirectory'
  | 'lock'
  | 'release';

/** An error as the host's file system gives it. */
export class DiskError extends Error {
  override readonly name = 'DiskError';

  constructor(
    /** As Node.js names it: `ENOENT`, `EEXIST`, `ENOSPC`, `EIO`, … */
    readonly code: string,
    what: string,
  ) {
    super(`${code}: ${what}`);
  }
}

export interface FailNextOptions {
  /** How many operations of that kind succeed before the failing one. */
  readonly after?: number;
  /** Whether the operation is carried out all the same, so that only its success goes unreported. */
  readonly takesEffect?: boolean;
}

interface Fault {
  readonly operation: DiskOperation;
  readonly code: string;
  after: number;
  readonly takesEffect: boolean;
}

/** What is to happen to one operation. */
export type Fate =
  | { readonly kind: 'succeeds' }
  | { readonly kind: 'fails'; readonly error: DiskError; readonly takesEffect: boolean }
  | { readonly kind: 'hangs'; readonly takesEffect: boolean };

/** Decides which operations of a disk fail, and when its power goes. */
export class DiskFaults {
  readonly #random: SeededRandom;
  readonly #faults: Fault[] = [];
  #operations = 0;
  #powerEndsAfter = Number.POSITIVE_INFINITY;
  #afterwards: 'throw' | 'hang' = 'throw';

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Operations asked for so far. */
  get operations(): number {
    return this.#operations;
  }

  failNext(operation: DiskOperation, code: string, { after = 0, takesEffect = false }: FailNextOptions = {}): void {
    this.#faults.push({ operation, code, after, takesEffect });
  }

  cutPowerAfter(operations: number, afterwards: 'throw' | 'hang'): void {
    this.#powerEndsAfter = this.#operations + operations;
    this.#afterwards = afterwards;
  }

  /** Power is back, and nothing is planned. */
  reset(): void {
    this.#powerEndsAfter = Number.POSITIVE_INFINITY;
    this.#faults.length = 0;
  }

  fateOf(operation: DiskOperation): Fate {
    this.#operations++;
    if (this.#operations > this.#powerEndsAfter) {
      // The one that was under way when power went may have been carried out; those after it were never begun.
      const takesEffect = this.#operations === this.#powerEndsAfter + 1 && this.#random.chance(1 / 2);
      if (this.#afterwards === 'hang') return { kind: 'hangs', takesEffect };
      return { kind: 'fails', error: new DiskError('EIO', `the power is off, ${operation}`), takesEffect };
    }
    const fault = this.#faults.find((planned) => planned.operation === operation);
    if (fault === undefined || fault.after-- > 0) return { kind: 'succeeds' };
    this.#faults.splice(this.#faults.indexOf(fault), 1);
    const error = new DiskError(fault.code, `simulated failure, ${operation}`);
    return { kind: 'fails', error, takesEffect: fault.takesEffect };
  }
}
