import type { Membership, MembershipRow } from '../../src/ports/membership.js';

type Operation = 'read' | 'write' | 'remove' | 'list';
/** What happens instead of an operation; `proceed` does the real thing. */
export type Fault = (proceed: () => Promise<unknown>) => Promise<unknown>;

/** A membership table over another whose calls can be made to go wrong, and which remembers what it was asked. */
export class FaultyMembership implements Membership {
  readonly calls: Operation[] = [];
  /** All calls go through this one, unless `next` has one for them. */
  always: Fault | undefined;
  readonly #faults: Record<Operation, Fault[]> = { read: [], write: [], remove: [], list: [] };

  constructor(readonly inner: Membership) {}

  /** The next operations of that kind go through these, one each. */
  next(operation: Operation, ...faults: Fault[]): void {
    this.#faults[operation].push(...faults);
  }

  read(key: string): Promise<MembershipRow | undefined> {
    return this.#do('read', () => this.inner.read(key));
  }

  write(key: string, value: Uint8Array, revision: number): Promise<number | undefined> {
    return this.#do('write', () => this.inner.write(key, value, revision));
  }

  remove(key: string, revision: number): Promise<boolean> {
    return this.#do('remove', () => this.inner.remove(key, revision));
  }

  list(prefix: string): Promise<(MembershipRow & { readonly key: string })[]> {
    return this.#do('list', () => this.inner.list(prefix));
  }

  #do<T>(operation: Operation, proceed: () => Promise<T>): Promise<T> {
    this.calls.push(operation);
    const fault = this.#faults[operation].shift() ?? this.always;
    return fault === undefined ? proceed() : (fault(proceed) as Promise<T>);
  }
}

export const failsBefore: Fault = async () => {
  throw new Error('connection refused');
};

export const failsAfter: Fault = async (proceed) => {
  await proceed();
  throw new Error('connection reset');
};

export const hangsBefore: Fault = () => new Promise(() => {});

export const hangsAfter: Fault = async (proceed) => {
  await proceed();
  return new Promise(() => {});
};

/** A client that sent the request twice, and shows the answer to the second. */
export const answersToItsRetry: Fault = async (proceed) => {
  await proceed();
  return proceed();
};
