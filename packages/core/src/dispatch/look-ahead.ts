import { Activation } from './activation.js';
import type { Envelope } from './envelope.js';
import type { MessageQueue } from './message-queue.js';

const most = 16;

/**
 * The activations of the next messages of a queue, found for several at a time before the first of them is handled.
 *
 * With many addresses, what a message needs of its activation is seldom in the processor's cache, and each part is found only
 * through another. Handled one by one, messages wait for memory at each of these steps; here several wait together, and when
 * a message is handled, the parts are there. It changes nothing but the time it takes.
 *
 * Source: Chen, Ailamaki, Gibbons & Mowry, "Improving Hash Join Performance through Prefetching", 2004.
 *
 * **Gotchas** What was found is out of date when the queue was shifted by others, or an activation was dropped: then `clear`.
 */
export class LookAhead {
  readonly #found: (Activation | undefined)[] = new Array<Activation | undefined>(most).fill(undefined);
  #next = 0;
  #end = 0;
  /** What was read goes in here: reads without a use would be optimized away. */
  seen = 0;

  /** Whether `take` has nothing to tell of the next message. */
  get isEmpty(): boolean {
    return this.#next === this.#end;
  }

  clear(): void {
    this.#next = this.#end;
  }

  /** The activation of the next message; `undefined` if there was none when it was looked for. */
  take(): Activation | undefined {
    const index = this.#next++;
    const activation = this.#found[index];
    this.#found[index] = undefined;
    return activation;
  }

  /** Looks for the activations of the first messages. One loop for each step, so that the reads of a loop are independent. */
  fill(queue: MessageQueue<Envelope>): void {
    const found = this.#found;
    const count = Math.min(most, queue.size);
    let seen = 0;
    for (let index = 0; index < count; index += 1) {
      const { origin } = queue.at(index);
      found[index] = origin instanceof Activation ? origin.neighbour : undefined;
    }
    for (let index = 0; index < count; index += 1) {
      const { host, key } = queue.at(index);
      const neighbour = found[index];
      // Texts that are one and the same are compared without a look at them.
      const isTarget = neighbour?.key === key && neighbour.host === host && neighbour.state !== 'dropped';
      if (!isTarget) found[index] = host.activations.get(key);
    }
    for (let index = 0; index < count; index += 1) seen += found[index]?.dirtyIn ?? 0;
    for (let index = 0; index < count; index += 1) {
      const activation = found[index];
      if (activation === undefined) continue;
      // What an object is told by is in its first word.
      if (typeof activation.instance === 'function') seen += 1;
      seen += activation.keyGroup;
    }
    this.seen = seen | 0;
    this.#next = 0;
    this.#end = count;
  }
}
