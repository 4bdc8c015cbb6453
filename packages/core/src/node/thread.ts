import { availableParallelism } from 'node:os';
import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { invariant } from '../sdk/errors.js';

/** What a thread begins with. */
interface Start<T> {
  readonly data: T;
  readonly ports: readonly MessagePort[];
}

export interface ThreadOptions {
  /** The file that runs in it. */
  readonly entry: URL;
  /** What it is to know: anything that can be cloned. */
  readonly data: unknown;
  /** Its own to keep. */
  readonly ports: readonly MessagePort[];
  /** Takes what it posts. */
  readonly heard: (message: unknown) => void;
  /** It has ended, by itself or not; with what nobody caught in it. Comes after all that it posted. */
  readonly ended: (error: Error | undefined) => void;
}

/** A thread of this process, as the thread that started it sees it. */
export class Thread {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;

  constructor({ entry, data, ports, heard, ended }: ThreadOptions) {
    const start: Start<unknown> = { data, ports };
    this.#worker = new Worker(entry, { workerData: start, transferList: [...ports] });
    let uncaught: Error | undefined;
    this.#worker.on('message', heard);
    this.#worker.on('error', (error) => {
      uncaught = error;
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        ended(uncaught);
        resolve();
      });
    });
  }

  post(message: unknown): void {
    this.#worker.postMessage(message);
  }

  /** Waits until it has ended; ends it if that takes longer than `patienceMs`. */
  async join(patienceMs: number): Promise<void> {
    const timer = setTimeout(() => void this.#worker.terminate(), patienceMs);
    await this.#ended;
    clearTimeout(timer);
  }
}

/** A thread as it sees itself. */
export class ThisThread<T> {
  readonly data: T;
  readonly ports: readonly MessagePort[];

  constructor() {
    const { data, ports } = workerData as Start<T>;
    this.data = data;
    this.ports = ports;
  }

  post(message: unknown): void {
    parent().postMessage(message);
  }

  /** Takes what the thread that started this one posts. */
  listen(heard: (message: unknown) => void): void {
    parent().on('message', heard);
  }

  /** Ends this thread, whatever it has left undone. What it has posted arrives. */
  end(): void {
    process.exit(0);
  }
}

/** How many threads this machine runs at a time. */
export function threadsOfMachine(): number {
  return availableParallelism();
}

function parent(): MessagePort {
  invariant(parentPort !== null, 'the file of a thread runs in a thread');
  return parentPort;
}
