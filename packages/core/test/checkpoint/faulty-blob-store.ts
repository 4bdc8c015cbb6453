import type { BlobBody, BlobStore, ByteRange } from '../../src/ports/blob-store.js';

type Operation = 'put' | 'get' | 'list' | 'delete';
/** What happens instead of an operation; `proceed` does the real thing. */
type Fault = (proceed: () => Promise<unknown>, name: string) => Promise<unknown>;

/** A blob store over another whose next operations can be made to go wrong, and which remembers what it was asked. */
export class FaultyBlobStore implements BlobStore {
  readonly calls: string[] = [];
  readonly #faults: Record<Operation, Fault[]> = { put: [], get: [], list: [], delete: [] };

  constructor(readonly inner: BlobStore) {}

  /** The next operations of that kind go through these, one each. */
  next(operation: Operation, ...faults: Fault[]): void {
    this.#faults[operation].push(...faults);
  }

  put(name: string, body: BlobBody): Promise<boolean> {
    return this.#do('put', name, () => this.inner.put(name, body));
  }

  get(name: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    return this.#do('get', name, () => this.inner.get(name, range));
  }

  list(prefix: string): Promise<string[]> {
    return this.#do('list', prefix, () => this.inner.list(prefix));
  }

  delete(name: string): Promise<void> {
    return this.#do('delete', name, () => this.inner.delete(name));
  }

  #do<T>(operation: Operation, name: string, proceed: () => Promise<T>): Promise<T> {
    this.calls.push(`${operation} ${name}`);
    const fault = this.#faults[operation].shift();
    return fault === undefined ? proceed() : (fault(proceed, name) as Promise<T>);
  }
}

export const failsBefore: Fault = async () => {
  throw new Error('connection refused');
};

export const failsAfter: Fault = async (proceed) => {
  await proceed();
  throw new Error('connection reset');
};

/** A client that sent the request twice, and shows the answer to the second. */
export const answersToItsRetry: Fault = async (proceed) => {
  await proceed();
  return proceed();
};
