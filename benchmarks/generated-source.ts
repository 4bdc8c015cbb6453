import type { IngressReader, IngressRecord, IngressSource } from '@stateful-functions/core';

/**
 * Makes records as they are read, each of its number: as many as it is told to, at once or step by step.
 *
 * It has one reader, which is read from the beginning: for applications that are not started again.
 */
export class GeneratedSource<T> implements IngressSource<T> {
  readonly #make: (number: number) => T;
  #released = 0;
  #isEnded = false;
  #wake: () => void = () => {};

  constructor(make: (number: number) => T) {
    this.#make = make;
  }

  /** One that has so many records, and ends. */
  static of<T>(count: number, make: (number: number) => T): GeneratedSource<T> {
    const source = new GeneratedSource(make);
    source.release(count);
    source.end();
    return source;
  }

  /** Lets so many more be read. */
  release(count: number): void {
    this.#released += count;
    this.#wake();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  async open(): Promise<IngressReader<T>> {
    let next = 0;
    let isClosed = false;
    const hasMore = () => next < this.#released || this.#isEnded || isClosed;
    return {
      read: async (max) => {
        if (!hasMore()) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
        if (isClosed || next === this.#released) return undefined;
        const from = next;
        next = Math.min(this.#released, from + max);
        const records: IngressRecord<T>[] = [];
        for (let number = from; number < next; number += 1) {
          records.push({ position: number + 1, value: this.#make(number) });
        }
        return records;
      },
      close: async () => {
        isClosed = true;
        this.#wake();
      },
    };
  }
}
